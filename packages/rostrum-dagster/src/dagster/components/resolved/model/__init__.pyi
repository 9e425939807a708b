from rostrum.compat.dagster.components.resolved.model import *
