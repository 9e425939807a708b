"""`dagster_slack.sensors`."""

from __future__ import annotations

from rostrum.integrations.slack import make_slack_on_run_failure_sensor as make_slack_on_run_failure_sensor
