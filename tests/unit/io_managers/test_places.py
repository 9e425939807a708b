"""Names of users and of data never lead out of the base, and never to each other's place."""

from __future__ import annotations

import posixpath
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from rostrum.definitions.contexts.storage import OutputContext
from rostrum.io_managers.formats.choice import FORMATS
from rostrum.io_managers.paths import contained, segment
from rostrum.io_managers.places import place_parts
from rostrum.io_managers.records import RECORD_SUFFIX, Place

HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            ["..", ".", "/", "\\", "\0", "%", "~", "|", ":", " ", "%2F", "%versions", ".%meta", ".parquet", "é", "a"]
        ),
        st.text(max_size=3),
    ),
    max_size=6,
).map("".join)


def key_of(*parts: str, run_id: str = "run") -> str:
    """Key of a value between ops, whose names may be anything."""
    context = OutputContext(name=parts[-1], run_id=run_id, step_key=parts[0])
    objects: Any = None
    return Place(objects, place_parts(context)).key


@given(st.lists(HOSTILE, min_size=2, max_size=2))
@example(["..", "../../etc/passwd"])
@example(["/abs", "nul\0"])
def test_no_name_leaves_the_base(parts: list[str]) -> None:
    key = key_of(*parts)
    assert posixpath.normpath(f"/base/{key}") == f"/base/{key}"
    assert key.count("/") == 2
    assert not any(ord(character) < 32 or character == "\\" for character in key)
    key.encode()


@given(HOSTILE, HOSTILE)
def test_different_names_have_different_places(one: str, other: str) -> None:
    if one != other:
        assert segment(one) != segment(other)
        suffixes = [RECORD_SUFFIX, *(each.suffix for each in FORMATS.values())]
        files = {segment(name) + suffix for name in (one, other) for suffix in suffixes}
        assert len(files) == 2 * len(suffixes)


@given(HOSTILE, HOSTILE)
def test_versions_are_beside_all_names(name: str, version: str) -> None:
    objects: Any = None
    place = Place(objects, [segment(name)])
    key = place.value_key(".json", version)
    assert posixpath.normpath(f"/base/{key}") == f"/base/{key}"
    assert key.split("/")[1] == "%versions" != segment(name)


@given(HOSTILE)
def test_names_of_other_layouts_stay_as_they_are_if_they_lead_nowhere(name: str) -> None:
    part = contained(name)
    assert part in (name, segment(name))
    assert part not in ("", ".", "..")
    assert not set("/\\\0") & set(part)
