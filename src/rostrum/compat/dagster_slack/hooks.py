"""`dagster_slack.hooks`."""

from __future__ import annotations

from rostrum.integrations.slack import slack_on_failure as slack_on_failure
from rostrum.integrations.slack import slack_on_success as slack_on_success
