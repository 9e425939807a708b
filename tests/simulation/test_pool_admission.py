"""Two daemons that crash between any two transactions, and a pool of runs: its limit holds, nothing waits for ever."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rostrum.daemon.queue import QueueLoop, QueueSettings
from rostrum.model.manifest import Manifest
from rostrum.planning.pools import PoolRules
from rostrum.planning.queue import QueueLimits
from rostrum.testing.clock import FakeClock
from tests.control_plane import START, Plane, launch_settings
from tests.simulation import test_daemons as daemons

POOL_LIMIT = 2
LIMITS = QueueLimits(max_concurrent_runs=3, pools=PoolRules(limits={"db": POOL_LIMIT}, granularity="run"))


class PooledPlane(Plane):
    """Every run of the job has a step of the pool `db`."""

    def load(self, wanted: Manifest) -> None:
        ops = tuple(msgspec.structs.replace(op, pool="db" if op.name == "load" else None) for op in wanted.ops)
        super().load(msgspec.structs.replace(wanted, ops=ops))


class PooledWorld(daemons.World):
    """Daemons that know the limit."""

    def daemon(self) -> list[Any]:
        queue, *others = super().daemon()
        common = (self.launcher, self.plane.doorbell, self.plane.clock, launch_settings(), QueueSettings(limits=LIMITS))
        return [QueueLoop(queue._storage, queue._runs, *common, threads=0), *others]

    def check(self) -> None:
        super().check()
        with self.plane.storage.begin() as session:
            inside = [run.run_id for run in session.runs.in_progress() if "db" in run.pools]
        assert len(inside) <= POOL_LIMIT


@pytest.mark.parametrize("seed", range(4))
def test_the_limit_of_a_pool_holds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemons, "World", PooledWorld)
    monkeypatch.setattr(daemons, "Plane", PooledPlane)
    world = daemons.simulate(seed, None, FakeClock(START, seed=seed), turns=300)
    assert any("db" in run.pools for run in world.all_runs())
