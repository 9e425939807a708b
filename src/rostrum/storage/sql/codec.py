"""Between model values and what columns hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from rostrum.model.assets import AssetState, CheckState
from rostrum.model.backfills import Backfill
from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.principals import Token, User
from rostrum.model.runs import Run
from rostrum.model.ticks import AutomationState, Tick

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

encode = msgspec.msgpack.Encoder().encode
"""Encode any model struct."""

decode_run = msgspec.msgpack.Decoder(Run).decode
decode_asset_state = msgspec.msgpack.Decoder(AssetState).decode
decode_check_state = msgspec.msgpack.Decoder(CheckState).decode
decode_automation_state = msgspec.msgpack.Decoder(AutomationState).decode
decode_tick = msgspec.msgpack.Decoder(Tick).decode
decode_backfill = msgspec.msgpack.Decoder(Backfill).decode
decode_location = msgspec.msgpack.Decoder(LocationState).decode
decode_daemon = msgspec.msgpack.Decoder(DaemonState).decode
decode_user = msgspec.msgpack.Decoder(User).decode
decode_token = msgspec.msgpack.Decoder(Token).decode


def to_micros(time: datetime) -> int:
    """Microseconds since 1970 UTC of an aware time: exact, unlike a float."""
    return (time - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Aware UTC time of `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)
