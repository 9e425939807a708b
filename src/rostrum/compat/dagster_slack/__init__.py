"""`dagster_slack`."""

from __future__ import annotations

from rostrum.integrations.slack import SlackResource as SlackResource
from rostrum.integrations.slack import make_slack_on_run_failure_sensor as make_slack_on_run_failure_sensor
from rostrum.integrations.slack import slack_on_failure as slack_on_failure
from rostrum.integrations.slack import slack_on_success as slack_on_success
from rostrum.integrations.slack import slack_resource as slack_resource
