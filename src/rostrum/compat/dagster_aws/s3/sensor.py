"""`dagster_aws.s3.sensor`."""

from __future__ import annotations

from rostrum.integrations.s3 import get_s3_keys as get_s3_keys
