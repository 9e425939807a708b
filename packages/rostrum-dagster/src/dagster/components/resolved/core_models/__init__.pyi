from rostrum.compat.dagster.components.resolved.core_models import *
