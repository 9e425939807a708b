"""Config, resources and IO managers: fields are arguments of the constructor, parameters have the type they name."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, Literal, assert_type

from pydantic import Field, PrivateAttr

import rostrum as ro


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Inner(ro.Config):
    depth: int = 1


class Settings(ro.Config):
    name: str
    size: Size = Size.SMALL
    mode: Literal["fast", "slow"] = "fast"
    tags: list[str] = []
    limit: int | None = Field(default=None, description="At most so many")
    inner: Inner = Inner()


class Free(ro.PermissiveConfig):
    known: int = 0


settings = Settings(name="a", size=Size.LARGE, limit=3, inner=Inner(depth=2))
assert_type(settings.limit, int | None)
assert_type(settings.inner.depth, int)


class Warehouse(ro.ConfigurableResource):
    url: str
    user: str = "me"
    retries: int = 3
    _connection: sqlite3.Connection | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: ro.InitResourceContext) -> None:
        self._connection = sqlite3.connect(self.url)

    def teardown_after_execution(self, context: ro.InitResourceContext) -> None:
        if self._connection is not None:
            self._connection.close()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return [(sql, self.user)]


class Store(ro.ConfigurableResource):
    warehouse: Warehouse
    schema_name: str = "public"

    @contextmanager
    def yield_for_execution(self, context: ro.InitResourceContext) -> Generator[Store, None, None]:
        yield self


class Connecting(ro.ConfigurableResourceFactory[sqlite3.Connection]):
    path: str

    def create_resource(self, context: ro.InitResourceContext) -> sqlite3.Connection:
        return sqlite3.connect(self.path)


class UsesConnection(ro.ConfigurableResource):
    connection: ro.ResourceDependency[sqlite3.Connection]

    def rows(self) -> int:
        assert_type(self.connection, sqlite3.Connection)
        return self.connection.total_changes


warehouse = Warehouse(url=ro.EnvVar("URL"), retries=ro.EnvVar.int("RETRIES"))
assert_type(warehouse.url, str)
assert_type(warehouse.retries, int)
assert_type(Warehouse.configure_at_launch(), Warehouse)
assert_type(Warehouse.configure_at_launch(user="x"), Warehouse)
store = Store(warehouse=Warehouse.configure_at_launch(), schema_name="mine")
assert_type(store.warehouse.query("select 1"), list[tuple[Any, ...]])
connecting = Connecting(path=":memory:")
assert_type(connecting.process_config_and_initialize(), sqlite3.Connection)
uses = UsesConnection(connection=connecting)
uses_directly = UsesConnection(connection=sqlite3.connect(":memory:"))

with connecting.process_config_and_initialize_cm() as connection:
    assert_type(connection, sqlite3.Connection)


@ro.asset
def queried(warehouse: Warehouse, db: ro.ResourceParam[sqlite3.Connection], config: Settings) -> int:
    assert_type(warehouse, Warehouse)
    assert_type(db, sqlite3.Connection)
    assert_type(config.size, Size)
    db.execute("select 1").fetchall()
    return len(warehouse.query(config.name))


class JsonFiles(ro.ConfigurableIOManager):
    folder: str = "data"

    def handle_output(self, context: ro.OutputContext, obj: object) -> None:
        assert_type(context.asset_key, ro.AssetKey)
        context.add_output_metadata({"path": f"{self.folder}/{'/'.join(context.asset_key.path)}"})

    def load_input(self, context: ro.InputContext) -> object:
        assert_type(context.upstream_output, ro.OutputContext | None)
        return context.asset_partition_keys


class Manager(ro.IOManager):
    def __init__(self, root: str) -> None:
        self.root = root

    def handle_output(self, context: ro.OutputContext, obj: Any) -> None:
        context.log.info("%s", obj)

    def load_input(self, context: ro.InputContext) -> Any:
        return context.name


class ManagerFactory(ro.ConfigurableIOManagerFactory[Manager]):
    root: str

    def create_io_manager(self, context: ro.InitResourceContext) -> Manager:
        return Manager(self.root)


assert_type(ManagerFactory(root="r").create_io_manager(ro.build_init_resource_context()), Manager)


@ro.resource
def bare(context: ro.InitResourceContext) -> int:
    return 1


@ro.resource(config_schema={"url": str}, required_resource_keys={"a"})
def called(context: ro.InitResourceContext) -> Iterator[str]:
    yield context.resource_config["url"]


@ro.io_manager
def plain_manager() -> Manager:
    return Manager("r")


@ro.io_manager(config_schema={"root": str})
def configured_manager(context: ro.InitResourceContext) -> Manager:
    return Manager(context.resource_config["root"])


@ro.input_manager
def special(context: ro.InputContext) -> int:
    return 1


assert_type(bare, ro.ResourceDefinition)
assert_type(called, ro.ResourceDefinition)
assert_type(plain_manager, ro.IOManagerDefinition)
assert_type(configured_manager, ro.IOManagerDefinition)
assert_type(special, ro.InputManagerDefinition)

run_config = ro.RunConfig(
    ops={"queried": settings, "other": {"config": {"x": 1}}},
    resources={"warehouse": warehouse, "more": {"config": {}}},
    loggers={"console": {"config": {"log_level": "INFO"}}},
    execution={"config": {"max_concurrent": 2}},
)
assert_type(run_config, ro.RunConfig)
assert_type(run_config.to_config_dict(), dict[str, Any])

defs = ro.Definitions(
    assets=[queried],
    resources={
        "warehouse": warehouse,
        "db": connecting,
        "io_manager": JsonFiles(folder=ro.EnvVar("FOLDER")),
        "files": ro.FilesystemIOManager(base_dir="/tmp/x"),
        "bare": bare.configured({}),
        "value": 3,
    },
)
