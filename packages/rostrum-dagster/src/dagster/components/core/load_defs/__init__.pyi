from rostrum.compat.dagster.components.core.load_defs import *
