from __future__ import annotations

from pathlib import Path

import pytest

from rostrum.config.dotenv import load_dotenv
from rostrum.model.errors import ConfigError


def test_variables_are_added_where_there_are_none(tmp_path: Path) -> None:
    lines = ["# a comment", "", "A=1", "export B = two words # why", "C='#  as it \\n is'"]
    lines += [r'D="line\nbreak \"q\"" # x', "E=", "F=kept"]
    (tmp_path / ".env").write_text("\n".join(lines))
    environment = {"F": "before"}
    assert load_dotenv(environment, tmp_path / ".env") == ["A", "B", "C", "D", "E"]
    assert environment == {
        "A": "1",
        "B": "two words",
        "C": "#  as it \\n is",
        "D": 'line\nbreak "q"',
        "E": "",
        "F": "before",
    }


def test_no_file_is_no_matter(tmp_path: Path) -> None:
    assert load_dotenv({}, tmp_path / ".env") == []
    assert load_dotenv({}, tmp_path) == []


@pytest.mark.parametrize("line", ["no variable", "1A=x", "A='never ends", 'A="x" y'])
def test_a_wrong_line_is_told_and_not_shown(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"GOOD=1\n{line}\n")
    with pytest.raises(ConfigError, match=r"\.env:2: ") as caught:
        load_dotenv({}, tmp_path / ".env")
    assert line.split("=")[-1] not in str(caught.value)
