"""The web server's ASGI application: GraphQL, live events, a few plain routes, the UI; the gateway is mounted beside by
the composition root.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio.to_thread
import msgspec
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from rostrum.auth.attempts import Attempts, TooManyAttempts
from rostrum.auth.authorize import Unauthenticated, permissions
from rostrum.auth.requests import SESSION_COOKIE, session_cookie
from rostrum.auth.tokens import SESSION_SECONDS
from rostrum.control.bundles import BundleSources, bundle, bundle_name
from rostrum.model.errors import ConfigError, Denied, InvocationError, NotFound, RostrumError, Unavailable
from rostrum.model.ids import is_id
from rostrum.model.principals import Permission
from rostrum.web import graphql
from rostrum.web.catalog import gzip
from rostrum.web.context import RequestContext, Services
from rostrum.web.live import Live
from rostrum.web.logs import log_bytes
from rostrum.web.security import Guard
from rostrum.web.static import StaticFiles

_T = TypeVar("_T")

MAX_BODY = 4 * 1024 * 1024
MAX_LOGIN_BODY = 4096
LOGINS_AT_ONCE = 2
"""Passwords verified at once: each takes 64 MiB and a tenth of a second of a processor."""
LOGINS_WAITING = 20
WRITES_AT_ONCE = 4
"""Requests that may write and run at once. They wait for the database's one writer: more of them would only take the
threads that reading needs."""
WRITES_WAITING = 40
_COMPRESS_FROM = 2048
_LONGEST_NUMBER = 18
"""Digits of an event id at most: what the database can hold."""


class _GraphQLRequest(msgspec.Struct):
    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the protocol's name


class _Login(msgspec.Struct):
    name: str
    password: str


def create_app(
    services: Services,
    *,
    loopback_only: bool,
    extra_routes: Sequence[BaseRoute] = (),
    on_stop: Callable[[], None] | None = None,
) -> Starlette:
    """Build the application. `extra_routes` come before the UI's catch-all; `on_stop` is called at shutdown."""
    live = Live(services.storage, services.logs, services.doorbell, services.watched_logs)
    routes = _Routes(services, live)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        yield
        await anyio.to_thread.run_sync(live.stop)
        if on_stop is not None:
            await anyio.to_thread.run_sync(on_stop)

    return Starlette(
        routes=[
            Route("/graphql", routes.graphql, methods=["POST"]),
            Route("/events", routes.events, methods=["GET"]),
            Route("/api/assets", routes.assets, methods=["GET"]),
            Route("/api/graph", routes.graph, methods=["GET"]),
            Route("/api/runs/{run_id}/logs/{file_key}/{stream}", routes.log, methods=["GET"]),
            Route("/api/runs/{run_id}/bundle", routes.bundle, methods=["GET"]),
            Route("/logs/{run_id}/compute_logs/{file_key}/{stream}", routes.log, methods=["GET"]),
            Route("/login", routes.login, methods=["POST"]),
            Route("/logout", routes.logout, methods=["POST"]),
            Route("/health", routes.health, methods=["GET"]),
            *extra_routes,
            Route("/{path:path}", StaticFiles().serve, methods=["GET"]),
        ],
        middleware=[
            Middleware(Guard, loopback_only=loopback_only, login_required=services.authenticator.login_required)
        ],
        exception_handlers={RostrumError: _problem},  # type: ignore[dict-item]
        lifespan=lifespan,
    )


