from rostrum.compat.dagster.components.resolved.errors import *
