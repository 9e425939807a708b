"""The server as seen over the wire: who may speak to it, how it heals, what it watches."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc

from rostrum.codeserver.server import CodeServerOptions, serve
from rostrum.interfaces.launching import GatewayAddress, LaunchSpec, WorkerRef
from rostrum.interfaces.locations import ManifestReply
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ConfigError, Denied, Unavailable
from rostrum.model.manifest import AssetNode, Manifest
from rostrum.model.manifest_parts import encode_manifest, manifest_parts, part_hash
from rostrum.model.runs import Run, RunTarget
from rostrum.model.ticks import TickRequest
from rostrum.rpc.code_location import ClientTls, GrpcCodeLocation
from rostrum.rpc.code_server import GrpcServer, GrpcServerOptions, ServerTls
from rostrum.rpc.generated import code_location_pb2 as pb
from rostrum.rpc.generated.code_location_pb2_grpc import CodeLocationStub
from rostrum.service.clock import SystemClock
from rostrum.testing.conformance.code_location import CODE
from rostrum.testing.conformance.launchers import wait_until
from tests.integration.codeserver.bench import CodeServerBench

pytestmark = pytest.mark.processes


class Backend:
    """Answers manifest and nothing else; the body is larger than a chunk."""

    name = "here"
    data = bytes(range(256)) * 20_000

    def manifest(self, known_hash: str | None = None) -> ManifestReply:
        return ManifestReply(manifest_hash="h", data=None if known_hash == "h" else self.data, revision=3, fork="fork")

    def launch(self, spec: object) -> None:
        raise AssertionError("nothing should get here")

    def wait_for_change(self, revision: int, seconds: float) -> ManifestReply | None:
        threading.Event().wait(seconds)
        return None


def served(tmp_path: Path, **options: object) -> GrpcServer:
    address = options.pop("address", f"unix:{tmp_path / 'private' / 'code'}")
    server = GrpcServer(Backend(), GrpcServerOptions(address=address, **options))  # type: ignore[arg-type]
    server.start()
    return server


def test_socket_is_its_owners(tmp_path: Path) -> None:
    server = served(tmp_path)
    socket = tmp_path / "private" / "code"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    server.stop()


def test_large_manifests_come_in_chunks(tmp_path: Path) -> None:
    server = served(tmp_path)
    client = GrpcCodeLocation("here", server.address)
    assert client.manifest().data == Backend.data
    assert client.manifest("h") == ManifestReply(manifest_hash="h", revision=3, fork="fork")
    client.close()
    server.stop()


def test_off_loopback_a_token_is_needed(tmp_path: Path) -> None:
    for address in ("0.0.0.0:0", "192.0.2.1:4000", "[::]:0", "example.org:4000"):
        with pytest.raises(ConfigError, match="token"):
            served(tmp_path, address=address)


def test_only_the_token_opens(tmp_path: Path) -> None:
    server = served(tmp_path, address="127.0.0.1:0", token="right")
    for token in (None, "wrong", "", "righ"):
        client = GrpcCodeLocation("here", server.address, token=token)
        with pytest.raises(Denied):
            client.manifest()
        client.close()
    client = GrpcCodeLocation("here", server.address, token="right")
    assert client.manifest().revision == 3
    client.close()
    with grpc.insecure_channel(server.address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, "probes carry no token"
    server.stop()


def test_waiters_are_bounded(tmp_path: Path) -> None:
    """A wait beyond the bound is answered at once; nobody else is kept out."""
    server = served(tmp_path, threads=3, max_waiters=2)
    clients = [GrpcCodeLocation("here", server.address) for _ in range(6)]
    waiting = [threading.Thread(target=client.wait_for_change, args=(3, 1.0)) for client in clients[1:]]
    for thread in waiting:
        thread.start()
    assert clients[0].manifest("h").revision == 3
    for thread in waiting:
        thread.join()
    for client in clients:
        client.close()
    server.stop()


def test_newer_payloads_are_refused_with_a_reason(tmp_path: Path) -> None:
    server = served(tmp_path)
    with grpc.insecure_channel(server.address) as channel:
        stub = CodeLocationStub(channel)
        with pytest.raises(grpc.RpcError, match="newer version"):
            stub.Launch(pb.LaunchRequest(payload_version=99, spec=b""), timeout=5)
        with pytest.raises(grpc.RpcError, match="cannot be read"):
            stub.Launch(pb.LaunchRequest(payload_version=1, spec=b"\xc1"), timeout=5)
    server.stop()


def test_nobody_there(tmp_path: Path) -> None:
    client = GrpcCodeLocation("here", f"unix:{tmp_path}/nobody")
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.manifest()
    client.close()


class Launching(Backend):
    """Starts nothing, and says that it has."""

    def launch(self, spec: object) -> WorkerRef:  # type: ignore[override]
        return WorkerRef(launcher="none", run_id="r", epoch=1)


def test_a_launch_waits_for_a_server_that_is_about_to_come_up(tmp_path: Path) -> None:
    address = f"unix:{tmp_path / 'private' / 'code'}"
    client, started = GrpcCodeLocation("here", address), list[WorkerRef]()
    run = Run(run_id="r", target=RunTarget(location="here", job="j"), created_at=datetime(2026, 1, 1, tzinfo=UTC))
    spec = LaunchSpec(run=run, epoch=1, gateway=GatewayAddress("unix:/gateway"), token="t", spool_dir="s")
    launching = threading.Thread(target=lambda: started.append(client.launch(spec)))
    launching.start()
    launching.join(0.2)
    assert launching.is_alive(), "it waits"
    server = GrpcServer(Launching(), GrpcServerOptions(address=address))  # type: ignore[arg-type]
    server.start()
    launching.join(10)
    assert started == [WorkerRef(launcher="none", run_id="r", epoch=1)]
    server.stop()
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.launch(spec)
    client.close()


def test_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    pair = authority.issue_cert("localhost")
    tls = ServerTls(certificate=pair.cert_chain_pems[0].bytes(), key=pair.private_key_pem.bytes())
    server = served(tmp_path, address="localhost:0", tls=tls)
    trusting = GrpcCodeLocation("here", server.address, tls=ClientTls(root_certificates=authority.cert_pem.bytes()))
    assert trusting.manifest().revision == 3
    trusting.close()
    plain = GrpcCodeLocation("here", server.address)
    with pytest.raises(Unavailable):
        plain.manifest()
    plain.close()
    server.stop()


def test_only_changed_parts_of_a_manifest_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One changed asset of 10 000 costs less than 20 kB, both ways together; what arrives is the whole."""

    def encoded(changed: int) -> bytes:
        text = {changed: "now described"}
        return encode_manifest(
            Manifest(assets=tuple(AssetNode(AssetKey(f"a{n}"), description=text.get(n)) for n in range(10_000)))
        )

    server = served(tmp_path)
    client = GrpcCodeLocation("here", server.address)
    monkeypatch.setattr(Backend, "data", encoded(-1))
    first = client.manifest().data
    monkeypatch.setattr(Backend, "data", encoded(5000))
    second = client.manifest().data
    assert (first, second) == (encoded(-1), encoded(5000))
    known = b"".join(part_hash(part) for part in manifest_parts(first or b""))
    stub: Any = CodeLocationStub(grpc.insecure_channel(server.address))
    sent = sum(message.ByteSize() for message in stub.Manifest(pb.ManifestRequest(known_parts=known)))
    assert sent + len(known) < 20_000
    client.close()
    server.stop()


