from rostrum.compat.dagster.components.core.component_tree import *
