from rostrum.compat.dagster.components.resolved.context import *
