"""Assets lead to their source."""

from __future__ import annotations

from pathlib import Path

import pytest

import rostrum as ro
from rostrum.model.errors import ArgumentError

KEY = "dagster/code_references"


@ro.asset(metadata={"kept": 1})
def one() -> None: ...


def test_a_file_and_a_line() -> None:
    (changed,) = ro.with_source_code_references([one])
    (reference,) = changed.metadata_by_key[ro.AssetKey("one")][KEY].code_references
    assert reference.file_path == __file__
    assert "ro.asset" in Path(__file__).read_text().splitlines()[reference.line_number - 1]
    assert changed.metadata_by_key[ro.AssetKey("one")]["kept"] == 1


@pytest.mark.parametrize(
    ("url", "platform", "start"),
    [
        ("https://github.com/me/shop", None, "https://github.com/me/shop/tree/main/"),
        ("https://gitlab.com/me/shop/", None, "https://gitlab.com/me/shop/-/tree/main/"),
        ("https://code.example/me", "gitlab", "https://code.example/me/-/tree/main/"),
    ],
)
def test_an_address(url: str, platform: str | None, start: str) -> None:
    here = Path(__file__)
    mapping = ro.AnchorBasedFilePathMapping(here.parent, "checks/unit")
    (changed,) = ro.link_code_references_to_git(
        ro.with_source_code_references([one]), url, "main", mapping, platform=platform
    )
    (reference,) = changed.metadata_by_key[ro.AssetKey("one")][KEY].code_references
    assert reference.url.startswith(f"{start}checks/unit/{here.name}#L")


def test_an_address_that_tells_no_platform() -> None:
    with pytest.raises(ArgumentError, match="neither GitHub nor GitLab"):
        ro.link_code_references_to_git(
            [one], "https://code.example/me", "main", ro.AnchorBasedFilePathMapping(Path(), "")
        )
