"""Reads an instance file that was written for Dagster, `dagster.yaml`: what means something here becomes a setting of
ours, what does not is told in one notice a key, and what is no key of that file at all is an error with file and line.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from rostrum.config.classic_launchers import container_launcher
from rostrum.config.files import check_doubles, resolve_environment
from rostrum.model.errors import ConfigError

_ANY: Any = ...
"""Whatever is below this key is not looked at."""
_PLUGIN = {"module": None, "class": None, "config": _ANY}
_THREADS = {"use_threads": None, "num_workers": None, "num_submit_workers": None}
_QUEUE = {
    "max_concurrent_runs": None,
    "tag_concurrency_limits": _ANY,
    "dequeue_interval_seconds": None,
    "dequeue_use_threads": None,
    "dequeue_num_workers": None,
    "max_user_code_failure_retries": None,
    "user_code_failure_retry_delay": None,
    "block_op_concurrency_limited_runs": {"enabled": None, "op_concurrency_slot_buffer": None},
}
_URL = {"should_autocreate_tables": None, "auth_provider": _ANY}
KNOWN: dict[str, Any] = {
    "storage": {
        "sqlite": {"base_dir": _ANY},
        "postgres": {"postgres_url": _ANY, "postgres_db": _ANY, **_URL},
        "mysql": {"mysql_url": _ANY, "mysql_db": _ANY, **_URL},
        "custom": _PLUGIN,
    },
    "run_storage": _PLUGIN,
    "event_log_storage": _PLUGIN,
    "schedule_storage": _PLUGIN,
    "run_coordinator": _PLUGIN,
    "run_queue": _QUEUE,
    "concurrency": {
        "runs": {"max_concurrent_runs": None, "tag_concurrency_limits": _ANY},
        "pools": {"default_limit": None, "granularity": None, "op_granularity_run_buffer": None},
        "default_op_concurrency_limit": None,
    },
    "run_launcher": _PLUGIN,
    "compute_logs": _PLUGIN,
    "local_artifact_storage": _PLUGIN,
    "run_monitoring": {
        "enabled": None,
        "start_timeout_seconds": None,
        "cancel_timeout_seconds": None,
        "max_resume_run_attempts": None,
        "poll_interval_seconds": None,
        "max_runtime_seconds": None,
        "cancellation_thread_poll_interval_seconds": None,
        "free_slots_after_run_end_seconds": None,
    },
    "run_retries": {"enabled": None, "max_retries": None, "retry_on_asset_or_op_failure": None},
    "schedules": _THREADS,
    "sensors": _THREADS,
    "backfills": _THREADS,
    "auto_materialize": {
        "enabled": None,
        "minimum_interval_seconds": None,
        "run_tags": _ANY,
        "respect_materialization_data_versions": None,
        "max_tick_retries": None,
        "use_sensors": None,
        "use_threads": None,
        "num_workers": None,
    },
    "retention": {
        "schedule": {"purge_after_days": _ANY},
        "sensor": {"purge_after_days": _ANY},
        "auto_materialize": {"purge_after_days": _ANY},
    },
    "code_servers": {
        "local_startup_timeout": None,
        "reload_timeout": None,
        "wait_for_local_processes_on_shutdown": None,
    },
    "python_logs": {"managed_python_loggers": _ANY, "python_log_level": None, "dagster_handler_config": _ANY},
    "telemetry": {"enabled": None, "experimental_dashboard": None},
    "nux": {"enabled": None},
    "freshness": {"enabled": None},
    "scheduler": _PLUGIN,
    "secrets": {"custom": _PLUGIN},
    "defs_state_storage": _PLUGIN,
    "instance_class": _PLUGIN,
}
"""Every documented key of that file; None: a plain value."""

INSTEAD: dict[str, str] = {
    "storage.sqlite": "the database is rostrum.db in the home folder",
    "storage.postgres": "PostgreSQL is not part of Rostrum yet; the SQLite database in the home folder is used",
    "storage.mysql": "MySQL is not part of Rostrum; the SQLite database in the home folder is used",
    "storage.custom": "the SQLite database in the home folder is used",
    "run_storage": "one database keeps everything; the SQLite database in the home folder is used",
    "event_log_storage": "one database keeps everything; the SQLite database in the home folder is used",
    "schedule_storage": "one database keeps everything; the SQLite database in the home folder is used",
    "run_monitoring.enabled": "runs are always watched",
    "run_monitoring.free_slots_after_run_end_seconds": "slots are freed in the moment in which a run ends",
    "auto_materialize": "automation conditions belong to sensors, with their own settings",
    "retention": "nothing is purged",
    "python_logs": "loggers are captured as Python's logging is configured",
    "code_servers": "code servers are watched by their own limits",
    "freshness": "freshness policies are not evaluated yet",
    "secrets": "secrets come from the environment",
    "defs_state_storage": "state of components is kept in the project",
    "instance_class": "there is one class of instances",
    "schedules": "the daemon chooses its own threads",
    "sensors": "the daemon chooses its own threads",
    "backfills": "the daemon chooses its own threads",
    "scheduler.config": "the daemon's own rules for missed ticks hold",
    "local_artifact_storage": "values are kept in the folder `storage` of the home folder",
}
"""Key -> what happens instead; of the longest that a key starts with."""
_SILENT = {"telemetry", "nux"}
"""Already as wished: there is neither telemetry nor a welcome to switch off."""


def read_classic(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Settings, in the shape of `rostrum.yaml`, and notices. Raises ConfigError with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        raw: Any = yaml.safe_load(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(f"{path}:{line}: not valid YAML: {error.problem}") from None
    if raw is None:
        return {}, []
    check_doubles(tree, str(path), {})
    lines: dict[str, int] = {}
    _check(tree, KNOWN, str(path), "", lines)
    reading = _Reading(path, raw, lines)
    reading.read()
    return reading.settings, reading.notices


def _check(node: Any, known: Any, name: str, where: str, lines: dict[str, int]) -> None:
    """Note the line of every key; refuse unknown ones."""
    if known is None or known is _ANY:
        return
    if not isinstance(node, yaml.MappingNode):
        if isinstance(node, yaml.ScalarNode) and node.value in ("", "null", "~"):
            return
        line = node.start_mark.line + 1 if node is not None else 1
        raise ConfigError(f"{name}:{line}: {where or 'the file'} is to be a mapping with keys {', '.join(known)}")
    for key, value in node.value:
        at = f"{where}.{key.value}" if where else str(key.value)
        line = key.start_mark.line + 1
        if key.value not in known:
            close = difflib.get_close_matches(str(key.value), list[str](known), n=1)
            hint = f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(known)}"
            raise ConfigError(f"{name}:{line}: unknown key {at}; {hint}")
        lines[at] = line
        _check(value, known[key.value], name, at, lines)


_LOG_STORES: dict[str, tuple[str, dict[str, str]]] = {
    "S3ComputeLogManager": ("s3", {"prefix": "prefix", "region": "aws_region", "endpoint_url": "aws_endpoint"}),
    "GCSComputeLogManager": ("gs", {"prefix": "prefix"}),
}
"""Log stores by class: how their address begins, and what their settings are called here."""
_NEEDLESS = frozenset(("local_dir", "skip_empty_files", "upload_interval", "show_url_only", "use_ssl", "verify"))
"""Settings without which everything works."""


class _Reading:
    """One file on its way: raw values, what has become of them, what is to be told."""

    def __init__(self, path: Path, raw: dict[str, Any], lines: dict[str, int]) -> None:
        self._path, self._raw, self._lines = path, raw, lines
        self._used: set[str] = set()
        self.settings: dict[str, Any] = {}
        self.notices: list[str] = []

    def read(self) -> None:
        """Take what means something here, then tell of the rest."""
        self._queue("run_queue", self._at("run_queue"))
        self._queue("concurrency.runs", self._at("concurrency.runs"))
        self._coordinator()
        self._pools()
        self._launcher()
        self._logs()
        self._monitor()
        self._retries()
        if str(self._at("scheduler.class") or "").endswith("DagsterDaemonScheduler"):
            self._used |= {"scheduler.module", "scheduler.class"}
        for section in _SILENT:
            if not self._at(f"{section}.enabled"):
                self._used.add(section)
        for key in ("freshness.enabled", "auto_materialize.enabled"):
            if self._at(key) is True:
                self._used.add(key)
        self._tell_unused()

    def _at(self, key: str) -> Any:
        found: Any = self._raw
        for part in key.split("."):
            found = cast("Mapping[str, Any]", found).get(part) if isinstance(found, Mapping) else None
        return found

    def _value(self, key: str, kind: Callable[[Any], Any]) -> Any:
        """The value of a key, used from here on; `{env: NAME}` is looked up."""
        raw = resolve_environment(self._at(key), f"{self._path}:{self._lines.get(key, 0)}")
        self._used.add(key)
        if raw is None:
            return None
        told = f"{self._path}:{self._lines.get(key, 0)}: {key} is to be a number, not {raw!r}"
        if isinstance(raw, bool):
            raise ConfigError(told)
        try:
            return kind(raw)
        except (TypeError, ValueError):
            raise ConfigError(told) from None

    def _queue(self, where: str, given: Any) -> None:
        if not isinstance(given, Mapping):
            return
        queue = self.settings.setdefault("run_queue", {})
        for key, field in (("max_concurrent_runs", "max_concurrent_runs"), ("tag_concurrency_limits", "tag_limits")):
            if key not in given:
                continue
            if field in queue:
                line = self._lines.get(f"{where}.{key}", self._lines.get(where, 0))
                raise ConfigError(f"{self._path}:{line}: {where}.{key} is set in another section, too; keep one")
            full = f"{where}.{key}"
            queue[field] = self._value(full, int) if field == "max_concurrent_runs" else self._limits(full)

    def _limits(self, key: str) -> list[dict[str, Any]]:
        self._used.add(key)
        found: list[dict[str, Any]] = []
        limits: list[dict[str, Any]] = self._at(key) or []
        for given in limits:
            limit: dict[str, Any] = {"key": given.get("key"), "limit": given.get("limit")}
            if limit["key"] is None or not isinstance(limit["limit"], int):
                raise ConfigError(
                    f"{self._path}:{self._lines.get(key, 0)}: {key}: each limit needs a `key` and a `limit`, a number"
                )
            value = given.get("value")
            if isinstance(value, dict):
                limit["per_value"] = bool(cast("Mapping[str, Any]", value).get("applyLimitPerUniqueValue"))
            elif value is not None:
                limit["value"] = str(value)
            found.append(limit)
        return found

    def _coordinator(self) -> None:
        kind = str(self._at("run_coordinator.class") or "")
        if not kind:
            return
        self._used |= {"run_coordinator.module", "run_coordinator.class"}
        if kind == "QueuedRunCoordinator":
            given: dict[str, Any] = self._at("run_coordinator.config") or {}
            unknown = [key for key in given if key not in _QUEUE]
            if unknown:
                raise ConfigError(
                    f"{self._path}:{self._lines['run_coordinator.config']}: unknown key run_coordinator.config."
                    f"{unknown[0]}; the keys here are {', '.join(_QUEUE)}"
                )
            self._queue("run_coordinator.config", given)
            for key in given:
                if f"run_coordinator.config.{key}" not in self._used:
                    self._tell("run_coordinator.config", f"{key} has no effect: the queue needs no such setting", key)
            self._used.add("run_coordinator.config")
        elif kind == "DefaultRunCoordinator":
            self.settings.setdefault("run_queue", {})["max_concurrent_runs"] = -1
        else:
            self._tell("run_coordinator.class", f"there is no {kind} here; runs go through the queue")

    def _pools(self) -> None:
        fields = {
            "concurrency.default_op_concurrency_limit": "default_limit",
            "run_queue.block_op_concurrency_limited_runs.op_concurrency_slot_buffer": "op_granularity_run_buffer",
            "concurrency.pools.default_limit": "default_limit",
            "concurrency.pools.op_granularity_run_buffer": "op_granularity_run_buffer",
        }
        found = {field: self._value(key, int) for key, field in fields.items() if self._at(key) is not None}
        granularity = self._at("concurrency.pools.granularity")
        if granularity is not None:
            self._used.add("concurrency.pools.granularity")
            if granularity not in ("op", "run"):
                line = self._lines["concurrency.pools.granularity"]
                raise ConfigError(
                    f"{self._path}:{line}: concurrency.pools.granularity is {granularity!r}; it is `op` or `run`"
                )
            found["granularity"] = granularity
        if found:
            self.settings["concurrency"] = {"pools": found}

    def _launcher(self) -> None:
        kind = str(self._at("run_launcher.class") or "")
        if kind in ("", "DefaultRunLauncher"):
            self._used |= {"run_launcher", "run_launcher.module", "run_launcher.class"}
            return
        self._used.add("run_launcher")
        given = resolve_environment(self._at("run_launcher.config") or {}, self._path_at("run_launcher.config"))
        found = container_launcher(kind, given)
        if found is None:
            self._tell("run_launcher", f"there is no {kind} here; run workers are processes beside the code server")
            return
        self.settings["launcher"], unused = found
        self._tell(
            "run_launcher",
            f"run workers are containers, by the launcher {self.settings['launcher']['name']}: their images need "
            "Rostrum, and ROSTRUM_GATEWAY_URL says where they reach the web server",
        )
        for key in unused:
            self._tell("run_launcher.config", f"{key} has no effect here", key)

    def _logs(self) -> None:
        kind = str(self._at("compute_logs.class") or "")
        if not kind:
            return
        self._used.add("compute_logs")
        config = cast("dict[str, Any]", self._at("compute_logs.config") or {})
        scheme, names = _LOG_STORES.get(kind, ("", {}))
        if scheme and isinstance(config.get("bucket"), str):
            options = {names[key]: value for key, value in config.items() if key in names}
            self.settings["logs"] = {
                "name": "object_store",
                "config": {"url": f"{scheme}://{config['bucket']}", **options},
            }
            for key in sorted(config.keys() - names.keys() - {"bucket"} - _NEEDLESS):
                self._tell("compute_logs", f"{key} means nothing here", f"config.{key}")
        elif kind != "LocalComputeLogManager" or config:
            self._tell("compute_logs", "captured output is kept in the folder `logs` of the home folder")

    def _monitor(self) -> None:
        fields: dict[str, tuple[str, Callable[[Any], Any]]] = {
            "start_timeout_seconds": ("start_timeout", float),
            "cancel_timeout_seconds": ("cancel_grace", float),
            "max_runtime_seconds": ("max_runtime", float),
            "max_resume_run_attempts": ("max_resume_attempts", int),
        }
        for key, (field, kind) in fields.items():
            full = f"run_monitoring.{key}"
            value = self._value(full, kind) if self._at(full) is not None else None
            if value is not None and (value > 0 or field != "max_runtime"):  # 0 seconds: no limit, there as here
                self.settings.setdefault("monitor", {})[field] = value
        if self._at("run_monitoring.enabled"):
            self._used.add("run_monitoring.enabled")

    def _retries(self) -> None:
        for key, kind in (("enabled", bool), ("max_retries", int), ("retry_on_asset_or_op_failure", bool)):
            full = f"run_retries.{key}"
            given = self._at(full)
            if given is None:
                continue
            if kind is bool and not isinstance(given, bool):
                line = self._lines.get(full, 0)
                raise ConfigError(f"{self._path}:{line}: {full} is to be true or false, not {given!r}")
            self._used.add(full)
            self.settings.setdefault("run_retries", {})[key] = given if kind is bool else self._value(full, int)

    def _path_at(self, key: str) -> str:
        return f"{self._path}:{self._lines.get(key, 0)}"

    def _tell(self, key: str, text: str, inner: str = "") -> None:
        at = f"{key}.{inner}" if inner else key
        self.notices.append(f"{self._path}:{self._lines.get(at, self._lines.get(key, 0))}: {key}: {text}")

    def _tell_unused(self) -> None:
        """One notice for the outermost key of which nothing was used."""
        told: list[str] = []
        for key in self._lines:
            if any(key == done or key.startswith(f"{done}.") for done in (*self._used, *told)):
                continue
            if any(used.startswith(f"{key}.") for used in self._used):
                continue
            starts = [found for found in INSTEAD if key == found or key.startswith(f"{found}.")]
            inner = [found for found in INSTEAD if found.startswith(f"{key}.")]
            if inner and not starts:
                continue
            told.append(key)
            text = INSTEAD[max(starts, key=len)] if starts else "has no effect here"
            self._tell(key, text)
