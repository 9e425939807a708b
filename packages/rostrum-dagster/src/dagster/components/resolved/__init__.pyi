from rostrum.compat.dagster.components.resolved import *
