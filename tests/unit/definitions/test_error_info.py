"""Errors as values: whatever is raised, its value has an end and can be stored."""

from __future__ import annotations

import linecache

import msgspec

from rostrum.definitions.error_info import MAX_MESSAGE, error_info
from rostrum.model.errors import ErrorInfo


def caught(error: BaseException) -> ErrorInfo:
    try:
        raise error
    except BaseException as raised:
        return error_info(raised)


def test_a_long_message_is_cut():
    info = caught(ValueError("Z" * 20_000_000))
    assert len(info.message) < MAX_MESSAGE + 100
    assert info.message.startswith("ZZZ")
    assert info.message.endswith("(19,934,464 more characters were cut off)")
    assert info.first_line.startswith("ValueError: ZZZ")


def test_lone_surrogates_do_not_hinder_storing():
    info = caught(ValueError("a\ud800b"))
    assert info.message == "a?b"
    assert msgspec.msgpack.encode(info)


def test_leaving_the_debugger_says_so():
    import bdb

    assert "the debugger was left with `q`" in caught(bdb.BdbQuit()).first_line


def test_of_a_deep_traceback_both_ends_are_kept():
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        else:
            raise ValueError("here")

    try:
        deeper(400)
    except ValueError as error:
        info = error_info(error)
    assert len(info.frames) == 100
    assert info.frames[0].function.startswith("test_of_a_deep")
    assert "raise ValueError" in "".join(info.frames[-1].source)


def test_a_chain_of_causes_ends():
    error = ValueError("0")
    for number in range(1, 40):
        cause, error = error, ValueError(str(number))
        error.__cause__ = cause
    info, depth = caught(error), 0
    while info.cause is not None:
        info, depth = info.cause, depth + 1
    assert depth == 10


def test_long_lines_of_code_are_cut(tmp_path):
    file = tmp_path / "long.py"
    file.write_text(f"raise ValueError({'x' * 5000!r})\n")
    linecache.checkcache()
    try:
        exec(compile(file.read_text(), str(file), "exec"), {})
    except ValueError as error:
        info = error_info(error)
    assert max(len(line) for frame in info.frames for line in frame.source) < 510
