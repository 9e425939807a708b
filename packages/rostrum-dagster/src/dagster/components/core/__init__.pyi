from rostrum.compat.dagster.components.core import *
