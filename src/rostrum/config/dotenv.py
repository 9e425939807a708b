"""Variables from a `.env` file: those that the environment does not have are added to it."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from pathlib import Path

from rostrum.model.errors import ConfigError

FILE_NAME = ".env"
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def load_dotenv(environment: MutableMapping[str, str], path: Path = Path(FILE_NAME)) -> list[str]:
    """Add the file's variables to the environment where it has none of that name; returns the names added. Nothing
    where there is no file. Raises ConfigError for a line that is no `NAME=value`, without showing what is in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    added: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = _LINE.fullmatch(stripped)
        if found is None:
            raise ConfigError(f"{path}:{number}: not NAME=value")
        name, value = found.groups()
        if name not in environment:
            environment[name] = _value(value, f"{path}:{number}")
            added.append(name)
    return added


def _value(text: str, place: str) -> str:
    """Quotes are taken off; in double ones escapes are meant as in Python; outside of quotes ` #` begins a comment."""
    quote = text[:1]
    if quote not in {"'", '"'}:
        return re.split(r"\s+#", text, maxsplit=1)[0].strip()
    end = 1
    while end < len(text) and text[end] != quote:
        end += 2 if quote == '"' and text[end] == "\\" else 1
    rest = text[end + 1 :].strip()
    if end >= len(text) or (rest and not rest.startswith("#")):
        raise ConfigError(f"{place}: the quoted value does not end where the line does")
    inner = text[1:end]
    if quote == "'":
        return inner
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match.group(1), match.group(1)), inner)
