"""`import dagster`: which object it is, what is told, and when an installed package wins."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
import pickle
import threading

import pytest

import rostrum
from rostrum.compat import aliases
from rostrum.model.errors import ArgumentError, ConfigError, DefinitionError

aliases.install()
import dagster as dg  # noqa: E402

from rostrum.compat.dagster.placeholders import NotPartOfRostrum, placeholder  # noqa: E402


def test_names_are_the_same_objects() -> None:
    from dagster import Definitions
    from dagster._core.definitions.events import AssetMaterialization
    from dagster._core.errors import DagsterInvalidDefinitionError

    assert dg.asset is rostrum.asset
    assert Definitions is rostrum.Definitions
    assert AssetMaterialization is rostrum.AssetMaterialization
    assert DagsterInvalidDefinitionError is DefinitionError


def test_private_modules_are_modules() -> None:
    module = importlib.import_module("dagster._core.errors")
    assert module.__name__ == "dagster._core.errors"
    assert module is importlib.import_module("dagster")._core.errors
    assert importlib.util.find_spec("dagster._core.errors") is not None
    assert importlib.reload(module) is module
    assert "DagsterInvalidDefinitionError" in dir(module)
    assert inspect.getdoc(module)


def test_the_module_reloads_and_pickles() -> None:
    assert importlib.reload(importlib.import_module("dagster")) is importlib.import_module("dagster")
    assert pickle.loads(pickle.dumps(dg.AssetKey("a"))) == rostrum.AssetKey("a")
    assert pickle.loads(pickle.dumps(dg.asset)) is rostrum.asset


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("dagster.asset", "is a name, not a module: `from dagster import asset`"),
        ("dagster._core.nowhere", "private to Dagster and not part of Rostrum"),
        ("dagster.core.definitions", "gone since Dagster 1.0"),
        ("dagster.nowhere", "public names are in `dagster`"),
        ("dagster_shared.nowhere", "not part of Rostrum"),
    ],
)
def test_a_path_that_leads_nowhere_says_so(path: str, told: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=told):
        importlib.import_module(path)


def test_asking_for_a_spec_does_not_raise() -> None:
    assert importlib.util.find_spec("dagster.nowhere") is None


def test_an_unknown_name_suggests_one() -> None:
    with pytest.raises(AttributeError, match="did you mean asset"):
        _ = dg.assett
    with pytest.raises(ImportError, match="assett"):
        exec("from dagster import assett")


def test_check_functions() -> None:
    from dagster import _check as check
    from dagster_shared import check as shared

    assert shared is check
    assert check.str_param("a", "name") == "a"
    assert check.opt_list_param(None, "names", of_type=str) == []
    assert check.opt_nullable_list_param(None, "names") is None
    assert check.not_none(3) == 3
    assert check.inst_param(3, "n", int) == 3
    assert check.CheckError is ArgumentError
    for wrong in (
        lambda: check.str_param(1, "name"),
        lambda: check.int_param(True, "n"),
        lambda: check.list_param([1], "names", of_type=str),
        lambda: check.dict_param({"a": 1}, "d", key_type=str, value_type=str),
        lambda: check.invariant(False, "must hold"),
        lambda: check.not_none_param(None, "x"),
        lambda: check.failed("no"),
        lambda: check.str_elem({}, "key"),
        lambda: check.tuple_param((1,), "t", of_shape=(str,)),
    ):
        with pytest.raises(check.CheckError):
            wrong()


def test_private_odds() -> None:
    from dagster._core.test_utils import environ
    from dagster._utils import file_relative_path
    from dagster._utils.backoff import backoff
    from dagster._utils.cached_method import cached_method
    from dagster._utils.merger import merge_dicts

    class Counter:
        calls = 0

        @cached_method
        def twice(self, number: int) -> int:
            self.calls += 1
            return number * 2

    counter = Counter()
    assert [counter.twice(2), counter.twice(number=2), counter.twice(3), counter.calls] == [4, 4, 6, 2]
    assert merge_dicts({"a": 1}, {"a": 2, "b": 3}) == {"a": 2, "b": 3}
    assert file_relative_path("/x/y.py", "z.csv") == "/x/z.csv"
    with environ({"ROSTRUM_TEST_ODD": "1"}):
        assert os.environ["ROSTRUM_TEST_ODD"] == "1"
    assert "ROSTRUM_TEST_ODD" not in os.environ
    tries: list[int] = []

    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return len(tries)

    assert backoff(flaky, retry_on=(OSError,), delay_generator=iter([0.0, 0.0])) == 3


def test_a_placeholder_is_silent_until_it_is_used() -> None:
    missing = placeholder("dagster", "Something")
    assert not isinstance(3, missing)
    assert missing | None
    assert missing[int] is missing
    assert not hasattr(missing, "attribute")
    for use in (missing, lambda: type("Sub", (missing,), {}), lambda: missing.attribute):
        with pytest.raises(NotPartOfRostrum, match=r"dagster\.Something is not part of Rostrum yet"):
            use()
    with pytest.raises(NotImplementedError):
        missing()


def test_a_placeholder_of_an_exception_can_be_caught() -> None:
    missing = placeholder("dagster", "SomeError", "exception")
    with pytest.raises(ValueError, match="other"), contextlib.suppress(missing):
        raise ValueError("other")
    assert issubclass(missing, rostrum.RostrumError)


def test_many_threads_get_one_module() -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(importlib.import_module("dagster._core.types.pagination")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_a_mode_that_is_none() -> None:
    with pytest.raises(ConfigError, match="none of auto, dagster, off"):
        aliases.use("on")
