"""State of assets and checks."""

from __future__ import annotations

import msgspec

from rostrum.interfaces.storage import Storage
from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.metadata import FloatMetadata, TableSchemaMetadata
from rostrum.model.tables import TableColumn, TableColumnConstraints, TableSchema
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.storage.values import CHECK, A, B


class AssetsConformance:
    """`AssetTable`."""

    def test_states_are_read_back_whole(self, storage: Storage, clock: FakeClock) -> None:
        schema = TableSchemaMetadata(
            TableSchema([TableColumn("x", constraints=TableColumnConstraints(nullable=False))])
        )
        state = AssetState(
            A,
            last_materialized_at=clock.now(),
            last_materialized_run_id="r",
            last_materialization_id=7,
            metadata={"score": FloatMetadata(float("inf")), "schema": schema},
        )
        with storage.begin(write=True) as session:
            session.assets.put([state, AssetState(B)])
        with storage.begin() as session:
            assert session.assets.get([A, AssetKey(("none",))]) == {A: state}
            assert [one.asset_key for one in session.assets.all()] == [A, B]

    def test_put_replaces(self, storage: Storage) -> None:
        with storage.begin(write=True) as session:
            session.assets.put([AssetState(A, in_progress_run_id="r")])
            session.assets.put([AssetState(A, last_error="oh")])
            assert session.assets.get([A]) == {A: AssetState(A, last_error="oh")}

    def test_many_keys_at_once(self, storage: Storage) -> None:
        keys = [AssetKey(("many", str(number))) for number in range(700)]
        with storage.begin(write=True) as session:
            session.assets.put(AssetState(key) for key in keys[::2])
        with storage.begin() as session:
            assert set(session.assets.get([*keys, *keys])) == set(keys[::2])
            assert session.assets.get([]) == {}

    def test_checks(self, storage: Storage, clock: FakeClock) -> None:
        passed = CheckState(CHECK, status="passed", evaluated_at=clock.now())
        other = CheckState(CheckKey(A, "other"))
        with storage.begin(write=True) as session:
            session.assets.put_checks([passed, other])
            session.assets.put_checks([msgspec.structs.replace(passed, severity="warn")])
        with storage.begin() as session:
            assert session.assets.checks([CHECK, CheckKey(B, "not_empty")])[CHECK].severity == "warn"
            assert set(session.assets.checks([CHECK, CheckKey(B, "not_empty")])) == {CHECK}
            assert set(session.assets.checks()) == {CHECK, other.check_key}
            assert session.assets.checks([]) == {}

    def test_version_grows_with_changes_only(self, storage: Storage) -> None:
        versions: list[int] = []
        for change in ("nothing", "asset", "nothing", "check", "no states"):
            with storage.begin(write=True) as session:
                if change == "asset":
                    session.assets.put([AssetState(A)])
                elif change == "check":
                    session.assets.put_checks([CheckState(CHECK)])
                elif change == "no states":
                    session.assets.put([])
                versions.append(session.assets.version())
        assert versions[0] < versions[1] == versions[2] < versions[3] == versions[4]
