from rostrum.compat.dagster_docker.pipes import *
