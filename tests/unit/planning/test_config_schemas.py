"""What is wrong with run config by its schema: all mistakes at once, and never one that the worker would take."""

from __future__ import annotations

import datetime as dt
import enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BeforeValidator, ByteSize, Field, field_validator, model_validator

from rostrum import Config, ConfigError, PermissiveConfig
from rostrum.planning.config_schemas import config_problems


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Inner(Config):
    size: int
    colour: Colour = Colour.RED


class Cat(Config):
    kind: Literal["cat"] = "cat"
    lives: int


class Dog(Config):
    kind: Literal["dog"] = "dog"


class Loose(PermissiveConfig):
    x: int = 1


class Raw(Config):
    numbers: list[int]

    @field_validator("numbers", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value


class Read(Config):
    numbers: Annotated[list[int], BeforeValidator(lambda value: value.split(",") if isinstance(value, str) else value)]
    each: list[Annotated[int, BeforeValidator(int)]] = Field(default_factory=list)


class Filled(Config):
    n: int

    @model_validator(mode="before")
    @classmethod
    def fill(cls, value: Any) -> Any:
        return {"n": 1, **value}


class Order(Config):
    after: dt.date | None = None
    count: int
    ratio: float = 1.0
    name: str = ""
    api_token: str = ""
    deep: bool = False
    colour: Colour = Colour.RED
    inner: Inner | None = None
    inners: list[Inner] = Field(default_factory=list)
    sizes: dict[str, int] = Field(default_factory=dict)
    colours: list[Colour] = Field(default_factory=list)
    level: Literal["low", "high"] = "low"
    folder: Path = Path()
    limit: ByteSize = ByteSize(1)
    either: int | str = 1
    pet: Cat | Dog = Field(default=Dog(), discriminator="kind")
    loose: Loose = Loose()
    raw: Raw = Raw(numbers=[])
    filled: Filled = Filled(n=1)
    fillings: list[Filled] = Field(default_factory=list)
    read: Read = Read(numbers=[])
    called: int = Field(default=1, alias="as")


SCHEMA = Order.run_config_schema()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"count": 1, "aftr": "2026-01-01"}, ["c.aftr: unknown key; did you mean after?"]),
        ({}, ["c.count: missing (a whole number)"]),
        ({"count": "3", "ratio": "x", "nme": 1}, [
            "c.count: '3' is not a whole number", "c.ratio: 'x' is not a number",
            "c.nme: unknown key; did you mean name?",
        ]),
        ({"count": True}, ["c.count: True is not a whole number"]),
        ({"count": 1, "name": 5, "deep": 1}, ["c.name: 5 is not text", "c.deep: 1 is not true or false"]),
        ({"count": 1, "colour": "b"}, ["c.colour: 'b' is none of RED, BLUE"]),
        ({"count": 1, "level": "mid"}, ["c.level: 'mid' is none of low, high"]),
        ({"count": 1, "inner": {"sise": 1}}, [
            "c.inner.sise: unknown key; did you mean size?", "c.inner.size: missing (a whole number)",
        ]),
        ({"count": 1, "inners": [{"size": 1}, {}]}, ["c.inners[1].size: missing (a whole number)"]),
        ({"count": 1, "sizes": {"a": "x"}}, ["c.sizes.a: 'x' is not a whole number"]),
        ({"count": 1, "inners": {}}, ["c.inners: {} is not a list"]),
        ({"count": 1, "called": 2}, ["c.called: unknown key"]),
        ([], ["c: [] is not a mapping"]),
        ({"count": 1, "api_token": 5}, ["c.api_token: ******** is not text"]),
    ],
)  # fmt: skip
def test_mistakes(value: object, told: list[str]) -> None:
    problems = config_problems(SCHEMA, value, "c")
    assert len(problems) == len(told)
    assert all(problem.startswith(start) for problem, start in zip(problems, told, strict=True)), problems
    with pytest.raises(ConfigError):  # the worker agrees
        Order.from_run_config(value, "c")


@pytest.mark.parametrize(
    "more",
    [
        {"after": "2026-01-01"},
        {"after": None, "ratio": 2, "name": "x", "deep": True},
        {"colour": "BLUE", "colours": ["RED"]},
        {"inner": {"size": 1, "colour": "BLUE"}},
        {"inner": None, "inners": [{"size": 1}], "sizes": {"a": 1}},
        {"folder": "/tmp", "limit": "2 MB", "either": "x", "as": 3},
        {"pet": {"cat": {"lives": 9}}},
        {"loose": {"x": 2, "y": 3}},
        {"raw": {"numbers": "1,2"}},
        {"filled": {}, "fillings": [{}]},
        {"read": {"numbers": "1,2", "each": ["1"]}},
        {"count": {"env": "ROSTRUM_TEST_COUNT"}, "name": {"env": "ROSTRUM_TEST_COUNT"}},
    ],
)
def test_what_the_worker_takes_passes(more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_TEST_COUNT", "3")
    value = {"count": 1, **more}
    assert Order.from_run_config(value, "c")
    assert config_problems(SCHEMA, value, "c") == []


def test_of_a_resource_single_fields_may_be_given() -> None:
    assert config_problems(SCHEMA, {"name": "x"}, "c", partial=True) == []
    assert config_problems(SCHEMA, {"nam": "x"}, "c", partial=True) == ["c.nam: unknown key; did you mean name?"]
