"""The secrets that a run worker knows, sealed beside its spool: who takes the worker's last output after its death must
cover them as the worker would have. Only the control plane can read the file; it goes with the spool.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from rostrum.interfaces.masks import Masks
from rostrum.interfaces.sealing import sealed, sealing_key, token_body, unsealed


def masks_path(directory: str | Path, epoch: int) -> Path:
    """Where the secrets of an epoch are."""
    return Path(directory) / f"masks.{epoch}"


class MasksFile:
    """Written by the run worker; each secret is in it before anything can print it. Without a token nothing is written:
    nobody takes what a step worker on another host leaves.
    """

    def __init__(self, directory: str | Path, epoch: int, token: str | None) -> None:
        self.path = masks_path(directory, epoch)
        self._token = token

    def add(self, values: Sequence[str]) -> None:
        """Note further values."""
        if not values or self._token is None:
            return
        text = msgspec.json.encode(list(values)).decode()
        line = f"{token_body(self._token)} {sealed(sealing_key(self._token), text)}\n"
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def remove(self) -> None:
        """All is stored."""
        self.path.unlink(missing_ok=True)


def read_masks(directory: str | Path, epoch: int, key_of: Callable[[str], bytes]) -> Masks:
    """What a worker of this host had noted. `key_of`: the sealing key for the body of a token."""
    masks = Masks()
    with contextlib.suppress(FileNotFoundError):
        for line in masks_path(directory, epoch).read_text("utf-8", "replace").splitlines():
            body, _, text = line.partition(" ")
            with contextlib.suppress(ValueError, msgspec.DecodeError):  # the last line may have been cut by the kill
                masks.add(msgspec.json.decode(unsealed(key_of(body), text), type=list[str]))
    return masks
