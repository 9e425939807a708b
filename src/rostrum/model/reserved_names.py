"""Tags and metadata that mean something to the engine, spelled as projects that were written for Dagster write and read
them. Nothing else in the engine spells them, so that they are found, and changed, in one place.
"""

from __future__ import annotations

PREFIX = "dagster/"
"""What every name here begins with."""

# ------------------------------------------------------------------------------------------------------- tags of runs

PARTITION_TAG = "dagster/partition"
"""Key of the run's partition; `<tag>/<dimension>` the key of each dimension."""
PARTITION_SET_TAG = "dagster/partition_set"
RANGE_START_TAG = "dagster/asset_partition_range_start"
"""With the next one: the run is of a range of partitions, first and last key inclusive."""
RANGE_END_TAG = "dagster/asset_partition_range_end"
BACKFILL_TAG = "dagster/backfill"
PRIORITY_TAG = "dagster/priority"
"""Of runs in the queue, and of steps in their run: a whole number, high ones first, 0 where there is none."""
SCHEDULE_TAG = "dagster/schedule_name"
"""On the runs of a schedule: its name."""
SENSOR_TAG = "dagster/sensor_name"
"""On the runs of a sensor: its name."""
ROOT_RUN_TAG = "dagster/root_run_id"
PARENT_RUN_TAG = "dagster/parent_run_id"
MAX_RETRIES_TAG = "dagster/max_retries"
"""How often a failed run is repeated by itself."""
RETRY_STRATEGY_TAG = "dagster/retry_strategy"
"""`FROM_FAILURE` or `ALL_STEPS`."""
RETRY_ON_STEP_FAILURE_TAG = "dagster/retry_on_asset_or_op_failure"
"""`false`: only what was no fault of the code's is repeated."""
RETRY_NUMBER_TAG = "dagster/retry_number"
"""On a run that repeats another one by itself: the how manieth of them it is."""
WILL_RETRY_TAG = "dagster/will_retry"
"""On a failed run: `true` where another one repeats it by itself."""
AUTO_RETRY_RUN_TAG = "dagster/auto_retry_run_id"
"""On a failed run: the one that repeats it."""
RETRY_STATE_TAG = "rostrum/retry"
"""On a failed run that is repeated by itself: `waiting`, `done`, `stopped` (somebody did not want it), `given_up` (it
cannot be repeated)."""
MAX_RUNTIME_TAGS = ("rostrum/max_runtime", "dagster/max_runtime")
"""Seconds after which a run is ended; the first that is there counts."""
IMAGE_TAGS = ("rostrum/image", "dagster/image")
"""Image of the container that a run (or a step) is executed in; the first that is there counts."""
POD_CONFIG_TAGS = ("rostrum/kubernetes", "dagster-k8s/config")
"""JSON: what the pod and job of a run (or a step) get beside what is usual; the first that is there counts."""

# ----------------------------------------------------------------------------------------------------- tags of events

DATA_VERSION_TAG = "dagster/data_version"
CODE_VERSION_TAG = "dagster/code_version"
USER_VERSION_TAG = "dagster/data_version_is_user_provided"
"""Beside the data version, where user code has given it: `true`."""
INPUT_VERSION_TAG_PREFIX = "dagster/input_data_version/"
"""Followed by the key of an upstream asset."""
INPUT_EVENT_TAG_PREFIX = "dagster/input_event_pointer/"
"""Followed by the key of an upstream asset: id of the stored event that has told of the version used."""

# ----------------------------------------------------------------------------------------------------------- metadata

IO_MANAGER_METADATA = "dagster/io_manager_key"
COLUMN_SCHEMA_METADATA = "dagster/column_schema"
CODE_REFERENCES_METADATA = "dagster/code_references"
COMPONENT_ORIGIN_METADATA = "dagster/component_origin"
RELATION_METADATA = "dagster/relation_identifier"
ROW_COUNT_METADATA = "dagster/row_count"
PARTITION_ROW_COUNT_METADATA = "dagster/partition_row_count"


def trigger_tag(kind: str) -> str:
    """Tag with the name of what started a run: `kind` is schedule or sensor."""
    return f"{PREFIX}{kind}_name"
