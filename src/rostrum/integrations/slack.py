"""Slack: messages by a resource, a hook on failed steps, and a sensor on failed runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from pydantic import Field
from slack_sdk.web.client import WebClient

from rostrum.definitions.automations.run_status_sensors import (
    RunFailureSensorContext,
    RunStatusSensorDefinition,
    run_failure_sensor,
)
from rostrum.definitions.automations.sensors import DefaultSensorStatus
from rostrum.definitions.config.schema import Field as SchemaField
from rostrum.definitions.ops.hooks import HookContext, HookDefinition, failure_hook, success_hook
from rostrum.definitions.resources.lifecycle import InitResourceContext, resource
from rostrum.definitions.resources.resources import ConfigurableResource

SLACK = "https://slack.com/api/"


class SlackResource(ConfigurableResource[Any]):
    """A client of Slack: `slack.get_client().chat_postMessage(channel="#ops", text="...")`."""

    token: str = Field(description="Token of the bot or user, `xoxb-...`. Give it as EnvVar.")
    base_url: str = Field(default=SLACK, description="Address of the API.")

    def get_client(self) -> WebClient:
        """The client."""
        return WebClient(self.token, base_url=self.base_url)

    def get_object_to_set_on_execution_context(self) -> Any:
        """What functions of the older style get: the client."""
        return self.get_client()


@resource(config_schema={"token": SchemaField(str, description="Token of the bot or user.")})
def slack_resource(init_context: InitResourceContext) -> Any:
    """A client of Slack in the style of functions."""
    return SlackResource(token=cast("dict[str, str]", init_context.config)["token"]).get_client()


def slack_on_failure(
    channel: str,
    message_fn: Callable[[HookContext], str] | None = None,
    dagit_base_url: str | None = None,
    webserver_base_url: str | None = None,
) -> HookDefinition:
    """A hook that posts to a channel when a step fails. It needs the resource `slack`."""
    told: Callable[[HookContext], str] = message_fn or (lambda context: _step(context, "failed"))
    base = webserver_base_url or dagit_base_url

    @failure_hook(required_resource_keys={"slack"})
    def _slack_on_failure(context: HookContext) -> None:
        """Post to Slack."""
        _post(context, channel, told(context), base)

    return _slack_on_failure


def slack_on_success(
    channel: str,
    message_fn: Callable[[HookContext], str] | None = None,
    dagit_base_url: str | None = None,
    webserver_base_url: str | None = None,
) -> HookDefinition:
    """A hook that posts to a channel when a step succeeds. It needs the resource `slack`."""
    told: Callable[[HookContext], str] = message_fn or (lambda context: _step(context, "succeeded"))
    base = webserver_base_url or dagit_base_url

    @success_hook(required_resource_keys={"slack"})
    def _slack_on_success(context: HookContext) -> None:
        """Post to Slack."""
        _post(context, channel, told(context), base)

    return _slack_on_success


def _step(context: HookContext, verb: str) -> str:
    return f"Op {context.op.name} on job {context.job_name} {verb}!\nRun ID: {context.run_id}"


def _post(context: HookContext, channel: str, text: str, base: str | None) -> None:
    if base:
        text += f"\n<{base.rstrip('/')}/runs/{context.run_id}|View in UI>"
    found = context.resources.slack
    client = found.get_client() if isinstance(found, SlackResource) else found
    client.chat_postMessage(channel=channel, text=text)


def make_slack_on_run_failure_sensor(
    channel: str,
    slack_token: str,
    text_fn: Callable[[RunFailureSensorContext], str] | None = None,
    blocks_fn: Callable[[RunFailureSensorContext], list[dict[Any, Any]]] | None = None,
    name: str | None = None,
    dagit_base_url: str | None = None,
    minimum_interval_seconds: int | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    job_selection: Sequence[Any] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    webserver_base_url: str | None = None,
    monitor_all_repositories: bool = False,
    *,
    base_url: str = SLACK,
) -> RunStatusSensorDefinition:
    """A sensor that posts to a channel for each run that fails: `text_fn` makes the text, `blocks_fn` blocks."""
    base = webserver_base_url or dagit_base_url

    @run_failure_sensor(
        name=name or "slack_on_run_failure",
        minimum_interval_seconds=minimum_interval_seconds,
        monitored_jobs=monitored_jobs if monitored_jobs is not None else job_selection,
        monitor_all_code_locations=monitor_all_code_locations or monitor_all_repositories,
        default_status=default_status,
    )
    def slack_on_run_failure(context: RunFailureSensorContext) -> None:
        """Post to Slack."""
        text = (text_fn or _run)(context)
        blocks = blocks_fn(context) if blocks_fn is not None else _blocks(context, text, base)
        client = WebClient(slack_token, base_url=base_url)
        client.chat_postMessage(channel=channel, blocks=blocks, text=text)

    return slack_on_run_failure


def _run(context: RunFailureSensorContext) -> str:
    message = getattr(context.failure_event, "message", None)
    return f"Job {context.dagster_run.job_name} failed!\nRun ID: {context.dagster_run.run_id}\nError: {message}"


def _blocks(context: RunFailureSensorContext, text: str, base: str | None) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}]
    if base:
        url = f"{base.rstrip('/')}/runs/{context.dagster_run.run_id}"
        button = {"type": "button", "text": {"type": "plain_text", "text": "View in UI"}, "url": url}
        blocks.append({"type": "actions", "elements": [button]})
    return blocks
