"""The life of resources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import PrivateAttr, SecretStr

from rostrum.definitions.config.env import EnvVar
from rostrum.definitions.resources.io import IOManager
from rostrum.definitions.resources.lifecycle import InitResourceContext, open_resource, opening_order, resource
from rostrum.definitions.resources.resources import MASK, ConfigurableIOManager, ConfigurableResource
from rostrum.model.errors import ConfigError, DefinitionError, InvocationError


class Db(ConfigurableResource):
    url: str = "mem"
    _state: list[str] = PrivateAttr(default_factory=list)

    def setup_for_execution(self, context: InitResourceContext) -> None:
        self._state.append(f"open {self.url}")

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        self._state.append("closed")


class Session(ConfigurableResource):
    db: Db
    key: str = "k"

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Any]:
        self.db._state.append("session")
        yield f"session on {self.db.url}"
        self.db._state.append("session over")


def test_setup_and_teardown_also_when_a_step_failed():
    db = Db()
    with pytest.raises(ZeroDivisionError), open_resource(db, InitResourceContext()) as live:  # noqa: PT012
        assert live is db
        raise ZeroDivisionError
    assert db._state == ["open mem", "closed"]


def test_nested_resources_have_a_life_of_their_own():
    db = Db(url="x")
    with open_resource(Session(db=db), InitResourceContext()) as live:
        assert live == "session on x"
    assert db._state == ["open x", "session", "session over", "closed"]


def test_a_nested_resource_that_is_bound_itself_is_opened_once():
    db = Db()
    session = Session(db=db)
    assert opening_order({"s": session, "db": db}, ["s"]) == ["db", "s"]
    with (
        open_resource(db, InitResourceContext()) as live,
        open_resource(session, InitResourceContext(opened={id(db): live})),
    ):
        pass
    assert db._state == ["open mem", "session", "session over", "closed"]


def test_config_of_a_run_comes_over_the_fields():
    with open_resource(Db(url="a"), InitResourceContext(key="db", config={"url": "b"})) as live:
        assert live.url == "b"
    with (
        pytest.raises(ConfigError, match="root:resources:db:config"),
        open_resource(Db(), InitResourceContext(key="db", config={"ur": 1})),
    ):
        pass


def test_fields_at_launch():
    class Required(ConfigurableResource):
        url: str
        n: int = 1

    later = Required.configure_at_launch(n=2)
    with open_resource(later, InitResourceContext(key="r", config={"url": "x"})) as live:
        assert (live.url, live.n) == ("x", 2)
    with pytest.raises(ConfigError, match="url"), open_resource(later, InitResourceContext(key="r")):
        pass


def test_references_are_resolved_when_the_resource_is_opened(monkeypatch: pytest.MonkeyPatch):
    db = Db(url=EnvVar("DB_URL"))
    with pytest.raises(ConfigError, match="DB_URL"), open_resource(db, InitResourceContext()):
        pass
    monkeypatch.setenv("DB_URL", "real")
    with open_resource(db, InitResourceContext()) as live:
        assert live.url == "real"
    assert db.shown_config() == {"url": {"env": "DB_URL"}}


def test_fields_cannot_be_assigned_but_private_state_can():
    db = Db()
    db._state = ["x"]
    with pytest.raises(InvocationError, match="private"):
        db.url = "other"


def test_secrets_are_masked():
    class Vault(ConfigurableResource):
        secret_name: str = "a"
        pin: SecretStr = SecretStr("1234")
        nested: dict[str, str] = {"password": "p", "user": "u"}  # noqa: RUF012 - pydantic copies it
        nothing: None = None

    assert Vault().shown_config() == {
        "secret_name": MASK,
        "pin": MASK,
        "nested": {"password": MASK, "user": "u"},
        "nothing": None,
    }


def test_functions_make_resources():
    seen = []

    @resource(required_resource_keys={"base"})
    def made(context):
        seen.append(context.resources.base)
        yield "value"
        seen.append("closed")

    @resource
    def simple():
        return 3

    with open_resource(made, InitResourceContext(key="m", resources={"base": 1})) as live:
        assert live == "value"
    assert seen == [1, "closed"]
    with open_resource(simple, InitResourceContext()) as live:
        assert live == 3
    assert opening_order({"m": made, "base": simple}, ["m"]) == ["base", "m"]
    with pytest.raises(DefinitionError, match="'base'"):
        opening_order({"m": made}, ["m"])


def test_any_object_is_a_resource():
    value = object()
    with open_resource(value, InitResourceContext()) as live:
        assert live is value


def test_resources_in_a_circle():
    @resource(required_resource_keys={"b"})
    def a(): ...

    @resource(required_resource_keys={"a"})
    def b(): ...

    with pytest.raises(DefinitionError, match="a -> b -> a"):
        opening_order({"a": a, "b": b}, ["a"])


def test_io_managers_must_store_and_load():
    class Half(IOManager):
        def handle_output(self, context, obj): ...

    with pytest.raises(TypeError):
        Half()  # type: ignore[abstract]

    class Typed(ConfigurableIOManager):
        folder: str = "x"

        def handle_output(self, context, obj): ...

        def load_input(self, context):
            return 1

    with open_resource(Typed(), InitResourceContext()) as live:
        assert live.load_input(None) == 1
