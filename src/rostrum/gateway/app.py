"""The gateway's ASGI app: the one door for run workers. Plain POSTs with msgpack bodies, one run token each.

Handlers await; the storage is sync. Writes are handed to `EventLog`'s writer thread and their futures awaited, so a
waiting request holds no thread (law 8); short reads and log files use the thread pool. Authentication is in front of
all routes, so none can be without.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar, cast

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from rostrum.auth.authorize import Unauthenticated, authorize
from rostrum.auth.run_tokens import RunTokens
from rostrum.control.events import EventLog
from rostrum.control.run_queries import answer_query, change_partitions, orders_for
from rostrum.control.slots import Claim, claim_slot
from rostrum.control.step_streams import steps_topic, told_by_steps
from rostrum.gateway.bodies import answer, read_body, read_struct, refusal
from rostrum.gateway.logs import LogWriter
from rostrum.gateway.older import older_part, older_reply
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.logs import LogStore
from rostrum.interfaces.runs import Orders, RunAnswer, RunQuery
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import Denied, Fenced, NotFound, RostrumError, StateError
from rostrum.model.events import decode_events, encode_events, step_stream, worker_stream
from rostrum.model.pools import SlotAnswer, SlotWish
from rostrum.model.principals import Permission, Principal, StepScope
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.pools import NO_RULES, PoolRules
from rostrum.rpc.gateway_wire import (
    EPOCH_IS_OVER,
    FOLLOW_SECONDS,
    AppendReply,
    Bootstrap,
    FollowReply,
    FollowRequest,
    LogBatch,
    LogReply,
    PartitionsRequest,
    SlotRequest,
)
from rostrum.service.doorbells import wait_async

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

GATHER_SECONDS = 0.02
"""Between looks for those who follow a run: events come in bursts."""
MOST_OTHERS = 200
"""Steps of a run that get into a pool's line by one claim: each is a row, written while all other writers wait. More of
them come in line as these leave it.
"""
_PRINCIPAL = "rostrum.principal"
_TOKEN = "rostrum.token"  # noqa: S105 - a name in the scope


def gateway_app(
    events: EventLog,
    storage: Storage,
    logs: LogStore,
    tokens: RunTokens,
    *,
    pools: PoolRules = NO_RULES,
    doorbell: Doorbell | None = None,
) -> ASGIApp:
    """The app, to be mounted at `/gateway`. `events` must be started, or each request commits in the event loop's
    thread. `doorbell`: rung when events are stored; without it who follows a run waits up to a second.
    """
    routes = GatewayRoutes(events, storage, logs, tokens, pools, doorbell)
    table = [Route(path, _answering(handler, who), methods=["POST"]) for path, handler, who in routes.table()]
    return _Authenticated(Router(table), tokens)


def _answering(handler: Handler, permission: Permission) -> Handler:
    """Errors become answers; anything unforeseen is the server's 500. The run in the path has been checked."""

    async def answering(request: Request) -> Response:
        try:
            principal: Principal = request.scope[_PRINCIPAL]
            authorize(principal, permission, run_id=principal.run_id)
            return await handler(request)
        except RostrumError as error:
            return refusal(error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except OverflowError as error:  # of the database's driver: a number in the body that no column holds
            return refusal(StateError(f"a number is too large: {error}"))

    return answering


class _Authenticated:
    """In front of every route, known or not: no valid run token for the run in the path, no answer but 401 or 403."""

    def __init__(self, app: ASGIApp, tokens: RunTokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        token = _bearer(scope)
        try:
            principal = authorize(self._tokens.verify(token), Permission.STEP_WORKER, run_id=_run_id(scope))
        except Denied as error:
            status = 401 if isinstance(error, Unauthenticated) else 403
            await refusal(error, status)(scope, receive, send)
            return
        await self._app({**scope, _PRINCIPAL: principal, _TOKEN: token}, receive, send)


def _bearer(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if kind.lower() == "bearer" else ""
    return ""


def _run_id(scope: Scope) -> str | None:
    """The run id in the path below the mount; None where the path is of no run."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    parts = path.split("/")
    return parts[2] if len(parts) > 3 and parts[:2] == ["", "runs"] else None


class GatewayRoutes:
    """The handlers. The run id in the path has been checked against the token."""

    def __init__(
        self,
        events: EventLog,
        storage: Storage,
        logs: LogStore,
        tokens: RunTokens,
        pools: PoolRules,
        doorbell: Doorbell | None = None,
    ) -> None:
        self._events = events
        self._storage = storage
        self._log_writer = LogWriter(logs, doorbell)
        self._tokens = tokens
        self._pools = pools
        self._doorbell = doorbell

    def table(self) -> list[tuple[str, Handler, Permission]]:
        """Path below the mount, handler, and who may. All are POSTs."""
        run, any_worker = Permission.RUN_WORKER, Permission.STEP_WORKER
        return [
            ("/runs/{run_id}/bootstrap", self.bootstrap, run),
            ("/runs/{run_id}/events", self.append, any_worker),
            ("/runs/{run_id}/follow", self.follow, run),
            ("/runs/{run_id}/heartbeat", self.heartbeat, any_worker),
            ("/runs/{run_id}/read", self.read, any_worker),
            ("/runs/{run_id}/partitions", self.partitions, any_worker),
            ("/runs/{run_id}/slots/claim", self.claim, run),
            ("/runs/{run_id}/logs", self.logs, any_worker),
            ("/runs/{run_id}/slots/release", self.release, run),
            ("/runs/{run_id}/logs/{file_key}/complete", self.complete, run),
            ("/runs/{run_id}/logs/{file_key}/{stream}", self.log, run),
        ]

    async def bootstrap(self, request: Request) -> Response:
        """The run that the caller, a run worker started with a token only, is to execute."""
        run_id, epoch = _identity(request)

        def find() -> Run:
            with self._storage.begin() as session:
                run = _run(session, run_id)
            if run.is_finished or run.epoch != epoch:
                raise Fenced(f"epoch {epoch} of run {run_id} is over: there is nothing to execute")
            begun = run.status is RunStatus.CANCELING and run.started_at is not None
            if begun or run.status is RunStatus.RUNNING:  # a container that was restarted must not do it all again
                raise Fenced(f"run {run_id} has been begun by another worker: there is nothing to execute")
            return run

        return answer(Bootstrap(await run_in_threadpool(find), epoch))

    async def follow(self, request: Request) -> Response:
        """What the epoch's step workers have told after a cursor; waits a while for something."""
        run_id, epoch = _identity(request)
        wanted = await read_struct(request, FollowRequest)
        until = time.monotonic() + max(0.0, min(wanted.seconds, FOLLOW_SECONDS))
        after, bell = wanted.after, steps_topic(run_id)
        while True:
            seen = self._doorbell.count(bell) if self._doorbell is not None else 0
            events, after = await run_in_threadpool(told_by_steps, self._storage, run_id, epoch, after)
            left = until - time.monotonic()
            if events or left <= 0:
                return answer(FollowReply(encode_events(events), after))
            if self._doorbell is not None:
                await wait_async(self._doorbell, bell, seen, left)
            await asyncio.sleep(min(left, GATHER_SECONDS if self._doorbell is not None else 1.0))

    async def append(self, request: Request) -> Response:
        """Store a batch of events of the token's epoch; a batch with an event of another run or stream is refused
        whole.
        """
        run_id, epoch = _identity(request)
        body = await read_body(request)
        try:
            events = decode_events(body)
        except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as error:
            raise StateError(f"the body is not a batch of events: {error}") from error
        scope = _scope(request)
        stream = _stream(request)
        for event in events:
            if event.run_id != run_id or event.stream != stream:
                raise StateError(
                    f"event {event.sequence} is of {event.run_id} {event.stream}, not of {run_id} {stream}"
                )
            if event.at.tzinfo is None:
                raise StateError(f"event {event.sequence} has a time without a time zone")
        submitted = self._events.submit(run_id, epoch, events, stream=stream, scope=scope)
        result = await asyncio.wrap_future(submitted)
        orders = self._orders(request, Orders(cancel=result.cancel, fenced=result.fenced))
        return answer(AppendReply(result.stored, result.last_sequence, orders))

    async def heartbeat(self, request: Request) -> Response:
        """The worker lives; tell it what to do."""
        run_id, epoch = _identity(request)
        scope = _scope(request)
        if scope is not None:  # it asks whether it is still wanted; that the run's own worker lives it cannot know
            asked = self._events.submit(run_id, epoch, (), stream=_stream(request), scope=scope)
            result = await asyncio.wrap_future(asked)
            return answer(self._orders(request, Orders(cancel=result.cancel, fenced=result.fenced)))
        run = await asyncio.wrap_future(self._events.heard(run_id, epoch))
        return answer(self._orders(request, orders_for(run, epoch)))

    async def read(self, request: Request) -> Response:
        """Answer a query."""
        run_id, epoch = _identity(request)
        query = await read_struct(request, cast("type[RunQuery]", RunQuery))

        def ask() -> RunAnswer:
            with self._storage.begin() as session:
                _require_in_progress(session, run_id, epoch)
                return answer_query(session, query, run_id)

        return answer(await run_in_threadpool(ask))

    async def partitions(self, request: Request) -> Response:
        """Add and delete keys of a dynamic partitions definition."""
        run_id, epoch = _identity(request)
        wanted = await read_struct(request, PartitionsRequest)
        if not wanted.name or not all((*wanted.add, *wanted.delete)):
            raise StateError("names and keys of partitions cannot be empty")

        def change(session: Session) -> None:
            _require_in_progress(session, run_id, epoch)
            change_partitions(session, wanted.name, wanted.add, wanted.delete)

        await self._write(change)
        return answer({})

    async def claim(self, request: Request) -> Response:
        """Try to take a slot of a pool."""
        run_id, epoch = _identity(request)
        wanted = await read_struct(request, SlotRequest)
        wish = wanted.wish or SlotWish(wanted.pool, wanted.step_key)

        def claim(session: Session) -> SlotAnswer:
            claimed = Claim(_run(session, run_id), epoch, wish, wanted.others[:MOST_OTHERS], wanted.after)
            return claim_slot(session, claimed, self._pools)

        return answer(await self._write(claim))

    async def logs(self, request: Request) -> Response:
        """Store captured output at its offsets, and mark files complete."""
        batch = await read_struct(request, LogBatch)
        _require_own(_scope(request), [part.file_key for part in batch.parts], batch.complete)
        return await self._store_output(request, batch, answer)

    async def _store_output(
        self, request: Request, batch: LogBatch, answered: Callable[[LogReply], Response]
    ) -> Response:
        run_id, epoch = _identity(request)
        try:
            reply = await self._log_writer.write(lambda: self._require_epoch(run_id, epoch), run_id, batch)
        except Fenced as error:
            return refusal(error, EPOCH_IS_OVER)
        return answered(reply)

    # --- what run workers of the version before ask during an upgrade

    async def release(self, request: Request) -> Response:
        """A slot is given back: it is freed with the event that ends the attempt."""
        return answer({})

    async def log(self, request: Request) -> Response:
        """One part of one file, in the body."""
        part = older_part(request.path_params, request.query_params, await read_body(request))
        return await self._store_output(request, LogBatch((part,)), lambda reply: older_reply(part, reply))

    async def complete(self, request: Request) -> Response:
        """One file is complete."""
        batch = LogBatch(complete=(request.path_params["file_key"],))
        return await self._store_output(request, batch, lambda _: answer({}))

    def _require_epoch(self, run_id: str, epoch: int) -> None:
        """Raises Fenced when another worker owns the run. (The end of the run does not matter: its last output comes
        after it.)
        """
        with self._storage.begin() as session:
            run = _run(session, run_id)
        if run.epoch != epoch:
            raise Fenced(f"epoch {epoch} of run {run_id} is over: its output is not taken any more")

    async def _write(self, function: Callable[[Session], T]) -> T:
        future: Future[T] = self._events.call(function)
        return await asyncio.wrap_future(future)

    def _orders(self, request: Request, orders: Orders) -> Orders:
        """With a fresh token, when the caller's is past half its life."""
        fresh = self._tokens.fresh(request.scope[_TOKEN])
        if fresh is None or orders.fenced:
            return orders
        return msgspec.structs.replace(orders, token=fresh[0], token_expires_at=fresh[1])


def _run(session: Session, run_id: str) -> Run:
    run = session.runs.get(run_id)
    if run is None:
        raise NotFound(f"there is no run {run_id}")
    return run


def _require_in_progress(session: Session, run_id: str, epoch: int) -> None:
    """Raises Fenced when run or epoch have ended: a token is good for longer."""
    run = _run(session, run_id)
    if run.is_finished or run.epoch != epoch:
        raise Fenced(f"epoch {epoch} of run {run_id} is over: it asks and changes nothing any more")


def _scope(request: Request) -> StepScope | None:
    """Of a step worker."""
    principal: Principal = request.scope[_PRINCIPAL]
    return principal.step


def _stream(request: Request) -> str:
    """The one stream that the caller writes."""
    _, epoch = _identity(request)
    scope = _scope(request)
    return worker_stream(epoch) if scope is None else step_stream(epoch, scope.file_key)


def _require_own(scope: StepScope | None, *keys: Sequence[str]) -> None:
    """Raises Denied for log files that are not a step worker's own."""
    if scope is not None and any(key != scope.file_key for some in keys for key in some):
        raise Denied(f"a step worker writes its own log files only: {scope.file_key}")


def _identity(request: Request) -> tuple[str, int]:
    principal: Principal = request.scope[_PRINCIPAL]
    if principal.run_id is None or principal.epoch is None:
        raise Denied("this token is not a run token")
    return principal.run_id, principal.epoch
