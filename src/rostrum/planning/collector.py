"""Seldom collecting garbage while many objects are made that stay: definitions, manifests, plans.

The collector looks through young objects after every few hundred that are made, and through all after a quarter more
has come. Where ten thousand assets are being made nothing is garbage, and half of the time goes into looking for it.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

_SELDOM = (200_000, 10, 10)
_inside: list[None] = []
_usual: list[tuple[int, int, int]] = [(700, 10, 10)]


@contextmanager
def seldom_collecting() -> Generator[None, None, None]:
    """Inside, garbage is looked for after every 200 000 objects only. Of this process, so nested and concurrent uses
    count as one; where the collector is switched off it stays so.
    """
    # Without a lock: when threads come between, some of the work is done with the usual thresholds.
    now = gc.get_threshold()
    _inside.append(None)
    if now != _SELDOM and now[0]:
        _usual[0] = now
        gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        _inside.pop()
        if not _inside and gc.get_threshold() == _SELDOM:
            gc.set_threshold(*_usual[0])
