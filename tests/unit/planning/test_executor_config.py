"""Options of executors: a mistake is told with its place before anything runs."""

from __future__ import annotations

import pytest

from rostrum.definitions.ops.executors import executor_options
from rostrum.model.errors import ConfigError
from rostrum.planning.executor_config import option_problems, section_problems


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"max_concurrent": "4"}, "max_concurrent: '4'; give a whole number"),
        ({"max_concurrent": -1}, "max_concurrent: -1"),
        ({"max_concurrent": True}, "max_concurrent: True"),
        ({"max_tasks": 0}, "max_tasks: 0; give a whole number from 1"),
        ({"grace_seconds": "x"}, "grace_seconds: 'x'; give a number of seconds"),
        ({"grace_seconds": float("inf")}, "grace_seconds: inf"),
        ({"fuse": "no"}, "fuse: 'no'; give true or false"),
        ({"infrastructure_retries": -1}, "infrastructure_retries: -1"),
        ({"step_dependency_config": {"require": True}}, "step_dependency_config"),
        ({"tag_concurrency_limits": "x"}, "tag_concurrency_limits: 'x'; give a list"),
        ({"tag_concurrency_limits": ["x"]}, r"tag_concurrency_limits\[0\]: 'x'; give a mapping"),
        ({"tag_concurrency_limits": [{"limit": 1}]}, "needs a key"),
        ({"tag_concurrency_limits": [{"key": "db", "limit": 0}]}, "needs a limit .a whole number from 1"),
        ({"tag_concurrency_limits": [{"key": "db", "limit": 1, "value": 3}]}, r"\[0\].value: 3; give a text"),
        ({"tag_concurrency_limits": [{"key": "db", "limit": 1, "values": "x"}]}, "unexpected config entry 'values'"),
        ({"config": {"max_tasks": -1}}, r"execution.config.config.max_tasks: -1"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(options: dict[str, object], told: str):
    with pytest.raises(ConfigError, match=told):
        raise ConfigError("; ".join(option_problems(options)))
    if "config" not in options:
        with pytest.raises(ConfigError, match=told):
            executor_options("multiprocess", options)


def test_right_values_have_no_problem():
    options = {
        "max_concurrent": 0,
        "max_tasks": None,
        "grace_seconds": 0.5,
        "fuse": True,
        "tag_concurrency_limits": [
            {"key": "db", "limit": 1},
            {"key": "db", "limit": 2, "value": "x"},
            {"key": "db", "limit": 2, "value": {"applyLimitPerUniqueValue": True}},
        ],
        "step_dependency_config": {"require_upstream_step_success": False},
    }
    assert option_problems(options) == []
    assert section_problems({"config": {"multiprocess": options}}) == []


def test_all_mistakes_of_a_section_are_told():
    assert section_problems({}) == section_problems({"config": None}) == []
    assert section_problems({"config": {"in_process": None}}) == []
    assert section_problems({"config": {"somebodys": {"max_concurrent": "many"}}}) == []
    (wrong_place,) = section_problems({"multiprocess": {"max_concurrent": 2}})
    assert "unexpected config entry 'multiprocess'" in wrong_place
    assert "execution.config" in wrong_place
    (first, second) = section_problems({"config": {"multiprocess": {"fuse": 1, "max_concurrent": "x"}}})
    assert first.startswith("execution.config.multiprocess.fuse: 1")
    assert second.startswith("execution.config.multiprocess.max_concurrent: 'x'")
    for nonsense in (5, {"config": 5}, {"config": {"multiprocess": 5}}):
        assert section_problems(nonsense)


def test_options_that_are_no_mapping():
    with pytest.raises(ConfigError, match="give a mapping of options"):
        executor_options("multi_or_in_process", {"multiprocess": 5})