@pytest.fixture
def bench() -> Iterator[CodeServerBench]:
    bench = CodeServerBench("raise ValueError('not yet')", "always", watch=True)
    yield bench
    bench.close()


def test_a_location_that_never_loaded_heals(bench: CodeServerBench) -> None:
    """The error is told; the file is watched although nothing has loaded; saving it is enough."""
    broken = bench.location.manifest()
    assert broken.manifest_hash is None
    assert broken.error is not None
    assert "not yet" in broken.error.message
    with pytest.raises(Unavailable, match="not yet"):
        bench.location.evaluate(TickRequest(name="lazy"), 5)
    bench.write(CODE)
    wait_until("it has loaded", lambda: bench.location.manifest().manifest_hash is not None)
    assert bench.location.manifest().error is None
    known = bench.location.manifest().manifest_hash
    bench.write(CODE.replace("nightly", "hourly"))
    wait_until("the change was seen", lambda: bench.location.manifest().manifest_hash != known)


def test_what_loading_reads_is_code(bench: CodeServerBench) -> None:
    limits = bench.folder / "limits.json"
    bench.write(
        f"from pathlib import Path\nnamed = Path({str(limits)!r}).read_text()\n" + CODE + "\nraise OSError(named)"
    )
    wait_until("the file is missed", lambda: "limits.json" in getattr(bench.location.manifest().error, "message", ""))
    for text in ("first", "second"):
        limits.write_text(text)
        wait_until("it is read", lambda: text in getattr(bench.location.manifest().error, "message", ""))  # noqa: B023


def test_a_load_that_ends_its_process_is_mended_by_saving(bench: CodeServerBench) -> None:
    bench.write(CODE)
    wait_until("it has loaded", lambda: bench.location.manifest().error is None)
    good = bench.location.manifest()
    for code in ("import os\nos._exit(9)\n", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"):
        bench.write(code)
        wait_until("the end is told", lambda: "Crash" in getattr(bench.location.manifest().error, "class_name", ""))
        assert bench.location.manifest().manifest_hash == good.manifest_hash
        bench.write(CODE)
        wait_until("it has loaded again", lambda: bench.location.manifest().error is None)


def test_the_last_good_version_survives_its_zygote(bench: CodeServerBench) -> None:
    """The file on disk is broken when the zygote dies: the version that was running comes back all the same."""
    bench.write(CODE)
    wait_until("it has loaded", lambda: bench.location.manifest().error is None)
    good = bench.location.manifest()
    bench.write("def broken(:")
    wait_until("the error is told", lambda: bench.location.manifest().error is not None)
    revision = bench.location.manifest().revision
    bench.kill_zygote()
    wait_until("it is healed", lambda: bench.location.manifest().revision > revision)
    wait_until("it answers", lambda: bench.location.status().zygote_pid > 0)
    assert bench.location.manifest().manifest_hash == good.manifest_hash
    assert bench.location.evaluate(TickRequest(name="lazy"), 20).skip_reason == "nothing to do"
    assert bench.location.manifest().error is not None, "what is on disk is still broken"


def test_token_is_not_in_the_users_environment(tmp_path: Path) -> None:
    """`serve` in this process: the zygote gets the environment it is told to."""
    code = tmp_path / "code.py"
    code.write_text("import os\nimport rostrum as ro\nassert 'TOKEN' not in os.environ, 'seen'\n" + CODE)
    options = CodeServerOptions(
        location="here",
        target=msgspec.Raw(msgspec.json.encode({"python_file": str(code)})),
        address=f"unix:{tmp_path / 's' / 'code'}",
        workers_dir=str(tmp_path / "workers"),
    )
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=serve, args=(options, SystemClock(), stop), kwargs={"environment": {"PATH": "/bin"}, "on_ready": ready}
    )
    thread.start()
    assert ready.wait(10)
    client = GrpcCodeLocation("here", options.address)
    assert client.manifest().error is None
    client.close()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
