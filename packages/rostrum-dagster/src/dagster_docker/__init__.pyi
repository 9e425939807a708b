from rostrum.compat.dagster_docker import *
