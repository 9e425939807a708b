"""The instance file, `rostrum.yaml` in the home folder: which components a deployment is made of, and their
settings.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zoneinfo
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from rostrum.config.classic import read_classic
from rostrum.config.files import read_struct
from rostrum.config.notices import tell
from rostrum.config.projects import Compat
from rostrum.interfaces.logs import MAX_BYTES
from rostrum.model.errors import ConfigError
from rostrum.model.secrets import looks_secret

FILE_NAME = "rostrum.yaml"
HOME_VARIABLE = "ROSTRUM_HOME"
GATEWAY_VARIABLE = "ROSTRUM_GATEWAY_URL"
CLASSIC_FILE_NAME = "dagster.yaml"
CLASSIC_HOME_VARIABLE = "DAGSTER_HOME"

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A component by registered name (`sqlite`, `subprocess`...) or `module:Class`, with its settings."""

    name: str
    config: dict[str, Any] = {}


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where captured output is kept (`local`, `object_store` or `module:Class`, with its settings), and how much."""

    name: str = "local"
    config: dict[str, Any] = {}
    max_bytes: Annotated[int, msgspec.Meta(ge=65_536)] = MAX_BYTES
    """Bytes kept of one log file: half of it for its beginning, half for its end."""


class TagLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `limit` runs in progress with tag `key` (and `value`); `per_value`: for each value apart."""

    key: str
    limit: Count
    value: str | None = None
    per_value: bool = False


class RunQueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The run queue. -1 means no limit, 0 holds all launches."""

    max_concurrent_runs: Annotated[int, msgspec.Meta(ge=-1)] = 10
    tag_limits: list[TagLimit] = []


class PoolSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for all pools."""

    default_limit: Count | None = None
    """Limit of every pool that has none of its own; None: those have no limit."""
    granularity: Literal["op", "run"] = "op"
    """What is counted: steps of the pool that run, or runs in progress with a step of the pool."""
    op_granularity_run_buffer: Count = 0
    """With `op`: how many runs may start beyond the free slots, to wait for one inside; others wait in the queue."""


class ConcurrencySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much runs at once."""

    pools: PoolSettings = PoolSettings()


class MonitorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How runs are watched; all in seconds."""

    disconnected_after: Seconds = 15.0
    """Silence after which a run is shown as disconnected."""
    lost_after: Seconds = 300.0
    """Silence after which a run is given up, its worker killed and its epoch raised."""
    start_timeout: Seconds = 180.0
    cancel_grace: Seconds = 20.0
    """Between asking a worker to end and killing it."""
    max_runtime: Seconds | None = None
    """How long a run may take from its start; its tag `rostrum/max_runtime` comes first. None: as long as it likes."""
    max_resume_attempts: Count = 0
    """How often another worker goes on with a run whose worker has died or is lost. 0: the run fails."""


class RunRetrySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether failed runs are repeated by themselves; the policy of a job and tags of a run come first."""

    enabled: bool = False
    max_retries: Count = 0
    """Counted apart for failures of the code and for lost workers."""
    retry_on_asset_or_op_failure: bool = True
    """False: only what was no fault of the code's is repeated."""


class WebSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the web server listens. Anything but loopback requires login."""

    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 3000
    require_login: bool | None = None
    """None: exactly where the host is not loopback. False is refused there."""


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where run workers reach the gateway. None: a unix socket in the home folder."""

    url: Annotated[str, msgspec.Meta(pattern=r"\A(https?://[^/\s]+|unix:/)\S*\Z")] | None = None


class InstanceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `rostrum.yaml`; every key is optional."""

    deployment: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.-]{1,100}\Z")] = "default"
    storage: Component = Component("sqlite")
    logs: LogSettings = LogSettings()
    launcher: Component = Component("subprocess")
    executor: Component | None = None
    """Executor of runs whose job and code location name none, with its config. None: `multiprocess`."""
    run_queue: RunQueueSettings = RunQueueSettings()
    monitor: MonitorSettings = MonitorSettings()
    run_retries: RunRetrySettings = RunRetrySettings()
    web: WebSettings = WebSettings()
    gateway: GatewaySettings = GatewaySettings()
    pools: dict[str, Count] = {}
    """Pool name -> how many steps that name it (`pool=`) may run at once, in all runs together. Limits that are set
    while running (`rostrum pool set`) win."""
    concurrency: ConcurrencySettings = ConcurrencySettings()
    timezone: str | None = None
    compat: Compat = "auto"
    """What `import dagster` gives in code whose location and project do not say: Rostrum's where no such package is
    installed (`auto`), in any case (`dagster`), or never (`off`).
    """

    def __post_init__(self) -> None:
        if self.timezone is None:
            return
        try:
            zoneinfo.ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):  # unknown; no plain name; a folder of the zone database
            raise ValueError(
                f"{self.timezone!r} is no IANA name of a time zone, such as Europe/Vienna - at `$.timezone`"
            ) from None


class Home(msgspec.Struct, frozen=True):
    """The home folder of an instance and where things are in it."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "rostrum.db"

    @property
    def logs(self) -> Path:
        """Captured output."""
        return self.folder / "logs"

    @property
    def spool(self) -> Path:
        """Spools of run workers on this host."""
        return self.folder / "spool"

    @property
    def storage(self) -> Path:
        """Where the filesystem IO manager keeps values."""
        return self.folder / "storage"

    @property
    def sockets(self) -> Path:
        """Unix sockets (mode 0700)."""
        return self.folder / "run"


