"""`rostrum run-worker` and `rostrum step-worker` as containers start them: real processes with nothing but the address
of a gateway and a token, over TCP.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rostrum.codeserver import bootstrap
from rostrum.codeserver.step_worker import run_step_work
from rostrum.definitions.location.loading import CodeTarget
from rostrum.execution.workers.remote_work import RemoteWork
from rostrum.interfaces.launching import GatewayAccess, GatewayAddress, LaunchSpec, StepLaunch
from rostrum.interfaces.run_tokens import narrowed
from rostrum.interfaces.worker_environment import worker_command, worker_variables
from rostrum.model.errors import ErrorInfo, Unavailable
from rostrum.model.events import RunCanceling, RunQueued, RunStarted, RunStarting, StepRetrying
from rostrum.model.plans import Step
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.plan import build_plan
from rostrum.testing.conformance.executors import code
from rostrum.testing.conformance.executors.bench import CODE
from tests.integration.gateway.served import Gateway, Plane, until

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    plane = Plane(tmp_path_factory.mktemp("workers"))
    yield plane
    plane.close()


@pytest.fixture(scope="module")
def gateway(plane: Plane) -> Iterator[Gateway]:
    gateway = Gateway(plane, tcp=True).start()
    yield gateway
    gateway.stop(hard=True)


class Bench:
    def __init__(self, plane: Plane, gateway: Gateway, folder: Path) -> None:
        self.plane, self.gateway, self.folder = plane, gateway, folder
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, job: str, **config: Any) -> Run:
        now = self.plane.clock.now()
        run = Run(run_id=self.plane.clock.new_id(), target=RunTarget("test", job), created_at=now, config=config)
        with self.plane.events.transaction() as session:
            session.runs.add([run])
            return self.plane.events.append_control(session, run, RunQueued(at=now), RunStarting(at=now, epoch=1))

    def started(self, job: str) -> tuple[Run, Step]:
        """A run whose worker waits for its first step."""
        run = self.run(job)
        resolved = code.defs.resolved()
        step = build_plan(resolved.manifest, run.target, resolved.graph).steps[0]
        event = RunStarted(
            run_id=run.run_id, stream="worker/1", sequence=1, at=self.plane.clock.now(), epoch=1, step_keys=(step.key,)
        )
        self.plane.events.append(run.run_id, 1, [event])
        return run, step

    def spec(self, run: Run, step: Step | None = None) -> LaunchSpec:
        token = self.plane.tokens.mint(run.run_id, 1)
        launch = None
        if step is not None:
            work = RemoteWork(run=run, step=step, attempt=1, target=CodeTarget(module_name=CODE))
            token = narrowed(token, work.scope)
            launch = StepLaunch(step_key=step.key, attempt=1, work=msgspec.msgpack.encode(work))
        return LaunchSpec(
            run=run,
            epoch=1,
            gateway=self.gateway.address,
            token=token,
            spool_dir="",
            code={"module_name": CODE},
            step=launch,
        )

    def start(self, spec: LaunchSpec, **environment: str) -> subprocess.Popen[str]:
        variables = worker_variables(spec)
        command = [sys.executable, "-m", "rostrum.cli.main", *worker_command(spec)[1:]]
        assert spec.token not in " ".join(command)
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={"ROSTRUM_TEST_FOLDER": str(self.folder), **variables.plain, **variables.secret, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def close(self) -> None:
        """A test that fails leaves no process either."""
        for process in self.processes:
            process.kill()
            process.communicate()

    def kinds(self, run: Run, stream: str) -> list[str]:
        return [event.kind for event in self.plane.stored(run.run_id, stream)]


@pytest.fixture
def bench(plane: Plane, gateway: Gateway, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(plane, gateway, tmp_path)
    yield bench
    bench.close()


def ended(process: subprocess.Popen[str], seconds: float = 30.0) -> tuple[int, str]:
    _, errors = process.communicate(timeout=seconds)
    return process.returncode, errors


def test_a_run_worker_executes_its_run(bench: Bench) -> None:
    run = bench.run("chain")
    code, errors = ended(bench.start(bench.spec(run)))
    assert code == 0, errors
    assert bench.plane.run(run.run_id).status is RunStatus.SUCCESS
    assert bench.plane.run(run.run_id).steps_done == 4


def test_a_run_that_fails_ends_its_worker_with_1_and_an_ended_one_with_3(bench: Bench) -> None:
    run = bench.run("branches")
    assert ended(bench.start(bench.spec(run)))[0] == 1
    status, errors = ended(bench.start(bench.spec(run)))
    assert (status, "nothing to execute" in errors) == (3, True)


def test_a_step_worker_runs_its_attempt(bench: Bench) -> None:
    run, step = bench.started("talking")
    status, errors = ended(bench.start(bench.spec(run, step)))
    assert status == 0, errors
    assert bench.kinds(run, "worker/1/talks") == [
        "logs_captured", "step_started", "log_message", "output_stored", "step_succeeded",
    ]  # fmt: skip
    assert bench.plane.run(run.run_id).steps_done == 1
    out = bench.plane.logs.read(run.run_id, "talks", "out")
    assert b"by descriptor\n" in out.data
    assert out.data.endswith(b"by a child")
    assert out.complete
    # The same attempt is not run again, whoever starts it.
    status, errors = ended(bench.start(bench.spec(run, step)))
    assert (status, "taken" in errors) == (3, True)
    assert bench.plane.run(run.run_id).steps_done == 1


def test_user_code_sees_neither_token_nor_work(bench: Bench) -> None:
    run, step = bench.started("looking_around")
    assert ended(bench.start(bench.spec(run, step)))[0] == 0
    seen = bench.plane.logs.read(run.run_id, "looks_around", "out").data.decode()
    assert "ROSTRUM_GATEWAY" in seen
    assert "ROSTRUM_RUN_TOKEN" not in seen
    assert "ROSTRUM_STEP_WORK" not in seen


def test_a_cancel_interrupts_a_step_worker(bench: Bench) -> None:
    run, step = bench.started("waiting")
    process = bench.start(bench.spec(run, step))
    until(lambda: "step_started" in bench.kinds(run, "worker/1/waits"), 20.0)
    bench.plane.control(run.run_id, RunCanceling(at=bench.plane.clock.now(), by="test"))
    assert ended(process)[0] == 0
    assert bench.kinds(run, "worker/1/waits")[-1] == "step_canceled"


def test_an_attempt_that_was_given_up_ends_too(bench: Bench) -> None:
    run, step = bench.started("waiting")
    process = bench.start(bench.spec(run, step))
    until(lambda: "step_started" in bench.kinds(run, "worker/1/waits"), 20.0)
    given_up = StepRetrying(
        run_id=run.run_id,
        stream="worker/1",
        sequence=2,
        at=bench.plane.clock.now(),
        step_key="waits",
        error=ErrorInfo(class_name="Lost", message="gone"),
        attempt=1,
        cause="lost",
    )
    bench.plane.events.append(run.run_id, 1, [given_up])
    assert ended(process)[0] == 0
    assert [event.kind for event in bench.plane.evidence(run.run_id)] == ["step_canceled"]


def test_a_machine_that_goes_away_leaves_the_attempt_open(bench: Bench) -> None:
    run, step = bench.started("waiting")
    process = bench.start(bench.spec(run, step))
    until(lambda: "step_started" in bench.kinds(run, "worker/1/waits"), 20.0)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143
    assert bench.kinds(run, "worker/1/waits")[-1] == "step_started"


def test_a_time_limit_is_kept_by_the_step_worker(bench: Bench) -> None:
    run, step = bench.started("waiting")
    limited = msgspec.structs.replace(step, timeout_seconds=0.3)
    assert ended(bench.start(bench.spec(run, limited)))[0] == 0
    (*_, end) = bench.plane.stored(run.run_id, "worker/1/waits")
    assert (end.kind, end.cause) == ("step_failed", "timeout")  # type: ignore[union-attr]
    assert "0.3 s" in end.error.first_line  # type: ignore[union-attr]


def test_code_that_does_not_load_fails_the_attempt(bench: Bench) -> None:
    run, step = bench.started("waiting")
    spec = msgspec.structs.replace(bench.spec(run, step), code={"python_file": "nowhere.py"})
    assert ended(bench.start(spec))[0] == 0
    (*_, end) = bench.plane.stored(run.run_id, "worker/1/waits")
    assert end.kind == "step_failed"
    assert "nowhere.py" in end.error.first_line  # type: ignore[union-attr]


class Deaf:
    """Answers as no gateway does, or not at all."""

    def __init__(self, *, deaf: bool) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        if deaf:
            self._socket.close()
        else:
            threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._socket.accept()
                with line:
                    line.recv(65536)
                    line.sendall(b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 2\r\n\r\nno")

    def close(self) -> None:
        self._socket.close()


def test_no_code_is_called_before_the_gateway_has_answered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run, step = bench.started("waiting")
    spec = bench.spec(run, step)
    assert spec.step is not None
    nobody = GatewayAddress(Deaf(deaf=True).url)
    monkeypatch.setattr(bootstrap.ask_for_step, "__kwdefaults__", {"patience": 0.3})
    with pytest.raises(Unavailable, match="does not answer"):
        run_step_work(spec.step.work, GatewayAccess(nobody, spec.token))
    assert not list(bench.folder.glob("mark-*"))
    assert bench.kinds(run, "worker/1/waits") == []


def test_what_is_no_gateway_is_told_at_once(bench: Bench) -> None:
    deaf = Deaf(deaf=False)
    spec = msgspec.structs.replace(bench.spec(bench.run("chain")), gateway=GatewayAddress(deaf.url))
    status, errors = ended(bench.start(spec))
    assert (status, f"ConfigError: what answers at {deaf.url} is no gateway" in errors) == (2, True), errors
    deaf.close()


def test_work_of_another_version_is_told(bench: Bench) -> None:
    run, step = bench.started("waiting")
    launch = StepLaunch(step_key="waits", attempt=1, work=b"\x81\xa3new\x01")
    spec = msgspec.structs.replace(bench.spec(run, step), step=launch)
    status, errors = ended(bench.start(spec))
    assert (status, "ConfigError: the work of a step cannot be read" in errors) == (2, True), errors


def test_what_is_missing_is_told(bench: Bench) -> None:
    run = bench.run("chain")
    spec = bench.spec(run)
    status, errors = ended(bench.start(spec, ROSTRUM_GATEWAY=""))
    assert (status, errors) == (
        2,
        "ConfigError: ROSTRUM_GATEWAY must be in the environment: a launcher starts this command and sets them\n",
    )
    status, errors = ended(bench.start(spec, ROSTRUM_RUN_TOKEN="nonsense"))
    assert (status, "the token is not good" in errors) == (3, True)


def test_variables_come_from_a_dotenv_file_and_the_code_from_the_folder(bench: Bench) -> None:
    run = bench.run("chain")
    spec = msgspec.structs.replace(bench.spec(run), code=None)
    variables = worker_variables(spec)
    lines = [f"{name}={value!r}" for name, value in {**variables.plain, **variables.secret}.items()]
    (bench.folder / ".env").write_text("# told by nobody else\n" + "\n".join(lines))
    command = [sys.executable, "-m", "rostrum.cli.main", "api", "execute_run", "-m", CODE]
    environment = {"ROSTRUM_TEST_FOLDER": str(bench.folder)}
    found = subprocess.run(command, cwd=bench.folder, env=environment, capture_output=True, text=True, timeout=30)
    assert found.returncode == 0, found.stderr
    assert bench.plane.run(run.run_id).status is RunStatus.SUCCESS


class Proxy:
    """An HTTP proxy that passes on what it is told, and remembers for whom."""

    def __init__(self) -> None:
        import http.client
        import http.server

        proxy = self
        self.asked: list[tuple[str, str | None]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                proxy.asked.append((self.path, self.headers.get("Proxy-Authorization")))
                assert self.path.startswith("http://gateway.test/")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                line = http.client.HTTPConnection(proxy.target, timeout=30)
                headers = {key: value for key, value in self.headers.items() if not key.startswith("Proxy-")}
                line.request("POST", self.path.removeprefix("http://gateway.test"), body, headers)
                answer = line.getresponse()
                data = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                line.close()

            def log_message(self, *_: Any) -> None:
                pass

        self.target = ""
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_workers_go_through_the_proxy_of_their_environment(bench: Bench) -> None:
    proxy = Proxy()
    proxy.target = bench.gateway.address.url.removeprefix("http://")
    run, step = bench.started("talking")
    spec = bench.spec(run, step)
    here = f"http://ada:s3cret@127.0.0.1:{proxy.server.server_port}"
    far = msgspec.structs.replace(spec, gateway=msgspec.structs.replace(spec.gateway, url="http://gateway.test"))
    assert ended(bench.start(far, http_proxy=here))[0] == 0
    assert bench.kinds(run, "worker/1/talks")[-1] == "step_succeeded"
    assert {authorization for _, authorization in proxy.asked} == {"Basic YWRhOnMzY3JldA=="}
    proxy.server.shutdown()
    proxy.server.server_close()
