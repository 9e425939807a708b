from rostrum.compat.dagster_k8s.pipes import *
