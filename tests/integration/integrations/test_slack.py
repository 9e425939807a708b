"""Slack, against a server in this process."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import rostrum as ro
from rostrum.integrations.slack import (
    SlackResource,
    make_slack_on_run_failure_sensor,
    slack_on_failure,
    slack_on_success,
)


class Server(ThreadingHTTPServer):
    posted: list[dict[str, Any]]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "json" in self.headers["Content-Type"]:
            sent = json.loads(body)
        else:
            sent = dict(urllib.parse.parse_qsl(body))
        self.server.posted.append({**sent, "path": self.path, "token": self.headers["Authorization"]})
        answer = b'{"ok": true}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.posted = []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}/api/"


def test_resource_posts(server: Server) -> None:
    @ro.asset
    def told(slack: SlackResource) -> None:
        slack.get_client().chat_postMessage(channel="#ops", text="hello")

    assert ro.materialize([told], resources={"slack": SlackResource(token="xoxb-1", base_url=address(server))}).success
    assert server.posted == [
        {"channel": "#ops", "text": "hello", "path": "/api/chat.postMessage", "token": "Bearer xoxb-1"}
    ]


def test_hooks_post_what_failed_and_what_succeeded(server: Server) -> None:
    @ro.op
    def good() -> None: ...

    @ro.op
    def bad() -> None:
        raise ValueError("no")

    hooks = {slack_on_failure("#ops", webserver_base_url="http://ui"), slack_on_success("#ok", lambda context: "fine")}

    @ro.job(hooks=hooks, resource_defs={"slack": SlackResource(token="t", base_url=address(server))})
    def both() -> None:
        good()
        bad()

    assert not both.execute_in_process(raise_on_error=False).success
    by_channel = {each["channel"]: each["text"] for each in server.posted}
    assert by_channel["#ok"] == "fine"
    assert by_channel["#ops"].startswith("Op bad on job both failed!")
    assert "<http://ui/runs/" in by_channel["#ops"]


def test_sensor_posts_failed_runs(server: Server) -> None:
    @ro.op
    def bad() -> None:
        raise ValueError("no")

    @ro.job
    def failing() -> None:
        bad()

    sensor = make_slack_on_run_failure_sensor(
        "#ops", "xoxb-2", text_fn=lambda context: f"{context.dagster_run.job_name}!", base_url=address(server)
    )
    with ro.Instance.ephemeral() as instance:
        result = failing.execute_in_process(instance=instance, raise_on_error=False)
        context = ro.build_run_status_sensor_context(
            sensor_name="s",
            dagster_event=result.get_run_failure_event() if hasattr(result, "get_run_failure_event") else None,
            dagster_instance=instance,
            dagster_run=result.dagster_run if hasattr(result, "dagster_run") else result.run,
        ).for_run_failure()
        sensor(context)
    assert server.posted[0]["text"] == "failing!"
    assert "failing!" in json.dumps(server.posted[0]["blocks"])
