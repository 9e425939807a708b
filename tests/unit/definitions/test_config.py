"""Typed config: what run config may say, and how mistakes are told."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import Field

from rostrum.definitions.config.config import Config, PermissiveConfig
from rostrum.definitions.config.env import EnvVar
from rostrum.definitions.config.run_config import RunConfig, merged, plain_config
from rostrum.model.errors import ConfigError, InvocationError


class Color(Enum):
    RED = "r"
    GREEN = "g"


class Inner(Config):
    x: int = 1


class Settings(Config):
    n: int
    ratio: float = 0.5
    name: str = "z"
    on: bool = False
    color: Color = Color.RED
    mode: Literal["a", "b"] = "a"
    maybe: int | None = None
    inner: Inner = Inner()
    many: list[Inner] = []  # noqa: RUF012 - pydantic copies it
    by_name: dict[str, int] = {}  # noqa: RUF012 - as above


class Cat(Config):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(Config):
    kind: Literal["dog"] = "dog"
    barks: bool = True


class Pet(Config):
    pet: Cat | Dog = Field(discriminator="kind")


def test_values_of_all_kinds():
    made = Settings.from_run_config(
        {
            "n": 3,
            "ratio": 2,
            "color": "GREEN",
            "maybe": None,
            "inner": {"x": 5},
            "many": [{"x": 6}],
            "by_name": {"a": 1},
        }
    )
    assert (made.n, made.ratio, made.color, made.inner.x, made.many[0].x, made.by_name) == (
        3,
        2.0,
        Color.GREEN,
        5,
        6,
        {"a": 1},
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, 'Missing required config entry "n" at the root'),
        ({"n": "3"}, "Invalid scalar at path root:n: '3' is text, and must be a whole number"),
        ({"n": True}, "must be a whole number"),
        ({"n": 1, "name": 5}, "root:name: 5 is a whole number, and must be text"),
        ({"n": 1, "ratio": "x"}, "must be a number"),
        ({"n": 1, "on": 1}, "must be true or false"),
        ({"n": 1, "color": "r"}, "none of RED, GREEN"),
        ({"n": 1, "extra": 1}, 'Received unexpected config entry "extra"'),
        ({"n": 1, "inner": {"y": 1}}, "root:inner"),
        ({"n": 1, "many": [{"x": "q"}]}, r"root:many\[0\]:x"),
        ({"n": 1, "mode": "c"}, "root:mode"),
        ([], "must be a mapping"),
    ],
)
def test_mistakes_name_their_path(raw: Any, message: str):
    with pytest.raises(ConfigError, match=message):
        Settings.from_run_config(raw)


def test_several_mistakes_are_told_together():
    with pytest.raises(ConfigError) as caught:
        Settings.from_run_config({"n": "x", "name": 1, "extra": 1})
    assert all(part in str(caught.value) for part in ("root:n", "root:name", "extra"))


def test_a_value_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOW_MANY", "7")
    monkeypatch.setenv("WHETHER", "true")
    assert (
        Settings.from_run_config({"n": {"env": "HOW_MANY"}, "name": {"env": "HOW_MANY"}, "on": {"env": "WHETHER"}}).n
        == 7
    )
    with pytest.raises(ConfigError, match="'NOT_THERE', which is not set"):
        Settings.from_run_config({"n": {"env": "NOT_THERE"}})
    # Only where text or a number is wanted: a dict is a dict.
    with pytest.raises(ConfigError):
        Settings.from_run_config({"n": 1, "ratio": {"env": "HOW_MANY"}})


def test_references_live_until_they_are_revealed(monkeypatch: pytest.MonkeyPatch):
    made = Settings(n=EnvVar.int("HOW_MANY"), name=EnvVar("NAME"))
    assert made.to_run_config()["name"] == {"env": "NAME"}
    with pytest.raises(ConfigError, match="no value before the run"):
        str(made.name)
    monkeypatch.setenv("HOW_MANY", "7")
    monkeypatch.setenv("NAME", "x")
    assert (made.revealed().n, made.revealed().name) == (7, "x")


def test_config_cannot_be_changed():
    with pytest.raises(InvocationError, match=r"Settings\.n"):
        Settings(n=1).n = 2


def test_extra_keys():
    with pytest.warns(UserWarning, match="it is ignored"):
        assert Settings(n=1, extra=3).n == 1  # type: ignore[call-arg]

    class Open(PermissiveConfig):
        n: int = 1

    assert Open.from_run_config({"n": 2, "more": "x"}).more == "x"


def test_a_union_is_a_selector():
    assert Pet.from_run_config({"pet": {"dog": {"barks": False}}}).pet == Dog(barks=False)
    assert Pet.from_run_config({"pet": {"kind": "cat", "lives": 3}}).pet == Cat(lives=3)
    with pytest.raises(ConfigError, match="cow"):
        Pet.from_run_config({"pet": {"cow": {}}})


def test_the_schema_lists_enums_by_name():
    schema = Settings.run_config_schema()
    assert schema["$defs"]["Color"]["enum"] == ["RED", "GREEN"]
    assert schema["required"] == ["n"]


def test_run_config_as_an_object_and_as_data():
    given = RunConfig(
        ops={"a": Settings(n=1, color=Color.GREEN), "g": {"ops": {"b": {"config": Inner(x=2)}}}},
        resources={"db": {"config": {}}},
    )
    plain = plain_config(given)
    assert plain["ops"]["a"]["config"]["color"] == "GREEN"
    assert "maybe" not in plain["ops"]["a"]["config"]
    assert plain["ops"]["g"] == {"ops": {"b": {"config": {"x": 2}}}}
    assert "loggers" not in plain
    assert set(given.to_config_dict()) == {"ops", "resources", "loggers", "execution"}
    assert Settings.from_run_config(plain["ops"]["a"]["config"]).color is Color.GREEN
    with pytest.raises(ConfigError):
        plain_config(3)  # type: ignore[arg-type]


def test_defaults_are_merged_deeply():
    assert merged({"ops": {"a": {"config": 1}, "b": 2}}, {"ops": {"a": {"config": 3}}}) == {
        "ops": {"a": {"config": 3}, "b": 2}
    }
