"""How steps of a script's run reach its instance when they run in workers elsewhere: a gateway on loopback, opened when
the first of them is started.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Sequence
from typing import Any

from rostrum.config.deployment import Deployment, pool_rules
from rostrum.config.extras import missing_extra
from rostrum.control.step_streams import steps_topic, told_by_steps
from rostrum.interfaces.launching import GatewayAccess
from rostrum.interfaces.run_tokens import narrowed
from rostrum.model.errors import ConfigError
from rostrum.model.events import AnyEvent
from rostrum.model.principals import StepScope


class LocalSteps:
    """See `interfaces.runs.StepsLine`: for one run of this process."""

    def __init__(self, deployment: Deployment, run_id: str, epoch: int) -> None:
        self._deployment, self._run_id, self._epoch = deployment, run_id, epoch
        self._lock = threading.Lock()
        self._gateway: Any = None
        self._is_stopped = False

    def access(self, scope: StepScope) -> GatewayAccess:
        """By a gateway of this process, which is opened here. Raises ConfigError without the server's libraries."""
        with self._lock:
            if self._gateway is None:
                self._gateway = self._open()
        token = self._deployment.run_tokens.mint(self._run_id, self._epoch)
        return GatewayAccess(self._gateway.address, narrowed(token, scope))

    def follow(self, after: int, seconds: float) -> tuple[Sequence[AnyEvent], int]:
        """From the database, when it rings."""
        bell, until = self._deployment.doorbell, time.monotonic() + seconds
        topic = steps_topic(self._run_id)
        while True:
            seen = bell.count(topic)
            events, after = told_by_steps(self._deployment.storage, self._run_id, self._epoch, after)
            left = until - time.monotonic()
            if events or left <= 0 or self._is_stopped:
                return events, after
            bell.wait(topic, seen, left)

    def stop(self) -> None:
        """Wake who follows."""
        self._is_stopped = True
        self._deployment.doorbell.ring(steps_topic(self._run_id))

    def close(self) -> None:
        """Close the gateway."""
        with self._lock:
            gateway, self._gateway = self._gateway, None
        if gateway is not None:
            gateway.stop()
            self._deployment.events.stop()

    def _open(self) -> Any:
        deployment = self._deployment
        try:  # a web server is much to load, and few scripts need it
            app = importlib.import_module("rostrum.gateway.app")
            loopback = importlib.import_module("rostrum.gateway.loopback")
        except ImportError as error:
            hint = missing_extra(error) or "pip install 'rostrum[server]'"
            raise ConfigError(f"steps that run elsewhere report to a gateway, which needs more: {hint}") from error
        deployment.events.start()  # else each request would commit in the server's thread
        return loopback.LoopbackGateway(
            app.gateway_app(
                deployment.events,
                deployment.storage,
                deployment.log_store,
                deployment.run_tokens,
                pools=pool_rules(deployment.settings),
                doorbell=deployment.doorbell,
            )
        )
