"""Run config given by a file on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rostrum.config.files import resolve_environment
from rostrum.model.errors import ConfigError


def read_run_config(path: str | None) -> dict[str, Any]:
    """Run config from a YAML or JSON file. Raises ConfigError."""
    if path is None:
        return {}
    import yaml

    try:
        config: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    if not config:
        return {}
    if not isinstance(config, dict):
        raise ConfigError(f"{path} is not a mapping with sections such as `ops:` and `resources:`")
    return resolve_environment(config, path)
