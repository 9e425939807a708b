"""Section 10: resources, their lives and their config."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from unittest.mock import MagicMock

import dagster as dg
import pydantic
import pytest
from dagster._config.pythonic_config import ConfigurableResourceFactory

LOG: list[str] = []


@pytest.fixture(autouse=True)
def _empty_log() -> None:
    LOG.clear()


class Db(dg.ConfigurableResource):
    url: str = "mem"
    _opened: bool = pydantic.PrivateAttr(default=False)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        self._opened = True
        LOG.append(f"setup {self.url}")

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        LOG.append(f"teardown {self.url}")

    @property
    def opened(self) -> bool:
        return self._opened


class Plain(dg.ConfigurableResource):
    x: int
    y: str = "y"


def used(value: Any, kind: Any = dg.ResourceParam[Any], **run: Any) -> Any:
    """What an asset gets for a resource."""

    @dg.asset
    def a(r: kind):
        return r

    return dg.materialize_to_memory([a], resources={"r": value}, **run).output_for_node("a")


class TestLife:
    def test_setup_all_steps_teardown(self):
        @dg.asset
        def one(db: Db):
            LOG.append("one")

        @dg.asset(deps=[one])
        def two(db: Db):
            assert db.opened
            LOG.append("two")

        dg.materialize([one, two], resources={"db": Db()})
        assert LOG == ["setup mem", "one", "two", "teardown mem"]

    def test_teardown_also_on_failure(self):
        @dg.asset
        def bad(db: Db):
            raise ZeroDivisionError

        assert not dg.materialize([bad], resources={"db": Db()}, raise_on_error=False).success
        assert LOG == ["setup mem", "teardown mem"]

    def test_yield_for_execution_replaces_both(self):
        class Session(dg.ConfigurableResource):
            name: str = "s"

            @contextmanager
            def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Session]:
                LOG.append("enter")
                yield self
                LOG.append("leave")

        assert used(Session()).name == "s"
        assert LOG == ["enter", "leave"]

    def test_opposite_order_of_teardown(self):
        @dg.asset
        def a(first: Db, second: Db): ...

        dg.materialize([a], resources={"first": Db(url="1"), "second": Db(url="2")})
        assert LOG == ["setup 1", "setup 2", "teardown 2", "teardown 1"]

    def test_row_11_what_raises_while_it_is_set_up(self):
        class Bad(dg.ConfigurableResource):
            def setup_for_execution(self, context: dg.InitResourceContext) -> None:
                raise ConnectionError("no host")

        @dg.asset
        def a(db: Db, zz: Bad): ...

        with pytest.raises(dg.DagsterResourceFunctionError) as caught:
            dg.materialize([a], resources={"db": Db(), "zz": Bad()})
        assert isinstance(caught.value.__cause__, ConnectionError)
        assert caught.value.user_exception is caught.value.__cause__
        assert caught.value.original_exc_info[:2] == (ConnectionError, caught.value.__cause__)
        assert LOG == ["setup mem", "teardown mem"]
        result = dg.materialize([a], resources={"db": Db(), "zz": Bad()}, raise_on_error=False)
        assert not result.success
        kinds = [event.event_type_value for event in result.all_events]
        assert "RESOURCE_INIT_FAILURE" in kinds
        assert kinds[-1] == "PIPELINE_FAILURE"


class TestClasses:
    def test_row_13_fields_are_frozen(self):
        with pytest.raises(dg.DagsterInvalidInvocationError, match="does not support item assignment"):
            Plain(x=1).x = 2

    def test_private_state_may_change(self):
        db = Db()
        db._opened = True
        assert db.opened

    def test_unknown_keyword_arguments_are_ignored(self):
        with pytest.warns(UserWarning, match="it is ignored"):
            assert Plain(x=1, nope=2).x == 1

    @pytest.mark.parametrize("values", [{}, {"x": "no"}])
    def test_row_12_wrong_and_missing_values(self, values: Any):
        with pytest.raises(pydantic.ValidationError):
            Plain(**values)

    def test_relations(self):
        assert issubclass(dg.ConfigurableResource, ConfigurableResourceFactory)
        assert issubclass(dg.ConfigurableResource, dg.Config)
        assert issubclass(dg.ConfigurableIOManager, dg.IOManager)
        assert issubclass(dg.ConfigurableIOManager, dg.ConfigurableIOManagerFactory)

    def test_create_resource_gives_another_object(self):
        class Client(ConfigurableResourceFactory[list]):
            names: list[str]

            def create_resource(self, context: dg.InitResourceContext) -> list[str]:
                return sorted(self.names)

        assert used(Client(names=["b", "a"])) == ["a", "b"]

    def test_create_resource_of_a_configurable_resource(self):
        class Made(dg.ConfigurableResource):
            def create_resource(self, context: dg.InitResourceContext) -> int:
                return 4

        assert used(Made()) == 4


class TestKeptProperties:
    class Lazy(dg.ConfigurableResource):
        url: str

        @cached_property
        def client(self) -> str:
            LOG.append("made")
            return f"client of {self.url} with hunter2"

    def test_they_are_made_once(self):
        lazy = self.Lazy(url="u")
        assert lazy.client == lazy.client
        assert LOG == ["made"]

    def test_they_are_no_fields(self):
        lazy = self.Lazy(url="u")
        assert lazy.client
        found = used(lazy, run_config={"resources": {"r": {"config": {"url": "other"}}}})
        assert found.client.startswith("client of other")
        assert "hunter2" not in repr(dg.Definitions(resources={"lazy": lazy}).manifest().resources)


class TestBinding:
    def test_types_of_bound_objects_are_not_checked(self):
        class Other(dg.ConfigurableResource):
            z: int = 1

        @dg.asset
        def a(db: Plain):
            return db.x

        with pytest.raises(AttributeError):
            dg.materialize([a], resources={"db": Other()})

    def test_a_class_is_an_object_like_any_other(self):
        assert used(Db) is Db

    def test_any_object_is_a_resource(self):
        value = object()
        assert used(value) is value

    def test_old_style(self):
        @dg.op(required_resource_keys={"r"})
        def it(context):
            return context.resources.r

        @dg.job(resource_defs={"r": dg.ResourceDefinition.hardcoded_resource(7)})
        def j():
            it()

        assert j.execute_in_process().output_for_node("it") == 7

    def test_resources_of_one_execution(self):
        @dg.op
        def it(r: Plain):
            return r.x

        @dg.job
        def j():
            it()

        assert j.execute_in_process(resources={"r": Plain(x=6)}).output_for_node("it") == 6

    def test_a_resource_as_an_attribute_of_context(self):
        @dg.asset(required_resource_keys={"r"})
        def a(context: dg.AssetExecutionContext):
            return context.resources.r.x

        assert dg.materialize([a], resources={"r": Plain(x=2)}).output_for_node("a") == 2

    def test_direct_calls_of_functions(self):
        @dg.asset
        def a(r: Plain):
            return r.x

        assert a(Plain(x=3)) == 3
        assert a(r=Plain(x=4)) == 4

    def test_row_10_undeclared(self):
        @dg.asset
        def a(context: dg.AssetExecutionContext):
            return context.resources.nope

        with pytest.raises(dg.DagsterUnknownResourceError) as caught:
            dg.materialize([a])
        assert isinstance(caught.value, AttributeError)

    def test_row_10_the_nearest_one_is_told(self):
        @dg.asset(required_resource_keys={"warehouse"})
        def a(context: dg.AssetExecutionContext):
            return context.resources.werehouse

        with pytest.raises(dg.DagsterUnknownResourceError, match=r"available: .*Did you mean 'warehouse'"):
            dg.materialize([a], resources={"warehouse": 1})

    def test_row_07_absent(self):
        @dg.asset
        def a(r: Db): ...

        with pytest.raises(
            dg.DagsterInvalidDefinitionError, match=r"resource with key 'r' required by .*'a'.* not provided"
        ):
            dg.materialize([a], resources={"other": 1})

    def test_row_08_io_manager(self):
        @dg.asset(io_manager_key="store")
        def a(): ...

        with pytest.raises(
            dg.DagsterInvalidDefinitionError,
            match="io manager with key 'store' required by output 'result' of asset 'a'",
        ):
            dg.materialize([a])
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="no IO manager"):
            dg.materialize([a], resources={"store": object()})

    def test_row_09_resource_of_a_resource(self):
        @dg.resource(required_resource_keys={"base"})
        def r(context): ...

        @dg.asset(required_resource_keys={"r"})
        def a(): ...

        with pytest.raises(dg.DagsterInvalidDefinitionError, match="'base' required by resource with key 'r'"):
            dg.materialize([a], resources={"r": r})


class TestLaunch:
    def test_any_field_may_be_overridden(self):
        config = {"resources": {"r": {"config": {"x": 9}}}}
        found = used(Plain(x=1, y="kept"), run_config=config)
        assert (found.x, found.y) == (9, "kept")

    def test_configure_at_launch(self):
        later = Plain.configure_at_launch(y="given")
        found = used(later, run_config={"resources": {"r": {"config": {"x": 5}}}})
        assert (found.x, found.y) == (5, "given")

    def test_configure_at_launch_needs_no_config_for_defaults(self):
        assert used(Db.configure_at_launch()).url == "mem"

    def test_configure_at_launch_needs_the_rest(self):
        with pytest.raises(dg.DagsterInvalidConfigError, match='Missing required config entry "resources"'):
            used(Plain.configure_at_launch())

    def test_objects_in_run_config(self):
        assert used(Plain(x=1), run_config=dg.RunConfig(resources={"r": Plain(x=9)})).x == 9

    def test_unknown_fields(self):
        with pytest.raises(dg.DagsterInvalidConfigError, match='unexpected config entry "nope"'):
            used(Plain(x=1), run_config={"resources": {"r": {"config": {"nope": 1}}}})

    def test_references_to_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("CORPUS", "real")
        assert used(Db(url=dg.EnvVar("CORPUS"))).url == "real"


class Repo(dg.ConfigurableResource):
    db: Db
    name: str = "repo"

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        LOG.append(f"repo on {self.db.url}, opened: {self.db.opened}")


class TestNested:
    def test_a_nested_one_has_a_life_of_its_own(self):
        assert used(Repo(db=Db(url="n"))).db.url == "n"
        assert LOG == ["setup n", "repo on n, opened: True", "teardown n"]

    def test_one_that_is_bound_itself_is_opened_once(self):
        db = Db(url="n")

        @dg.asset
        def a(repo: Repo, db: Db):
            return repo.db is db

        assert dg.materialize([a], resources={"db": db, "repo": Repo(db=db)}).output_for_node("a")
        assert LOG.count("setup n") == 1

    def test_at_launch_it_must_be_bound_itself(self):
        later = Db.configure_at_launch()

        @dg.asset
        def a(repo: Repo):
            return repo.db.url

        bound = {"repo": Repo(db=later), "db": later}
        config = {"resources": {"db": {"config": {"url": "launch"}}}}
        assert dg.materialize([a], resources=bound, run_config=config).output_for_node("a") == "launch"

    def test_row_09_nested_and_not_bound(self):
        @dg.asset
        def a(repo: Repo): ...

        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"Failed to resolve resource nested at Repo\.db"):
            dg.materialize([a], resources={"repo": Repo(db=Db.configure_at_launch())})

    def test_dependencies_on_what_a_factory_makes(self):
        class Token(ConfigurableResourceFactory[str]):
            value: str

            def create_resource(self, context: dg.InitResourceContext) -> str:
                return self.value.upper()

        class Client(dg.ConfigurableResource):
            token: dg.ResourceDependency[str]

        assert used(Client(token=Token(value="t"))).token == "T"
        assert used(Client(token="plain")).token == "plain"

    def test_nested_resources_are_told(self):
        db = Db()
        assert dict(Repo(db=db).nested_resources) == {"db": db}


class TestFunctions:
    def test_config_and_other_resources(self):
        @dg.resource(config_schema={"n": int, "m": dg.Field(int, default_value=2)}, required_resource_keys={"base"})
        def made(init_context: dg.InitResourceContext):
            config = init_context.resource_config
            return init_context.resources.base + config["n"] + config["m"]

        @dg.asset(required_resource_keys={"made"})
        def a(context: dg.AssetExecutionContext):
            return context.resources.made

        config = {"resources": {"made": {"config": {"n": 3}}}}
        result = dg.materialize([a], resources={"made": made, "base": 10}, run_config=config)
        assert result.output_for_node("a") == 15
        with pytest.raises(dg.DagsterInvalidConfigError):
            dg.materialize([a], resources={"made": made, "base": 10})

    def test_a_generator_sets_up_and_tears_down(self):
        @dg.resource
        def made():
            LOG.append("setup")
            yield "value"
            LOG.append("teardown")

        assert used(made) == "value"
        assert LOG == ["setup", "teardown"]

    def test_row_11_a_function_that_raises(self):
        @dg.resource
        def made(_):
            raise KeyError("k")

        with pytest.raises(dg.DagsterResourceFunctionError) as caught:
            used(made)
        assert isinstance(caught.value.__cause__, KeyError)

    def test_configured(self):
        @dg.resource(config_schema={"n": int})
        def made(context):
            return context.resource_config["n"]

        assert used(made.configured({"n": 4})) == 4
        twice = made.configured(lambda config: {"n": config["half"] * 2}, config_schema={"half": int})
        assert used(twice, run_config={"resources": {"r": {"config": {"half": 3}}}}) == 6
        with pytest.raises(dg.DagsterInvalidConfigError):
            made.configured({"n": "x"})

    def test_ready_made(self):
        assert used(dg.ResourceDefinition.hardcoded_resource(3)) == 3
        assert used(dg.ResourceDefinition.none_resource()) is None
        assert isinstance(used(dg.ResourceDefinition.mock_resource()), MagicMock)
        config = {"resources": {"r": {"config": "text"}}}
        assert used(dg.ResourceDefinition.string_resource(), run_config=config) == "text"

    def test_make_values_resource(self):
        made = dg.make_values_resource(name=str, n=dg.Field(int, default_value=1))
        found = used(made, run_config={"resources": {"r": {"config": {"name": "x"}}}})
        assert found == {"name": "x", "n": 1}

    def test_direct_calls(self):
        @dg.resource(config_schema={"n": int})
        def made(context):
            return context.resource_config["n"]

        assert made(dg.build_init_resource_context(config={"n": 2})) == 2

    def test_a_class_wrapped_in_a_function(self):
        @dg.resource(config_schema=Plain.to_config_schema())
        def made(context):
            return Plain.from_resource_context(context)

        assert used(made, run_config={"resources": {"r": {"config": {"x": 3}}}}).x == 3


class TestDirectUse:
    def test_process_config_and_initialize(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("NUMBER", "4")
        assert Plain(x=dg.EnvVar.int("NUMBER")).process_config_and_initialize().x == 4

    def test_not_with_teardown(self):
        from dagster._check import CheckError

        with pytest.raises(CheckError, match="process_config_and_initialize_cm"):
            Db().process_config_and_initialize()

    def test_with_teardown(self):
        with Db(url="d").process_config_and_initialize_cm() as db:
            assert db.opened
            assert LOG == ["setup d"]
        assert LOG == ["setup d", "teardown d"]

    def test_build_resources(self):
        with dg.build_resources({"db": Db(url="b"), "plain": 3}) as resources:
            assert resources.db.opened
            assert resources.plain == 3
        assert LOG == ["setup b", "teardown b"]

    def test_build_resources_with_config(self):
        with dg.build_resources({"r": Plain(x=1)}, resource_config={"r": {"config": {"x": 8}}}) as resources:
            assert resources.r.x == 8

    def test_row_53_generator_resources_need_with(self):
        @dg.resource
        def made():
            yield 5

        @dg.op(required_resource_keys={"r"})
        def it(context):
            return context.resources.r

        with pytest.raises(dg.DagsterInvariantViolationError):
            it(dg.build_op_context(resources={"r": made}))
        with dg.build_op_context(resources={"r": made}) as context:
            assert it(context) == 5

    def test_context_of_an_initialised_resource(self):
        class Knows(dg.ConfigurableResource):
            def setup_for_execution(self, context: dg.InitResourceContext) -> None:
                LOG.append(str(self.get_resource_context() is context))

        used(Knows())
        assert LOG == ["True"]
        with pytest.raises(dg.DagsterInvariantViolationError):
            Knows().get_resource_context()


class TestIOManagers:
    def test_a_factory_of_io_managers(self):
        kept: dict[str, Any] = {}

        class Keeper(dg.IOManager):
            def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
                kept[context.step_key] = obj

            def load_input(self, context: dg.InputContext) -> Any:
                return kept[context.upstream_output.step_key]

        class Keeping(dg.ConfigurableIOManagerFactory):
            prefix: str = ""

            def create_io_manager(self, context: dg.InitResourceContext) -> Keeper:
                return Keeper()

        @dg.asset
        def up():
            return 3

        @dg.asset
        def down(up):
            return up + 1

        dg.materialize([up, down], resources={"io_manager": Keeping()})
        assert kept == {"up": 3, "down": 4}

    def test_an_adapter_around_a_function(self):
        kept: list[Any] = []

        @dg.io_manager(config_schema={"place": str})
        def old(context):
            class Keeper(dg.IOManager):
                def handle_output(self, inner: dg.OutputContext, obj: Any) -> None:
                    kept.append((context.resource_config["place"], obj))

                def load_input(self, inner: dg.InputContext) -> Any: ...

            return Keeper()

        class Adapter(dg.ConfigurableLegacyIOManagerAdapter):
            place: str

            @property
            def wrapped_io_manager(self) -> dg.IOManagerDefinition:
                return old

        @dg.asset
        def a():
            return 1

        dg.materialize([a], resources={"io_manager": Adapter(place="here")})
        assert kept == [("here", 1)]


def test_what_screens_show_has_no_secrets():
    class Vault(dg.ConfigurableResource):
        password: str
        url: str

    defs = dg.Definitions(resources={"vault": Vault(password="hunter2", url=dg.EnvVar("URL"))})
    (node,) = defs.manifest().resources
    assert "hunter2" not in repr(node)
    assert node.config["url"] == {"env": "URL"}


def test_differs_fields_that_only_code_can_fill():
    """The peer refuses a field whose type cannot be config; here it is a field that run config does not have."""

    class Client:
        name = "client"

    class Holder(dg.ConfigurableResource):
        client: Client
        x: int = 1

    found = used(Holder(client=Client()), run_config={"resources": {"r": {"config": {"x": 3}}}})
    assert (found.client.name, found.x) == ("client", 3)


def test_differs_the_factory_class_is_a_name_at_the_top_too() -> None:
    """Dagster has it in a private module only; users need it, so it is a name of ours."""
    assert dg.ConfigurableResourceFactory is ConfigurableResourceFactory
    assert dg.ConfigurableResource.__mro__.index(ConfigurableResourceFactory) > 0


def test_rows_07_and_09_say_how_to_mend_it() -> None:
    @dg.resource(required_resource_keys={"base"})
    def made(context: Any) -> int:
        return 1

    @dg.asset(required_resource_keys={"wharehouse"})
    def a() -> None: ...

    with pytest.raises(dg.DagsterInvalidDefinitionError) as told:
        dg.Definitions.validate_loadable(dg.Definitions(assets=[a], resources={"warehouse": 1, "made": made}))
    text = str(told.value)
    assert "Did you mean 'warehouse'? Bind it: resources={'wharehouse': ...}." in text
    assert "Bound: made, warehouse. Bind it: resources={'base': ...}." in text
    assert text.count("test_10_resources.py:") == 2
