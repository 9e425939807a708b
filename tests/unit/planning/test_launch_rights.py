"""What a launch asks for that is not for everybody who may launch."""

from __future__ import annotations

from typing import Any

import pytest

from rostrum.planning.launch_rights import places_asked


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"max_concurrent": 2, "retries": {"enabled": {}}}, []),
        ({"multiprocess": {"config": {"max_concurrent": 2, "start_method": {"spawn": {}}}}}, []),
        ({"in_process": None}, []),
        ({"multiprocess": {"config": {"launcher": "x"}}}, ["multiprocess.config.launcher"]),
        ({"docker": {"image": "evil"}}, ["docker"]),
        ({"docker": None}, ["docker"]),
        ({"ray": {}}, ["ray"]),
        ({"dask": {"config": {"address": "tcp://elsewhere:8786"}}}, ["dask"]),
        ({"image": "evil", "container_kwargs": {"privileged": True}}, ["image", "container_kwargs"]),
        ({"address": "tcp://elsewhere:8786", "max_concurrent": 2}, ["address"]),
        ({"options": {"worker_kwargs": {"preload": ["http://elsewhere/x.py"]}}}, ["options"]),
        ({"marker_to_close": "/etc/passwd"}, ["marker_to_close"]),
    ],
)
def test_settings_that_say_where_are_told_and_numbers_are_not(settings: dict[str, Any], asked: list[str]) -> None:
    found = places_asked({"execution": {"config": settings}, "ops": {"image": {"config": {"image": "x"}}}}, {}, {}, {})
    assert found == [f"execution.config.{each}" for each in asked]


def test_what_the_code_says_itself_is_not_asked_for_again() -> None:
    known = {"execution": {"config": {"docker": {"image": "shop:1", "container_kwargs": {"user": "1"}}}}}
    own = {"execution": {"config": {"docker": {"image": "shop:1", "max_concurrent": 3}}}}
    assert places_asked(own, {}, known, {}) == []
    other = {"execution": {"config": {"docker": {"image": "shop:1", "container_kwargs": {"user": "0"}, "host": "x"}}}}
    assert places_asked(other, {}, known, {}) == [
        "execution.config.docker.container_kwargs.user",
        "execution.config.docker.host",
    ]


def test_anything_else_below_execution_is_told() -> None:
    assert places_asked({"execution": {"docker": {}, "config": "x"}}, {}, {}, {}) == [
        "execution.docker",
        "execution.config",
    ]
    assert places_asked({"execution": "x"}, {}, {}, {}) == []  # no mapping: no worker takes it


def test_tags_of_images_and_pods_are_told() -> None:
    tags = {"rostrum/image": "a", "dagster/image": "b", "dagster-k8s/config": "{}", "rostrum/kubernetes": "{}"}
    assert places_asked({}, {**tags, "team": "x", "rostrum/cpu": "2"}, {}, {}) == [
        f"tag {name}" for name in sorted(tags)
    ]
    assert places_asked({}, {"rostrum/image": "a"}, {}, {"rostrum/image": "a"}) == []
    assert places_asked({}, {"rostrum/image": "a"}, {}, {"rostrum/image": "b"}) == ["tag rostrum/image"]


def test_inputs_that_are_read_from_files_are_told_wherever_they_are() -> None:
    inputs = {"a": {"pickle": {"path": "/tmp/x"}}, "b": {"value": {"path": "/tmp/x"}}, "c": {"csv": {"path": "y"}}}
    config = {"inputs": inputs, "ops": {"g": {"inputs": inputs, "ops": {"o": {"inputs": inputs}}}, "h": None}}
    below = [f"inputs.{each}.path" for each in ("a.pickle", "c.csv")]
    assert places_asked(config, {}, {}, {}) == [
        f"{place}{each}" for place in ("", "ops.g.", "ops.g.ops.o.") for each in below
    ]
    assert places_asked(config, {}, config, {}) == []
    several = {"inputs": {"a": [{"value": 1}, {"pickle": {"path": "/tmp/x"}}]}}
    assert places_asked(several, {}, {}, {}) == ["inputs.a.pickle.path"]


def test_config_of_io_managers_is_told() -> None:
    config = {
        "resources": {"io_manager": {"config": {"base_dir": "/tmp"}}, "db": {"config": {"x": 1}}, "lake": {"a": 1}}
    }
    assert places_asked(config, {}, {}, {}, {"lake"}) == ["resources.io_manager", "resources.lake"]
    assert places_asked(config, {}, config, {}, {"lake"}) == []
    assert places_asked({"resources": {"io_manager": {}}}, {}, {}, {}) == []
