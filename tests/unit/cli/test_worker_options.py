"""What the commands of workers take out of their environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rostrum.cli import worker_options
from rostrum.interfaces.masks import Masks
from rostrum.interfaces.worker_environment import GATEWAY, RUN_ID, TOKEN


def test_the_token_leaves_the_environment_and_is_covered_wherever_it_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = Masks()
    monkeypatch.setattr(worker_options, "KNOWN", known)
    monkeypatch.chdir(tmp_path)
    for name, value in {GATEWAY: "http://127.0.0.1:1", RUN_ID: "r", TOKEN: "lNkk.abc-def"}.items():
        monkeypatch.setenv(name, value)
    orders = worker_options.worker_orders(None)
    assert (orders.token, orders.run_id) == ("lNkk.abc-def", "r")
    assert TOKEN not in os.environ
    assert known.data(b"ROSTRUM_RUN_TOKEN=lNkk.abc-def\0") == b"ROSTRUM_RUN_TOKEN=************\0"
