"""The built UI: pre-compressed files, immutable for hashed names, `index.html` for every page of the app."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

FOLDER = Path(__file__).parent / "static"
_IMMUTABLE = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
HASHED = "app"
"""Folder of the files with a hash of their content in their name."""
_NOT_PAGES = ("/api/", "/gateway/", f"/{HASHED}/")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


@dataclass(frozen=True)
class _File:
    path: Path
    type: str
    etag: str
    encodings: tuple[str, ...]
    immutable: bool


class StaticFiles:
    """Serves the files that were there at start, by exact name: a request never becomes a path."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, _File] = {}
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and path.suffix not in (".br", ".gz"):
                self._files["/" + path.relative_to(folder).as_posix()] = _describe(
                    path, immutable=path.parent.name == HASHED
                )

    async def serve(self, request: Request) -> Response:
        """Answer a request."""
        found = self._files.get(request.url.path)
        if found is None:
            if request.url.path.startswith(_NOT_PAGES):
                return PlainTextResponse("there is no such address", 404)
            if "." in request.url.path.rpartition("/")[2] and not request.url.path.startswith(("/a/", "/graph")):
                return PlainTextResponse("there is no such file", 404)
            found = self._files.get("/index.html")
        if found is None:
            return PlainTextResponse(
                "The UI has not been built. Run `./task setup`, or `npm ci && npm run build` in ui/.", 503
            )
        headers = {
            "cache-control": _IMMUTABLE if found.immutable else _REVALIDATE,
            "etag": found.etag,
            "vary": "accept-encoding",
        }
        if request.headers.get("if-none-match") == found.etag:
            return Response(status_code=304, headers=headers)
        accepted = request.headers.get("accept-encoding", "")
        path = found.path
        for encoding, suffix in _ENCODINGS:
            if encoding in found.encodings and encoding in accepted:
                headers["content-encoding"] = encoding
                path = path.with_name(path.name + suffix)
                break
        return Response(path.read_bytes(), media_type=found.type, headers=headers)


def _describe(path: Path, *, immutable: bool) -> _File:
    encodings = tuple(name for name, suffix in _ENCODINGS if path.with_name(path.name + suffix).is_file())
    etag = f'"{hashlib.blake2b(path.read_bytes(), digest_size=12).hexdigest()}"'
    return _File(path, mimetypes.guess_type(path.name)[0] or "application/octet-stream", etag, encodings, immutable)
