"""`rostrum dev` and the command line as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.servers import PROJECT, Api, Dev, Process, Project, check_events, dev_on, kill_workers, until

COMMAND = [sys.executable, "-m", "rostrum.cli.main"]


def rostrum(*arguments: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "rostrum.cli.main", *arguments, "--home", str(home)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_broken_code_keeps_the_last_good_version_and_names_file_and_line(dev: Dev) -> None:
    good = dev.location()["manifestHash"]
    dev.project.write(PROJECT + "\ndef oops(:\n    pass\n")
    location = dev.api.ask('mutation { reloadLocation(name: "shop.py") { status error manifestHash } }')[
        "reloadLocation"
    ]
    assert location["status"] == "failed"
    assert location["manifestHash"] == good
    assert "SyntaxError" in json.dumps(location["error"])
    assert "shop.py" in json.dumps(location["error"])
    dev.project.open("first", "second")
    run = dev.api.wait(dev.api.launch(job="chain"))
    assert run["status"] == "success", "the version that loaded last goes on working"
    dev.project.write(
        PROJECT.replace("def third(second):", "def fourth(second):")
        .replace("second, third", "second, fourth")
        .replace('"third"', '"fourth"')
    )
    until(
        "the mended code is noticed by itself",
        lambda: dev.location()["status"] == "ready" and dev.location()["manifestHash"] != good,
    )
    assert dev.api.ask('{ asset(key: "fourth") { key } }')["asset"]["key"] == "fourth"


def test_a_failed_step_shows_the_users_line_first_and_its_output_is_kept(dev: Dev) -> None:
    dev.project.open("first", "second")
    run_id = dev.api.launch("first", "broken")
    run = dev.api.wait(run_id)
    assert (run["status"], run["errorLine"]) == ("failure", "ValueError: no gust")
    frames = [frame for frame in run["error"]["frames"] if frame.get("user")]
    assert frames[-1]["file"].endswith("shop.py")
    assert "raise ValueError" in " ".join(frames[-1]["source"])
    key = next(file["fileKey"] for file in run["logFiles"] if file["stepKeys"] == ["first"])
    query = 'query($r: String!, $k: String!) { log(runId: $r, fileKey: $k, stream: "out") { text complete } }'
    log = until(
        "the output is complete", lambda: (found := dev.api.ask(query, r=run_id, k=key)["log"])["complete"] and found
    )
    assert log["text"] == "first prints\n"
    check_events(dev.api.events(run_id))


def test_the_command_line_works_beside_a_running_server(dev: Dev) -> None:
    dev.project.open("first", "second")
    where = {"folder": dev.project.folder, "home": dev.home}
    launched = rostrum("job", "launch", "chain", "--follow", **where)
    assert launched.returncode == 0, launched.stdout + launched.stderr
    assert "run_succeeded" in launched.stdout
    (run,) = json.loads(rostrum("run", "list", "--json", **where).stdout)
    assert run["status"] == "success"
    shown = rostrum("run", "show", run["run_id"][-8:], **where)
    assert "3 of 3 done" in shown.stdout
    assert "first prints" in rostrum("run", "logs", run["run_id"], "--output", **where).stdout
    wrong = rostrum("job", "launch", "chian", **where)
    assert wrong.returncode == 1
    assert "Traceback" not in wrong.stderr
    assert "chain" in wrong.stderr


def test_materialize_records_the_run_in_the_instance(project: Project, home: Path) -> None:
    project.open("first")
    done = rostrum("materialize", "-f", "shop.py", "--select", "first", "--json", folder=project.folder, home=home)
    assert done.returncode == 0, done.stderr
    run_id = json.loads(done.stdout)["run_id"]
    assert "first prints" in done.stderr
    failed = rostrum("materialize", "-f", "shop.py", "--select", "broken", folder=project.folder, home=home)
    assert failed.returncode == 1
    assert "shop.py" in failed.stdout
    assert "ValueError: no gust" in failed.stdout
    runs = json.loads(rostrum("run", "list", "--json", folder=project.folder, home=home).stdout)
    assert [run["status"] for run in runs] == ["failure", "success"]
    assert runs[1]["run_id"] == run_id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("dev", "-f", "nowhere.py"), "there is no file nowhere.py"),
        (("dev", "-f", "shop.py", "--host", "0.0.0.0", "--port", "0"), "rostrum user add"),
        (("dve",), "Did you mean dev?"),
        (("run", "show", "0000"), "no run has an id that begins or ends with '0000'"),
        (("materialize", "-f", "shop.py", "--select", "nothing_like_it"), "nothing_like_it"),
    ],
)
def test_wrong_use_is_one_clear_message(project: Project, home: Path, arguments: tuple[str, ...], said: str) -> None:
    command = list(arguments)
    if command != ["dve"]:
        command += ["--home", str(home)]
    answer = subprocess.run(
        [sys.executable, "-m", "rostrum.cli.main", *command],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode != 0
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_wrong_settings_name_file_line_and_the_nearest_key(project: Project, home: Path) -> None:
    (home / "rostrum.yaml").write_text("deployment: here\nrun_queue:\n  max_concurent_runs: 3\n")
    answer = rostrum("run", "list", folder=project.folder, home=home)
    assert answer.returncode == 1
    assert (
        "rostrum.yaml:3: unknown key run_queue.max_concurent_runs; did you mean max_concurrent_runs?" in answer.stderr
    )


def test_a_second_server_on_the_same_home_is_refused(dev: Dev) -> None:
    second = rostrum("dev", "-f", "shop.py", "--port", "0", folder=dev.project.folder, home=dev.home)
    assert second.returncode == 1
    assert "another rostrum process serves" in second.stderr


@pytest.mark.parametrize("fork", ["always", "never"])
def test_work_is_started_by_fork_or_fresh_alike(project: Project, home: Path, fork: str) -> None:
    project.open("first", "second")
    with dev_on(project, home, arguments=("--fork", fork)) as dev:
        assert dev.location()["fork"].startswith("fork" if fork == "always" else "fresh")
        run = dev.api.wait(dev.api.launch(job="chain"))
        assert (run["status"], run["stepsDone"]) == ("success", 3)


def test_webserver_and_daemons_apart(project: Project, home: Path) -> None:
    """Services on one host share the database file; two daemons launch nothing twice; each may be killed."""
    project.open("first", "second")
    where = ["-f", str(project.file), "--home", str(home)]
    daemons = [
        Process(["daemon", "run", *where], project.folder, home / "daemon1.log"),
        Process(["daemon", "run", "--no-code-servers", *where], project.folder, home / "daemon2.log"),
    ]
    web = Process(["webserver", "--port", "0", *where], project.folder, home / "web.log")
    try:
        port = until(
            "the webserver is up", lambda: "serving on" in web.text and int(web.text.split("127.0.0.1:")[1].split()[0])
        )
        api = Api(port)
        until(
            "the code is loaded",
            lambda: [s for s in api.ask("{ locations { status } }")["locations"] if s["status"] == "ready"],
        )
        runs = [api.launch("free") for _ in range(12)]
        for run_id in runs:
            assert api.wait(run_id)["status"] == "success"
            events = api.events(run_id)
            check_events(events)
            assert sum(e["kind"] == "run_worker_launched" for e in events) == 1
        daemons[1].kill()
        assert api.wait(api.launch(job="chain"))["status"] == "success"
    finally:
        for process in (web, *daemons):
            if process.popen.poll() is None:
                process.stop()
        kill_workers(home)


OPS = """
from pathlib import Path
from typing import Any
from rostrum import Definitions, job, op

