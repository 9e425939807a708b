from rostrum.compat.dagster_k8s import *
