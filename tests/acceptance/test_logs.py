"""Captured output end to end, kept in an S3: live, complete to the last line, bounded, and without a secret in it."""

from __future__ import annotations

import http.client
import importlib.metadata
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.servers import Dev, Project, dev_on, until
from tests.s3_server import SECRET, S3Server, s3_server

ENVIRONMENT_SECRET, FETCHED_SECRET, FIELD_SECRET = "canary-from-environment", "canary-fetched-late", "canary-in-a-field"
CANARIES = (ENVIRONMENT_SECRET, FETCHED_SECRET, FIELD_SECRET, "canary-in-a-thread")
CODE = """
import logging, os, subprocess, sys, time
from pathlib import Path
from pydantic import SecretStr
from rostrum import (
    AssetMaterialization, ConfigurableResource, Definitions, MetadataValue, Output, RetryPolicy, RetryRequested, asset,
    get_logger, job, mask_secret, op,
)

HERE = Path(__file__).parent

def gate(name):
    (HERE / f"{name}.reached").write_text(str(os.getpid()))
    while not (HERE / f"{name}.go").exists():
        time.sleep(0.01)

class Vault(ConfigurableResource):
    opener: SecretStr
    password: str

def tell(text, context):
    print("printed", text)
    print("to err", text, file=sys.stderr)
    subprocess.run(["sh", "-c", 'echo "by a child: $1"', "sh", text], check=True)
    os.write(1, f"native {text}\\n".encode())
    context.log.info("logged " + text)
    get_logger().warning("logged %s", text)

@asset
def leaks(context, vault: Vault):
    fetched = mask_secret("-".join(["canary", "fetched", "late"]))
    for text in (os.environ["APP_TOKEN"], fetched, vault.opener.get_secret_value(), vault.password):
        tell(text, context)
    gate("leaks")
    context.add_output_metadata({"value": fetched, "json": {"a": [os.environ["APP_TOKEN"]]},
                                 "md": MetadataValue.md(vault.password)})
    return 1

@asset(isolation="thread")
def shares(context):
    fetched = mask_secret("-".join(["canary", "in", "a", "thread"]))
    tell(fetched, context)

@asset
def raises(context, vault: Vault):
    secret = os.environ["APP_TOKEN"]
    raise ValueError(f"could not log in with {secret} and {vault.password}")

@asset
def hangs(context):
    print("before", mask_secret("-".join(["canary", "fetched", "late"])))
    gate("hangs")
    print("last words", "-".join(["canary", "fetched", "late"]), flush=True)
    (HERE / "printed").touch()
    time.sleep(60)

@asset
def killed():
    print("last words of a step")
    os.kill(os.getpid(), 9)

@asset
def live():
    for number in range(3):
        print(f"{number} {time.time()}")
        (HERE / "printed.live").write_text(str(number))
        time.sleep(0.4)

@asset
def floods():
    line = "x" * 99 + "\\n"
    print("the first line")
    for _ in range(400):
        sys.stdout.write(line * 1000)
    print("the last line")

@op(retry_policy=RetryPolicy(max_retries=2))
def again(context):
    print("attempt", context.retry_number + 1)
    if context.retry_number < 2:
        raise ValueError("not yet")

@job
def retried():
    again()

defs = Definitions(
    assets=[leaks, raises, shares, hangs, killed, live, floods], jobs=[retried],
    resources={"vault": Vault(opener="canary-in-a-field", password="canary-in-a-field")},
)
"""


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server("logs") as server:
        yield server