HERE = Path(__file__).parent

def called(name):
    with open(HERE / "calls", "a") as calls:
        calls.write(name)

@op
def a():
    called("a")
    return 20

@op
def b(a):
    called("b")
    if not (HERE / "mended").exists():
        raise ValueError("not yet")
    return a + 1

@op
def c(a, b):
    called("c")
    if not (HERE / "all_mended").exists():
        raise ValueError("not yet either")
    (HERE / "sum").write_text(str(a + b))

@job
def chain():
    first = a()
    c(first, b(first))

defs = Definitions(jobs=[chain])
"""


def test_a_retry_of_ops_takes_values_from_the_runs_before(tmp_path: Path, home: Path) -> None:
    retry = "mutation($id: String!) { retryRun(id: $id) { id } }"
    with dev_on(Project(tmp_path / "project", OPS), home) as dev:
        folder = dev.project.folder
        first = dev.api.launch(job="chain")
        assert dev.api.wait(first)["failedStepKey"] == "b"
        (folder / "mended").touch()
        second = dev.api.ask(retry, id=first)["retryRun"]["id"]
        assert dev.api.wait(second)["failedStepKey"] == "c"
        (folder / "all_mended").touch()
        third = dev.api.ask(retry, id=second)["retryRun"]["id"]
        run = dev.api.wait(third)
        assert (run["status"], run["stepsTotal"]) == ("success", 1), run
        assert (folder / "calls").read_text() == "abbcc"
        assert (folder / "sum").read_text() == "41"
        for run_id in (first, second, third):
            check_events(dev.api.events(run_id))


def test_users_and_tokens_can_be_taken_away(project: Project, home: Path) -> None:
    where: Any = {"folder": project.folder, "home": home}
    added = subprocess.run(
        [
            sys.executable,
            "-m",
            "rostrum.cli.main",
            "user",
            "add",
            "ada",
            "--password-stdin",
            "--json",
            "--home",
            str(home),
        ],
        input="a long password\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(added.stdout) == {"name": "ada", "roles": ["admin"]}
    secret = json.loads(rostrum("user", "token", "ada", "--label", "ci", "--json", **where).stdout)["token"]
    listed = rostrum("user", "tokens", "--json", **where).stdout
    assert secret not in listed
    (token,) = json.loads(listed)
    assert rostrum("user", "revoke", token["token_id"], **where).returncode == 0
    assert json.loads(rostrum("user", "tokens", "--json", **where).stdout) == []
    assert rostrum("user", "revoke", token["token_id"], **where).returncode == 1
    assert "locked out" in rostrum("user", "disable", "ada", **where).stdout
    assert json.loads(rostrum("user", "list", "--json", **where).stdout)[0]["disabled"] is True


def test_following_a_run_without_a_daemon_says_so(project: Project, home: Path) -> None:
    project.open("first")
    assert (
        rostrum("materialize", "-f", "shop.py", "--select", "first", folder=project.folder, home=home).returncode == 0
    )
    follow = Process(
        ["job", "launch", "--asset", "first", "--follow", "--home", str(home)], project.folder, home / "log"
    )
    try:
        until("it says what is missing", lambda: "no daemon is running" in follow.text)
    finally:
        follow.stop()


SCRIPT = """
import sys
from rostrum import Instance, asset, materialize

@asset
def free():
    return 1

@asset
def of_the_script(free):
    return free + 1

with Instance.open(sys.argv[1]) as instance:
    print(materialize([free, of_the_script], instance=instance).run_id)
"""


def test_a_script_beside_a_running_server_shows_there(dev: Dev) -> None:
    command = [sys.executable, "-c", SCRIPT, str(dev.home)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=dev.project.folder)
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.strip()
    run = dev.api.run(run_id)
    assert (run["status"], run["stepsDone"]) == ("success", 2)
    check_events(dev.api.events(run_id))
    found = dev.api.ask('{ asset(key: "free") { status lastMaterializedRunId } }')["asset"]
    assert found == {"status": "materialized", "lastMaterializedRunId": run_id}
    assert [each["id"] for each in dev.api.ask("{ runs(limit: 5) { runs { id } } }")["runs"]["runs"]] == [run_id]
    with pytest.raises(AssertionError, match="there is no code location 'local'"):
        dev.api.ask('mutation($id: String!) { retryRun(id: $id, strategy: "all") { id } }', id=run_id)
