"""`dagster.components.resolved.model`."""

from __future__ import annotations

from rostrum.components.resolvable import Model as Model
from rostrum.components.resolvers import Injected as Injected
from rostrum.components.resolvers import Resolver as Resolver