@pytest.fixture(scope="module")
def dev(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    home = Path(tempfile.mkdtemp(prefix="rst"))
    options = "".join(f"    {name}: {value}\n" for name, value in s3.options.items() if "secret" not in name)
    (home / "rostrum.yaml").write_text(
        "logs:\n  name: object_store\n  max_bytes: 200000\n  config:\n    url: s3://logs\n    prefix: some/where\n"
        f"    aws_secret_access_key: {{env: LOGS_SECRET}}\n{options}"
    )
    project = Project(tmp_path_factory.mktemp("project"), CODE)
    environment = {"APP_TOKEN": ENVIRONMENT_SECRET, "LOGS_SECRET": SECRET}
    with dev_on(project, home, environment=environment) as server:
        yield server
    shutil.rmtree(home, ignore_errors=True)


def get(dev: Dev, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", dev.api.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def output(dev: Dev, run_id: str, file_key: str, stream: str = "out") -> str:
    return get(dev, f"/api/runs/{run_id}/logs/{file_key}/{stream}")[1].decode()


def has(dev: Dev, run_id: str, file_key: str, text: str) -> None:
    until(f"{file_key} of {run_id} has {text!r}", lambda: text in output(dev, run_id, file_key))


def part(dev: Dev, run_id: str, file_key: str, offset: int = 0) -> dict[str, Any]:
    query = """query($r: String!, $f: String!, $o: Int!) {
        log(runId: $r, fileKey: $f, stream: "out", offset: $o) { text offset nextOffset size complete }
    }"""
    found: dict[str, Any] = dev.api.ask(query, r=run_id, f=file_key, o=offset)["log"]
    return found


def stored(s3: S3Server) -> bytes:
    """All that is in the store."""
    client = s3.client()
    keys = [item["Key"] for item in client.list_objects_v2(Bucket="logs").get("Contents", [])]
    return b"\n".join(key.encode() + b"\n" + client.get_object(Bucket="logs", Key=key)["Body"].read() for key in keys)


def test_no_secret_leaves_the_worker(dev: Dev, s3: S3Server) -> None:
    """Printed, logged, written by a child and natively, raised, in metadata; the worker killed right after a print."""
    run_id = dev.api.launch("leaks", "raises", "shares")
    dev.project.wait_reached("leaks")
    has(dev, run_id, "leaks", "native ****")
    has(dev, run_id, "shares", "printed ****")
    dev.project.open("leaks")
    killed = dev.api.launch("hangs")
    dev.project.wait_reached("hangs")
    dev.project.open("hangs")
    until("it has printed", lambda: (dev.project.folder / "printed").exists())
    os.kill(dev.api.worker_pid(killed), signal.SIGKILL)
    assert dev.api.wait(run_id)["status"] == "failure"
    assert dev.api.wait(killed)["failureReason"] == "worker_died"
    until("the spool is taken", lambda: not any((dev.home / "spool").iterdir()))
    has(dev, killed, "hangs", "last words ****")
    shown = [json.dumps([dev.api.run(each), dev.api.events(each)]) for each in (run_id, killed)]
    shown += [output(dev, run_id, key, stream) for key in ("leaks", "raises") for stream in ("out", "err")]
    shown += [output(dev, killed, "hangs")]
    bundle = zipfile.ZipFile(io.BytesIO(get(dev, f"/api/runs/{run_id}/bundle")[1]))
    shown += [bundle.read(name).decode() for name in bundle.namelist()]
    in_store = stored(s3)
    files = [path for path in dev.home.rglob("*") if path.is_file()]
    for canary in CANARIES:
        assert not any(canary in text for text in shown), canary
        assert canary.encode() not in in_store
        assert not [path for path in files if canary.encode() in path.read_bytes()], canary
    text = shown[0]
    assert "logged ********" in text
    assert "could not log in with ******** and ********" in text
    assert all(f"{word} ****" in output(dev, run_id, "leaks") for word in ("printed", "native", "by a child:"))


def test_live_within_a_second_and_by_the_live_stream(dev: Dev) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", dev.api.port, timeout=20)
    connection.request("GET", "/events")
    stream = connection.getresponse()
    run_id = dev.api.launch("live")
    until("it prints", lambda: (dev.project.folder / "printed.live").exists())
    late: list[float] = []
    seen, offset = 0, 0
    while seen < 3:
        now = time.time()
        found = part(dev, run_id, "live", offset)
        offset = found["nextOffset"]
        for line in found["text"].splitlines():
            late.append(now - float(line.split()[1]))
            seen += 1
        if seen < 3:
            while f'"topic":"logs","runId":"{run_id}"'.encode() not in stream.readline():
                pass
    connection.close()
    assert sorted(late)[len(late) // 2] < 1.0, late
    dev.api.wait(run_id)


def test_last_words_of_a_killed_step(dev: Dev) -> None:
    run_id = dev.api.launch("killed")
    assert dev.api.wait(run_id)["status"] == "failure"
    has(dev, run_id, "killed", "last words of a step")
    classic = get(dev, f"/logs/{run_id}/compute_logs/killed/out")
    assert classic == (200, b"last words of a step\n")
    assert get(dev, f"/api/runs/{run_id}/logs/killed/out?offset=11")[1] == b"of a step\n"
    until("it is complete", lambda: part(dev, run_id, "killed")["complete"])


def test_attempts_have_files_of_their_own(dev: Dev) -> None:
    run_id = dev.api.launch(job="retried")
    assert dev.api.wait(run_id)["status"] == "success"
    files = [file for file in dev.api.run(run_id)["logFiles"] if file["stepKeys"] == ["again"]]
    assert [file["attempt"] for file in files] == [1, 2, 3]
    for number, file in enumerate(files, 1):
        has(dev, run_id, file["fileKey"], f"attempt {number}")
    arguments = ["run", "logs", run_id, "--step", "again", "--home", str(dev.home)]
    command = [sys.executable, "-m", "rostrum.cli.main", *arguments]
    environment = os.environ | {"LOGS_SECRET": SECRET}
    asked = {"capture_output": True, "text": True, "timeout": 60, "check": False, "env": environment}
    second: Any = subprocess.run([*command, "--attempt", "2", "--follow"], **asked)  # type: ignore[call-overload]
    assert (second.stdout, second.returncode) == ("attempt 2\n", 0)
    none: Any = subprocess.run([*command, "--attempt", "7"], **asked)  # type: ignore[call-overload]
    assert none.returncode != 0
    assert "nothing was captured of attempt 7 of step again; there is output of attempts 1, 2, 3" in none.stderr


def test_a_flood_is_kept_to_its_ends(dev: Dev, s3: S3Server) -> None:
    """40 MB where 200 kB are kept."""
    run_id = dev.api.launch("floods")
    began = time.monotonic()
    assert dev.api.wait(run_id)["status"] == "success"
    assert time.monotonic() - began < 20
    has(dev, run_id, "floods", "the last line\n")
    text = output(dev, run_id, "floods")
    assert text.startswith("the first line\n")
    assert "MB left out here: more was written than is kept of a log file (setting logs.max_bytes)" in text
    assert len(text) < 500_000
    keys = s3.client().list_objects_v2(Bucket="logs", Prefix=f"some/where/{run_id}/floods")["Contents"]
    assert sum(item["Size"] for item in keys) < 500_000


def test_a_store_that_is_away_loses_nothing_and_holds_nobody_up(dev: Dev, s3: S3Server) -> None:
    s3.refused = "some/where"
    try:
        run_id = dev.api.launch("killed")
        assert dev.api.wait(run_id, seconds=15)["status"] == "failure"
        status, body = get(dev, f"/api/runs/{run_id}/logs/killed/out")
        assert status == 503, body
        assert b"does not answer" in body
        assert dev.api.run(run_id)["logFiles"], "the page of the run is there"
    finally:
        s3.refused = None
    has(dev, run_id, "killed", "last words of a step")


def test_the_debug_bundle(dev: Dev, tmp_path: Path) -> None:
    run_id = dev.api.launch("raises", "killed")
    dev.api.wait(run_id)
    has(dev, run_id, "killed", "last words of a step")
    status, content = get(dev, f"/api/runs/{run_id}/bundle")
    assert status == 200
    file = tmp_path / "bundle.zip"
    command = [
        sys.executable,
        "-m",
        "rostrum.cli.main",
        "run",
        "bundle",
        run_id,
        "-o",
        str(file),
        "--home",
        str(dev.home),
    ]
    environment = os.environ | {"LOGS_SECRET": SECRET}
    asked = {"capture_output": True, "text": True, "timeout": 60, "check": False, "env": environment}
    done: Any = subprocess.run(command, **asked)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    for archive in (zipfile.ZipFile(io.BytesIO(content)), zipfile.ZipFile(file)):
        assert archive.testzip() is None
        held = {name: archive.read(name) for name in archive.namelist()}
        assert json.loads(held["run.json"])["run_id"] == run_id
        assert held["logs/killed.out"] == b"last words of a step\n"
        kinds = [json.loads(line)["kind"] for line in held["events.jsonl"].splitlines()]
        assert kinds[0] == "run_queued"
        assert kinds.count("step_failed") == 2
        assert [step["key"] for step in json.loads(held["plan.json"])["steps"]] == ["killed", "raises"]
        assert "leaks" in held["manifest.json"].decode()
        versions = json.loads(held["versions.json"])
        for place in ("code_location", "control_plane"):
            assert versions[place]["packages"]["msgspec"] == importlib.metadata.version("msgspec")
        assert json.loads(held["settings.json"])["logs"]["config"]["aws_secret_access_key"] == "********"
        summary = json.loads(held["bundle.json"])
        assert summary["files"]["logs/killed.out"] == {"bytes": 21}
        assert b"jq -r" in held["README.md"]
        whole = b"\n".join(held.values())
        assert not any(canary.encode() in whole for canary in (*CANARIES, SECRET))
    assert get(dev, f"/api/runs/{run_id[:-1]}x/bundle")[0] == 404
    assert get(dev, "/api/runs/..%2f..%2fetc/bundle")[0] == 404