class _Routes:
    """The routes. Each names the permission it requires; only login, health and the UI's files require none."""

    def __init__(self, services: Services, live: Live) -> None:
        self._services = services
        self._live = live
        self._graph: tuple[str, bytes, bytes] = ("", b"", b"")
        self._attempts = Attempts(services.clock)
        self._logins = anyio.CapacityLimiter(LOGINS_AT_ONCE)
        self._writes = anyio.CapacityLimiter(WRITES_AT_ONCE)

    def _context(self, request: Request) -> RequestContext:
        return RequestContext(self._services, self._services.authenticator.principal(request.headers))

    async def graphql(self, request: Request) -> Response:
        asked = await _body(request, _GraphQLRequest)

        def answer() -> bytes:
            with self._context(request) as context:
                return graphql.execute(context, asked.query, asked.variables, asked.operationName)

        limiter = self._writes if graphql.may_write(asked.query) else None
        if limiter is not None and limiter.statistics().tasks_waiting >= WRITES_WAITING:
            raise Unavailable("too many requests wait for the database's writer; trying again is safe")
        body = await anyio.to_thread.run_sync(answer, limiter=limiter)
        return _json(request, body)

    async def events(self, request: Request) -> Response:
        def check() -> None:
            with self._context(request) as context:
                context.require(Permission.VIEW)

        await anyio.to_thread.run_sync(check)
        last = request.headers.get("last-event-id") or request.query_params.get("after") or ""
        known = int(last) if last.isascii() and last.isdecimal() and len(last) <= _LONGEST_NUMBER else None
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        stream = self._live.stream(known, functools.partial(self._may_view, request))
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    def _may_view(self, request: Request) -> bool:
        """Whether who opened a stream may still read: has neither logged out nor been locked out."""
        try:
            with self._context(request) as context:
                context.require(Permission.VIEW)
        except RostrumError:  # of the database too: the browser opens another stream and is told then
            return False
        return True

    async def assets(self, request: Request) -> Response:
        return await anyio.to_thread.run_sync(self._table, request, self._asset_table)

    async def graph(self, request: Request) -> Response:
        return await anyio.to_thread.run_sync(self._table, request, self._graph_table)

    def _table(self, request: Request, make: Callable[[RequestContext], tuple[str, bytes, bytes]]) -> Response:
        with self._context(request) as context:
            context.require(Permission.VIEW)
            version, body, compressed = make(context)
        etag = f'"{version}"'
        headers = {"etag": etag, "cache-control": "no-cache", "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(compressed, media_type="application/json", headers=headers | {"content-encoding": "gzip"})
        return Response(body, media_type="application/json", headers=headers)

    def _asset_table(self, context: RequestContext) -> tuple[str, bytes, bytes]:
        return self._services.catalogs.asset_table(context.session, self._services.clock.now())

    def _graph_table(self, context: RequestContext) -> tuple[str, bytes, bytes]:
        catalog = context.catalog
        if self._graph[0] != catalog.hash:
            self._graph = (catalog.hash, catalog.graph_json, gzip(catalog.graph_json))
        return self._graph

    async def log(self, request: Request) -> Response:
        """Download one file of captured output."""
        run_id, file_key, stream = (request.path_params[name] for name in ("run_id", "file_key", "stream"))

        def check() -> None:
            with self._context(request) as context:
                context.require(Permission.VIEW)
                if not is_id(run_id) or context.session.runs.get(run_id) is None or stream not in ("out", "err"):
                    raise NotFound(f"there is no such log of run {run_id}")

        await anyio.to_thread.run_sync(check)

        given = request.query_params.get("offset", "0")
        offset = int(given) if given.isascii() and given.isdecimal() and len(given) <= _LONGEST_NUMBER else 0
        parts = log_bytes(self._services.logs, run_id, file_key, stream, offset)
        first = await anyio.to_thread.run_sync(next, parts, b"")  # a store that is away is told as such

        async def chunks() -> AsyncIterator[bytes]:
            yield first
            async for part in iterate_in_threadpool(parts):
                yield part

        headers = {"content-disposition": f'attachment; filename="{file_key}.{stream}.{run_id[-8:]}.log"'}
        return StreamingResponse(chunks(), media_type="text/plain; charset=utf-8", headers=headers)

    async def bundle(self, request: Request) -> Response:
        """Download all that is known of one run."""
        run_id: str = request.path_params["run_id"]
        services = self._services

        def start() -> tuple[str, Iterator[bytes]]:
            with self._context(request) as context:
                context.require(Permission.VIEW)
                run = context.session.runs.get(run_id) if is_id(run_id) else None
                if run is None:
                    raise NotFound(f"there is no run {run_id}")
                principal = context.principal
                admin = principal is not None and Permission.ADMIN in permissions(principal)
            manifests = services.catalogs.manifests
            settings = services.settings if admin else None
            sources = BundleSources(services.storage, services.logs, manifests, settings, services.version)
            return bundle_name(run), bundle(sources, run, services.clock.now())

        name, parts = await anyio.to_thread.run_sync(start)
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return StreamingResponse(iterate_in_threadpool(parts), media_type="application/zip", headers=headers)

    async def login(self, request: Request) -> Response:
        asked = await _body(request, _Login, MAX_LOGIN_BODY)
        authenticator = self._services.authenticator
        address = request.client.host if request.client else ""
        if self._logins.statistics().tasks_waiting >= LOGINS_WAITING:
            raise Unavailable("too many people log in at once; try again in a moment")
        self._attempts.begin(asked.name, address)

        def check() -> str:
            principal = authenticator.identity.authenticate(asked.name, asked.password)
            if principal is None:
                raise Unauthenticated("name and password do not fit")
            return authenticator.tokens.issue(principal.name, kind="session", seconds=SESSION_SECONDS)

        secret = await anyio.to_thread.run_sync(check, limiter=self._logins)
        self._attempts.succeeded(asked.name, address)
        cookie = session_cookie(secret, secure=request.url.scheme == "https", seconds=SESSION_SECONDS)
        return Response(status_code=204, headers={"set-cookie": cookie})

    async def logout(self, request: Request) -> Response:
        _only_json(request)
        secret = request.cookies.get(SESSION_COOKIE)
        if secret:
            revoke = self._services.authenticator.tokens.revoke
            await anyio.to_thread.run_sync(revoke, secret, limiter=self._writes)
        return Response(
            status_code=204, headers={"set-cookie": session_cookie("", secure=request.url.scheme == "https", seconds=0)}
        )

    async def health(self, request: Request) -> Response:
        """Whether the server and its database answer. Tells nothing else."""

        def check() -> None:
            with self._services.storage.begin() as session:
                session.now()

        await anyio.to_thread.run_sync(check)
        return Response(b'{"status":"ok"}', media_type="application/json")


def _only_json(request: Request) -> None:
    """JSON only: a form on a foreign page cannot send that content type without a preflight."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ConfigError("send application/json")


async def _body(request: Request, kind: type[_T], most: int = MAX_BODY) -> _T:
    _only_json(request)
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > most:
            raise ConfigError(f"the request is larger than {most} bytes")
    try:
        return msgspec.json.decode(bytes(data), type=kind)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"the request does not fit: {error}") from None


def _json(request: Request, body: bytes) -> Response:
    headers = {"cache-control": "no-store"}
    if len(body) >= _COMPRESS_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            gzip(body),
            media_type="application/json",
            headers=headers | {"content-encoding": "gzip", "vary": "accept-encoding"},
        )
    return Response(body, media_type="application/json", headers=headers)


async def _problem(_request: Request, error: RostrumError) -> Response:
    status = 500
    headers: dict[str, str] = {}
    if isinstance(error, TooManyAttempts):
        headers["retry-after"] = str(error.retry_after_seconds)
    for kind, code in (
        (TooManyAttempts, 429),
        (Unauthenticated, 401),
        (Denied, 403),
        (NotFound, 404),
        (ConfigError, 400),
        (InvocationError, 400),
    ):
        if isinstance(error, kind):
            status = code
            break
    else:
        status = 503 if error.retryable else 409 if error.code in ("conflict", "state", "invalid_transition") else 500
    body = {"errors": [{"message": str(error), "extensions": {"code": error.code, "retryable": error.retryable}}]}
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json", headers=headers)
