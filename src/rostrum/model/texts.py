"""Text that comes from user code, made fit to be stored: any encoding can hold it, and it has an end."""

from __future__ import annotations


def storable(text: str, limit: int | None = None) -> str:
    """The text without lone surrogates (each becomes `?`), cut to `limit` characters with a note of what is missing."""
    if limit is not None and len(text) > limit:
        missing = len(text) - limit
        text = f"{text[:limit]}\n... ({missing:,} more characters were cut off)"
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
