from rostrum.compat.dagster.components.resolved.base import *
