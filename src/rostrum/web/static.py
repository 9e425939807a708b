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
    type: str
    etag: str
    bodies: dict[str, bytes]
    """Content by encoding; "" is the plain one."""
    immutable: bool


class StaticFiles:
    """Serves the files that were there at start, by exact name: a request never becomes a path.

    They are held in memory (about a megabyte): one server always serves one build, even while the next is installed.
    """

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
        encoding = next((name for name, _ in _ENCODINGS if name in found.bodies and name in accepted), "")
        if encoding:
            headers["content-encoding"] = encoding
        return Response(found.bodies[encoding], media_type=found.type, headers=headers)


def _describe(path: Path, *, immutable: bool) -> _File:
    plain = path.read_bytes()
    bodies = {"": plain}
    for name, suffix in _ENCODINGS:
        packed = path.with_name(path.name + suffix)
        if packed.is_file():
            bodies[name] = packed.read_bytes()
    etag = f'"{hashlib.blake2b(plain, digest_size=12).hexdigest()}"'
    return _File(mimetypes.guess_type(path.name)[0] or "application/octet-stream", etag, bodies, immutable)