def named_home(given: str | None = None) -> Home:
    """The home folder, which need not exist: `given`, else the variable ROSTRUM_HOME, else DAGSTER_HOME (a notice tells
    so), else `.rostrum` in the current folder.
    """
    classic = os.environ.get(CLASSIC_HOME_VARIABLE)
    if classic and not given and not os.environ.get(HOME_VARIABLE):
        tell(f"the home folder is {classic}, from {CLASSIC_HOME_VARIABLE}, since {HOME_VARIABLE} is not set")
        given = classic
    return Home(Path(given or os.environ.get(HOME_VARIABLE) or ".rostrum").absolute())


def find_home(given: str | None = None) -> Home:
    """The home folder, as `named_home` finds it. Created where it is missing; closed to the group and to others where
    it is open. Raises ConfigError where that cannot be done.
    """
    home = named_home(given)
    folder = home.folder
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; the home of an instance is a folder (set {HOME_VARIABLE} to another)")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    inner = (home.logs, home.spool, home.storage, home.sockets)
    used = home.database.exists() or any(path.exists() for path in inner)
    if used or not any(folder.iterdir()):  # another folder's other contents are not ours to close
        _close(folder)
    for path in inner:
        path.mkdir(exist_ok=True, mode=0o700)
        _close(path)
    for path in (home.database, *(home.database.with_name(home.database.name + end) for end in ("-wal", "-shm"))):
        _close(path)
    return home


def _close(path: Path) -> None:
    """Take a file or folder from the group and from others, where it is ours. Raises ConfigError where others could
    write to it and it is not.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(found.st_mode)
    if not mode & 0o077 or not hasattr(os, "getuid"):
        return
    if found.st_uid == os.getuid() and not mode & stat.S_ISVTX:
        path.chmod(mode & ~0o077)
    elif mode & 0o022:
        raise ConfigError(
            f"{path} can be written by others and is not ours to close: they could read and change everything in it. "
            f"Choose another folder (--home or {HOME_VARIABLE}), or have its owner close it: chmod go= {path}"
        )


def read_instance(home: Home) -> InstanceSettings:
    """Settings of the instance: from `rostrum.yaml`, else from a `dagster.yaml` (notices tell what of it means nothing
    here); all defaults where there is neither.
    """
    path, classic = home.folder / FILE_NAME, home.folder / CLASSIC_FILE_NAME
    if path.exists():
        if classic.exists():
            tell(f"{classic} is not read, because {path} is there")
        _refuse_clear_secrets(path)
        return _with_gateway(read_struct(path, InstanceSettings))
    if not classic.exists():
        return _with_gateway(InstanceSettings())
    settings, notices = read_classic(classic)
    for notice in notices:
        tell(notice)
    return _with_gateway(msgspec.convert(settings, InstanceSettings))


def _with_gateway(settings: InstanceSettings) -> InstanceSettings:
    """The gateway's address from the environment, where the file names none: a deployment's own place is not always
    known when its files are written. Raises ConfigError for what is no address.
    """
    url = os.environ.get(GATEWAY_VARIABLE)
    if not url or settings.gateway.url is not None:
        return settings
    try:
        return msgspec.structs.replace(settings, gateway=msgspec.convert({"url": url}, GatewaySettings))
    except msgspec.ValidationError:
        raise ConfigError(f"{GATEWAY_VARIABLE}: {url!r} is no address such as http://rostrum:3000") from None


def _refuse_clear_secrets(path: Path) -> None:
    """Raises ConfigError where settings of the log store hold a secret as it is: they are copied and shown."""
    unreadable = (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError)
    with contextlib.suppress(*unreadable):  # told when the file is read as a whole
        for name, value in yaml.safe_load(path.read_text(encoding="utf-8"))["logs"]["config"].items():
            if looks_secret(str(name)) and not isinstance(value, dict):
                raise ConfigError(
                    f"{path}: logs.config.{name} is a secret: write {name}: {{env: NAME_OF_A_VARIABLE}} and set that "
                    "variable where the control plane runs"
                )
