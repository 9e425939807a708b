"""Wrong values of the instance file are refused with file, line and key."""

from __future__ import annotations

import pytest

from rostrum.config.files import parse_struct
from rostrum.config.instance import InstanceSettings
from rostrum.config.workspace import WorkspaceFile
from rostrum.model.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("monitor:\n  lost_after: 0", 2, "monitor.lost_after"),
        ("monitor:\n  disconnected_after: -1", 2, "monitor.disconnected_after"),
        ("monitor:\n  start_timeout: .nan", 2, "monitor.start_timeout"),
        ("monitor:\n  cancel_grace: 0", 2, "monitor.cancel_grace"),
        ("run_queue:\n  max_concurrent_runs: -2", 2, "run_queue.max_concurrent_runs"),
        ("run_queue:\n  tag_limits:\n    - key: a\n      limit: -1", 4, "run_queue.tag_limits[0].limit"),
        ("web:\n  port: 65536", 2, "web.port"),
        ("web:\n  port: -1", 2, "web.port"),
        ("web:\n  host: ''", 2, "web.host"),
        ("web: {}\ntimezone: Europe/Wien", 2, "timezone"),
        ("web: {}\ntimezone: Europe", 2, "timezone"),
        ("web: {}\ntimezone: ''", 2, "timezone"),
        ("web: {}\ntimezone: ../../etc/passwd", 2, "timezone"),
        ("web: {}\ndeployment: ''", 2, "deployment"),
        ("web: {}\ndeployment: a b", 2, "deployment"),
        ('web: {}\ndeployment: "a\\n"', 2, "deployment"),
        ("gateway:\n  url: ftp://host", 2, "gateway.url"),
        ("gateway:\n  url: host:3000", 2, "gateway.url"),
        ("gateway:\n  url: 'http://'", 2, "gateway.url"),
        ("pools:\n  a: 1\n  b: -1", 1, "pools"),
        ("run_retries:\n  enabled: true\n  max_retries: 99999999999", 3, "run_retries.max_retries"),
        ("run_retries:\n  max_retries: 999999999999999999999999", 2, "run_retries.max_retries"),
        ("web:\n  port: 1\nmonitor: {}\nweb:\n  port: 2", 4, "web is there twice, first in line 1"),
        ("web:\n  port: 1\n  port: 2", 3, "port is there twice, first in line 2"),
        ("pools:\n  a: 1\n  a: 2", 3, "a is there twice"),
    ],
)
def test_a_wrong_value_is_refused(text: str, line: int, key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_struct(text, InstanceSettings, "rostrum.yaml")
    assert str(refused.value).startswith(f"rostrum.yaml:{line}: ")
    assert key.partition("[0]")[0] in str(refused.value)


def test_double_keys_in_a_list_of_the_workspace() -> None:
    with pytest.raises(ConfigError, match=r"workspace\.yaml:3: the key python_file is there twice"):
        parse_struct("load_from:\n  - python_file: a.py\n    python_file: b.py", WorkspaceFile, "workspace.yaml")


def test_a_file_that_refers_to_itself_ends() -> None:
    with pytest.raises(ConfigError, match="refers to itself"):
        parse_struct("pools: &a\n  x: *a", InstanceSettings, "rostrum.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "run_queue: {max_concurrent_runs: -1}",
        "web: {port: 0}",
        "web: {port: 65535}",
        "timezone: Europe/Vienna",
        "timezone: UTC",
        "deployment: team-a_1.2",
        "gateway: {url: 'http://host:3000'}",
        "gateway: {url: 'https://host/rostrum'}",
        "gateway: {url: 'unix:/run/rostrum.sock'}",
        "pools: {a: 0}",
    ],
)
def test_a_right_value_is_taken(text: str) -> None:
    parse_struct(text, InstanceSettings, "rostrum.yaml")
