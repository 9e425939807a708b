"""A manifest can be stored, is the same in each process, and what cannot be stored is told with its place."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pydantic import SecretStr

import rostrum as ro
from rostrum.definitions.location.encoding import encoded
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.model.manifest_parts import decode_manifest

PROGRAM = """
import rostrum as ro
from rostrum.definitions.location.encoding import encoded
from rostrum.model.manifest_parts import manifest_hash

class Live:
    pass

@ro.asset(metadata={"s": {"x", "y", "z"}, "live": Live(), "many": {Live(), Live()}})
def a(): ...

@ro.op(config_schema={"x": ro.Field(ro.Permissive(), default_value={"a": {"q", "r", "s"}})})
def o(): ...

@ro.job
def j():
    o()

print(manifest_hash(encoded(ro.Definitions(assets=[a], jobs=[j]).manifest())))
"""


def test_the_hash_is_the_same_in_each_process() -> None:
    hashes = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(hashes) == 1


class Login(ro.Config):
    password: SecretStr


@ro.asset
def a(config: Login) -> None: ...


def told(definitions: ro.Definitions) -> str:
    with pytest.raises(DefinitionError) as raised:
        ro.Definitions.validate_loadable(definitions)
    return str(raised.value)


def test_a_secret_in_the_config_of_a_job() -> None:
    config = ro.RunConfig(ops={"a": Login(password=SecretStr("hunter2"))})
    text = told(ro.Definitions(assets=[a], jobs=[ro.define_asset_job("nightly", config=config)]))
    assert "test_encoding.py:" in text
    assert "job 'nightly': its config.ops.a.config.password is a secret" in text
    assert "EnvVar" in text
    assert "hunter2" not in text


def test_all_are_told_with_their_place() -> None:
    class Live: ...

    @ro.op(config_schema={"x": ro.Field(ro.Permissive(), default_value={"a": Live()})})
    def first() -> None: ...

    @ro.op(config_schema={"n": ro.Field(int, default_value=10**25)}, description="half \ud800 a pair")
    def second() -> None: ...

    @ro.job
    def work() -> None:
        first()
        second()

    text = told(ro.Definitions(jobs=[work]))
    assert "op 'first': its config_schema.properties.x.default.a is a Live, which is no data" in text
    assert "op 'second': its config_schema.properties.n.default is a number beyond 64 bits" in text


def test_what_can_be_stored_comes_back() -> None:
    manifest = ro.Definitions(assets=[a]).manifest()
    assert decode_manifest(encoded(manifest)) == manifest


def test_a_tag_that_is_no_data() -> None:
    with pytest.raises(ArgumentError, match="tag 'x' is a set"):

        @ro.op(tags={"x": {1, 2}})
        def o() -> None: ...
