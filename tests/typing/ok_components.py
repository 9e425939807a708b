"""Components and pipes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import assert_type

import rostrum as ro


class Table(ro.Model):
    name: str
    rows: int = 0


class Loader(ro.Component, ro.Model, ro.Resolvable):
    """Loads tables."""

    tables: Sequence[Table]
    prefix: str = "raw"

    def build_defs(self, context: ro.ComponentLoadContext) -> ro.Definitions:
        assert_type(context.path, Path)
        return ro.Definitions(assets=[ro.AssetSpec([self.prefix, table.name]) for table in self.tables])


loader = Loader(tables=[Table(name="a", rows=3)], prefix="x")
assert_type(loader.tables, Sequence[Table])


@ro.template_var
def region() -> str:
    return "eu"


@ro.asset
def outside(context: ro.AssetExecutionContext, pipes: ro.PipesSubprocessClient) -> Sequence[ro.PipesExecutionResult]:
    done = pipes.run(command=[sys.executable, "script.py"], context=context, extras={"a": 1})
    assert_type(done, ro.PipesClientCompletedInvocation)
    return done.get_results()


@ro.asset
def one(context: ro.AssetExecutionContext, pipes: ro.PipesSubprocessClient) -> ro.MaterializeResult:
    return pipes.run(command="true", context=context).get_materialize_result()


def session(context: ro.AssetExecutionContext) -> None:
    with ro.open_pipes_session(
        context=context,
        context_injector=ro.PipesTempFileContextInjector(),
        message_reader=ro.PipesTempFileMessageReader(),
    ) as running:
        assert_type(running, ro.PipesSession)
        assert_type(running.get_bootstrap_env_vars(), Mapping[str, str])
