"""The one module of the code server that imports the user's code. Zygote and fresh processes call it; the server never
does.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import sysconfig
from importlib.machinery import SourceFileLoader
from pathlib import Path

import msgspec

from rostrum.codeserver.reads import Reads
from rostrum.definitions.error_info import error_info
from rostrum.definitions.location.encoding import encoded
from rostrum.definitions.location.live import Resolved
from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.execution.plugins import EXECUTORS, IO_MANAGERS, plugin
from rostrum.interfaces.masks import KNOWN
from rostrum.model.environment import Environment
from rostrum.model.errors import ErrorInfo, NotFound
from rostrum.model.manifest_parts import manifest_hash
from rostrum.service.clock import SystemClock

_FRESH_SECONDS = 2.0


class Code:
    """The user's code as it was loaded: live definitions and their manifest, or why it did not load (`error`)."""

    __slots__ = ("_resolved", "data", "error", "files", "manifest", "manifest_hash", "target")

    def __init__(
        self, target: CodeTarget, resolved: Resolved | None, error: ErrorInfo | None, files: tuple[str, ...]
    ) -> None:
        self.target, self._resolved, self.error, self.files = target, resolved, error, files
        self.data: dict[str, int] = {}
        """Other files that were read, see `Reads.below`."""
        self.manifest = _manifest(resolved) if resolved is not None else b""
        self.manifest_hash = manifest_hash(self.manifest) if resolved is not None else ""

    @property
    def resolved(self) -> Resolved:
        """The live definitions; only where there is no error."""
        assert self._resolved is not None
        return self._resolved


def _manifest(resolved: Resolved) -> bytes:
    return encoded(msgspec.structs.replace(resolved.manifest, environment=Environment.here()))


def load(data: msgspec.Raw) -> Code:
    """Import the code of a `CodeTarget` (as JSON) and compile its manifest. What the code raises is told in
    `Code.error`.
    """
    target = msgspec.json.decode(data, type=CodeTarget)
    _keep_no_fresh_bytecode()
    with Reads() as reads:
        code = _loaded(target)
    code.data = reads.below({Path(file).parent for file in code.files})
    if code.error is None:
        _import_parts(code.resolved)
    return code


def _loaded(target: CodeTarget) -> Code:
    before = set(sys.modules)
    try:
        resolved = load_definitions(target).resolved()
        return Code(target, resolved, None, _user_files(before))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - importing is running user code
        KNOWN.add_environment()
        info = KNOWN.anything(error_info(error))
        return Code(target, None, info, tuple(sorted({*_user_files(before), *_named_files(target, info)})))


def _keep_no_fresh_bytecode() -> None:
    """Cache no bytecode of sources that were written just now.

    Python takes cached bytecode for current when size and second of the source are the same: an edit within the second
    of the one before would be reloaded as the old code.
    """
    store = SourceFileLoader.set_data
    clock = SystemClock()

    def set_data(self: SourceFileLoader, path: str, data: bytes, *, _mode: int = 0o666) -> None:
        with contextlib.suppress(OSError, ValueError):
            written = Path(importlib.util.source_from_cache(path)).stat().st_mtime
            if clock.now().timestamp() - written < _FRESH_SECONDS:
                return
        store(self, path, data, _mode=_mode)  # type: ignore[call-arg]

    SourceFileLoader.set_data = set_data  # type: ignore[method-assign]


def _import_parts(resolved: Resolved) -> None:
    """Import what runs will want by name, so that no child has to."""
    executors = {"in_process", "multiprocess", *(executor.kind for executor in resolved.executors.values())}
    if resolved.executor is not None:
        executors.add(resolved.executor.kind)
    for group, names in ((EXECUTORS, executors), (IO_MANAGERS, {"filesystem", "memory"})):
        for name in names:
            try:
                plugin(group, name)
            except (NotFound, ImportError):
                continue  # the run that uses it will tell


def _named_files(target: CodeTarget, error: ErrorInfo) -> set[str]:
    """Files that must be mended before the code loads. Paths in errors are relative to the working directory."""
    named = {str(Path(target.python_file).resolve())} if target.python_file else set[str]()
    inner: ErrorInfo | None = error
    while inner is not None:
        named |= {str(Path(frame.file).resolve()) for frame in inner.frames if frame.user}
        inner = inner.cause
    return named


def _user_files(before: set[str]) -> tuple[str, ...]:
    """Files of modules imported since, other than those of installed libraries."""
    libraries = tuple(
        {str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    )
    own = str(Path(__file__).resolve().parents[1])
    found: set[str] = set()
    for name in set(sys.modules) - before:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and not str(Path(file).resolve()).startswith((*libraries, own)):
            found.add(str(Path(file).resolve()))
    return tuple(sorted(found))
