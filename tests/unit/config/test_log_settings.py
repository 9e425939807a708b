"""Settings of the log store: secrets are references, mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostrum.config.deployment import open_logs
from rostrum.config.instance import Home, InstanceSettings, LogSettings, read_instance
from rostrum.model.errors import ConfigError


def test_a_secret_of_the_log_store_is_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rostrum.yaml"
    file.write_text("logs:\n  name: object_store\n  config:\n    url: s3://b\n    aws_secret_access_key: abc\n")
    with pytest.raises(ConfigError, match=r"aws_secret_access_key is a secret: write .*\{env: NAME_OF_A_VARIABLE\}"):
        read_instance(Home(tmp_path))
    file.write_text("logs:\n  name: object_store\n  config:\n    url: s3://b\n    aws_secret_access_key: {env: KEY}\n")
    monkeypatch.setenv("KEY", "abc")
    assert read_instance(Home(tmp_path)).logs.config["aws_secret_access_key"] == "abc"


def test_settings_that_do_not_fit_the_log_store(tmp_path: Path) -> None:
    for config, told in (
        ({}, "url"),
        ({"url": "s4://x"}, "logs.config.url: 's4://x' is no address of an object store"),
    ):
        settings = InstanceSettings(logs=LogSettings("object_store", config))
        with pytest.raises(ConfigError, match=told):
            open_logs(Home(tmp_path), settings)
    with pytest.raises(ConfigError, match="does not take these settings"):
        open_logs(Home(tmp_path), InstanceSettings(logs=LogSettings("local", {"nonsense": 1})))
