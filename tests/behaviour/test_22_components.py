"""Section 22: components and `defs` folders."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.resolved.context import ResolutionException
from pydantic import BaseModel, Field, ValidationError

SHELL = """
    from dataclasses import dataclass
    import dagster as dg

    class Shell(dg.Component, dg.Model, dg.Resolvable):
        name: str
        rows: int = 3
        def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
            @dg.asset(name=self.name, metadata={"rows": self.rows}, group_name="made", kinds={"shell"})
            def made():
                return self.rows
            return dg.Definitions(assets=[made])

        @staticmethod
        @dg.template_var
        def from_class() -> str:
            return "class_var"

    @dataclass
    class Pair(dg.Component, dg.Resolvable):
        spec: dg.ResolvedAssetSpec
        key: dg.ResolvedAssetKey
        def build_defs(self, context):
            return dg.Definitions(assets=[self.spec, dg.AssetSpec(self.key)])

    class NotOne:
        pass
"""


class Project:
    """A project in a temporary folder that can be imported."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        self.defs = root / "src" / name / "defs"
        self.defs.mkdir(parents=True)
        (self.defs.parent / "__init__.py").touch()
        self.write("../kit.py", SHELL)
        (root / "pyproject.toml").write_text(
            f'[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "{name}"\n'
        )

    def write(self, file: str, text: str) -> Path:
        path = self.defs / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n").replace("KIT", f"{self.name}.kit"))
        return path

    def load(self) -> dg.Definitions:
        return dg.load_from_defs_folder(path_within_project=self.root / "src")

    def keys(self) -> set[str]:
        return {key.to_user_string() for key in self.load().resolve_all_asset_keys()}

    def metadata(self, key: str) -> dict:
        return dict(self.load().resolve_assets_def(dg.AssetKey(key)).get_asset_spec().metadata)

    def mistake(self) -> dg.DagsterError:
        with pytest.raises(dg.DagsterError) as caught:
            self.load()
        return caught.value


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    name = f"shop_{abs(hash(tmp_path)):x}"
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    monkeypatch.chdir(tmp_path)
    yield Project(tmp_path, name)
    for each in [each for each in sys.modules if each.split(".", 1)[0] == name]:
        del sys.modules[each]


ASSET = "import dagster as dg\n@dg.asset\ndef {0}(): return 1\n"


# --- projects and folders


def test_project_is_found_upward_and_loading_returns_definitions(project: Project) -> None:
    project.write("deep/er/a.py", ASSET.format("a"))
    defs = dg.load_from_defs_folder(path_within_project=project.defs / "deep" / "er")
    assert isinstance(defs, dg.Definitions)
    assert defs.resolve_all_asset_keys() == [dg.AssetKey("a")]


def test_project_root_may_be_given(project: Project) -> None:
    project.write("a.py", ASSET.format("a"))
    assert len(list(dg.load_from_defs_folder(project_root=project.root).resolve_all_asset_keys())) == 1


def test_registry_modules_are_allowed_in_the_project_table(project: Project) -> None:
    file = project.root / "pyproject.toml"
    file.write_text(file.read_text() + f'registry_modules = ["{project.name}.components.*"]\n')
    project.write("a.py", ASSET.format("a"))
    assert project.keys() == {"a"}


def test_differs_own_table_of_pyproject(project: Project) -> None:
    """Projects of ours say `[tool.rostrum.project]`; the peer knows `[tool.dg]` alone."""
    file = project.root / "pyproject.toml"
    file.write_text(file.read_text().replace("tool.dg", "tool.rostrum"))
    project.write("a.py", ASSET.format("a"))
    assert project.keys() == {"a"}


def test_each_python_file_is_a_module_whose_definitions_are_collected(project: Project) -> None:
    project.write("a.py", ASSET.format("a") + "@dg.asset\ndef b(): ...\njob = dg.define_asset_job('j')\n")
    project.write("sub/deeper/c.py", ASSET.format("c"))
    assert project.keys() == {"a", "b", "c"}
    assert project.load().resolve_job_def("j").name == "j"


def test_what_a_file_imports_from_another_counts_once(project: Project) -> None:
    project.write("a.py", ASSET.format("a"))
    project.write(
        "b.py", f"import dagster as dg\nfrom {project.name}.defs.a import a\n@dg.asset(deps=[a])\ndef b(): ...\n"
    )
    assert project.keys() == {"a", "b"}


def test_a_definitions_function_hides_the_other_objects_of_its_file(project: Project) -> None:
    project.write(
        "a.py",
        """
        import dagster as dg
        @dg.asset
        def hidden(): ...
        @dg.asset
        def shown(): ...
        @dg.definitions
        def defs():
            return dg.Definitions(assets=[shown], resources={"x": 1})
        """,
    )
    assert project.keys() == {"shown"}
    assert project.load().resources == {"x": 1}


def test_a_definitions_function_may_take_the_load_context(project: Project) -> None:
    project.write(
        "sub/a.py",
        """
        import dagster as dg
        @dg.definitions
        def defs(context: dg.ComponentLoadContext):
            root = str(context.project_root)
            return dg.Definitions(assets=[dg.AssetSpec(context.path.stem, metadata={"root": root})])
        """,
    )
    assert project.keys() == {"a"}
    assert project.metadata("a")["root"] == str(project.root)


def test_a_definitions_function_must_return_definitions(project: Project) -> None:
    project.write("a.py", "import dagster as dg\n@dg.definitions\ndef defs(): return 3\n")
    assert "a.py:2" in str(project.mistake())
    assert "int" in str(project.mistake())


def test_resources_of_the_folder_reach_its_assets(project: Project) -> None:
    project.write(
        "resources.py",
        """
        import dagster as dg
        class Greeter(dg.ConfigurableResource):
            word: str
        @dg.definitions
        def defs(): return dg.Definitions(resources={"greeter": Greeter(word="hi")})
        """,
    )
    project.write(
        "a.py",
        f"""
        import dagster as dg
        from {project.name}.defs.resources import Greeter
        @dg.asset
        def a(greeter: Greeter): return greeter.word
        """,
    )
    defs = project.load()
    dg.Definitions.validate_loadable(defs)
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process()
    assert result.output_for_node("a") == "hi"


def test_row_67_package_not_importable(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "nowhere_x"\n'
    )
    from dagster import DagsterImportError

    with pytest.raises(DagsterImportError, match="pip install -e"):
        dg.load_from_defs_folder(path_within_project=tmp_path)


def test_no_project_upward(tmp_path: Path) -> None:
    with pytest.raises(dg.DagsterError, match=r"pyproject\.toml"):
        dg.load_from_defs_folder(path_within_project=tmp_path)


def test_load_defs_of_a_package_stops_at_definitions_py(project: Project) -> None:
    project.write("definitions.py", ASSET.format("a"))
    project.write("other.py", ASSET.format("b"))
    module = importlib.import_module(f"{project.name}.defs")
    assert list(dg.load_defs(module).resolve_all_asset_keys()) == [dg.AssetKey("a")]
    both = dg.load_defs(module, terminate_autoloading_on_keyword_files=False)
    assert len(list(both.resolve_all_asset_keys())) == 2


# --- defs.yaml


ONE = "type: KIT.Shell\nattributes:\n  name: one\n"


def test_folder_with_defs_yaml_is_an_instance_and_its_python_files_are_not_loaded(project: Project) -> None:
    project.write("one/defs.yaml", ONE)
    project.write("one/extra.py", ASSET.format("extra"))
    assert project.keys() == {"one"}


def test_documents_are_several_instances_with_addresses(project: Project) -> None:
    project.write("multi/defs.yaml", f"{ONE}---\ntype: KIT.Shell\nattributes: {{name: two, rows: 7}}\n")
    assert project.keys() == {"one", "two"}
    tree = dg.ComponentTree.for_project(project.root)
    assert tree.load_component("multi[1]").rows == 7
    assert tree.build_defs("multi[0]").resolve_all_asset_keys() == [dg.AssetKey("one")]
    component, defs = dg.get_component_defs_within_project(
        project_root=project.root, component_path="multi", instance_key=1
    )
    assert component.name == "two"
    assert defs.resolve_all_asset_keys() == [dg.AssetKey("two")]
    pairs = dg.get_all_components_defs_within_project(project_root=project.root, component_path="multi")
    assert [each.name for each, _ in pairs] == ["one", "two"]


def test_requirements_are_not_checked_at_load(project: Project) -> None:
    project.write("one/defs.yaml", f"{ONE}requirements:\n  env: [NOT_SET_ANYWHERE]\n")
    assert project.keys() == {"one"}


def test_relative_types_are_found_in_the_folder(project: Project) -> None:
    project.write("one/kit.py", SHELL)
    project.write("one/defs.yaml", "type: .kit.Shell\nattributes: {name: near}\n")
    assert project.keys() == {"near"}


@pytest.mark.parametrize(
    ("operation", "tags", "owners"),
    [
        ("merge", {"a": "1", "b": "2"}, ["team:x", "team:y"]),
        ("replace", {"b": "2"}, ["team:y"]),
    ],
)
def test_post_processing_changes_selected_assets(
    project: Project, operation: str, tags: dict[str, str], owners: list[str]
) -> None:
    project.write(
        "one/defs.yaml",
        f"""
        type: KIT.Pair
        attributes:
          spec: {{key: x, tags: {{a: 1}}, owners: ["team:x"], group_name: g}}
          key: y
        post_processing:
          assets:
            - target: "group:g"
              operation: {operation}
              attributes:
                tags: {{b: 2}}
                owners: ["team:y"]
                description: "new {{{{ asset.key.to_user_string() }}}}"
        """,
    )
    specs = {spec.key.to_user_string(): spec for spec in project.load().resolve_all_asset_specs()}
    assert dict(specs["x"].tags) == tags
    assert list(specs["x"].owners) == owners
    assert specs["x"].description == "new x"
    assert specs["y"].description is None
    assert not specs["y"].tags


def test_post_processing_without_operation_merges_and_takes_conditions(project: Project) -> None:
    project.write(
        "one/defs.yaml",
        f"""
        {ONE.replace(chr(10), chr(10) + "        ")}
        post_processing:
          assets:
            - target: "*"
              attributes:
                automation_condition: "{{{{ automation_condition.eager() }}}}"
                metadata: {{more: 1}}
        """,
    )
    spec = next(iter(project.load().resolve_all_asset_specs()))
    assert spec.automation_condition == dg.AutomationCondition.eager()
    assert {"rows", "more"} <= set(spec.metadata)


# --- Python instances


def test_component_py_makes_an_instance(project: Project) -> None:
    project.write(
        "one/component.py",
        f"""
        import dagster as dg
        from {project.name}.kit import Shell
        @dg.component_instance
        def load(context: dg.ComponentLoadContext) -> Shell:
            return Shell(name=context.path.name)
        """,
    )
    project.write("one/extra.py", ASSET.format("extra"))
    assert project.keys() == {"one"}


def test_component_py_with_several_instances(project: Project) -> None:
    body = "@dg.component_instance\ndef {0}(context): return Shell(name='{0}')\n"
    project.write(
        "one/component.py",
        f"import dagster as dg\nfrom {project.name}.kit import Shell\n" + body.format("a") + body.format("b"),
    )
    assert project.keys() == {"a", "b"}
    assert dg.ComponentTree.for_project(project.root).load_component("one[b]").name == "b"


# --- expressions


def test_an_expression_keeps_its_type(project: Project) -> None:
    project.write("one/defs.yaml", 'type: KIT.Shell\nattributes: {name: one, rows: "{{ 1 + 4 }}"}\n')
    component = dg.ComponentTree.for_project(project.root).load_component("one")
    assert component.rows == 5
    assert type(component.rows) is int


def test_text_around_an_expression_makes_a_text(project: Project) -> None:
    project.write("one/defs.yaml", 'type: KIT.Shell\nattributes: {name: "a_{{ 1 + 4 }}_b"}\n')
    assert project.keys() == {"a_5_b"}


def test_env_in_expressions(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_NAME", "0042")
    project.write("one/defs.yaml", 'type: KIT.Shell\nattributes: {name: "{{ env.SHOP_NAME }}"}\n')
    assert project.keys() == {"0042"}


def test_env_that_is_not_set_is_told_unless_there_is_a_default(project: Project) -> None:
    project.write("one/defs.yaml", 'type: KIT.Shell\nattributes:\n  name: "{{ env.SHOP_UNSET }}"\n')
    assert "attributes.name at src" in str(project.mistake())
    assert "SHOP_UNSET is not set" in str(project.mistake())
    project.write("one/defs.yaml", "type: KIT.Shell\nattributes:\n  name: \"{{ env.SHOP_UNSET | default('d') }}\"\n")
    assert project.keys() == {"d"}
    project.write("one/defs.yaml", "type: KIT.Shell\nattributes:\n  name: \"{{ env('SHOP_UNSET', 'e') }}\"\n")
    assert project.keys() == {"e"}


def test_template_vars_of_a_module_and_of_the_class(project: Project) -> None:
    project.write(
        "one/vars.py",
        """
        import dagster as dg
        @dg.template_var
        def plain() -> int: return 8
        @dg.template_var
        def seeing(context: dg.ComponentLoadContext) -> str: return context.path.name
        @dg.template_var
        def function(): return lambda text: f"{text}_x"
        def not_marked(): return 1
        """,
    )
    project.write(
        "one/defs.yaml",
        """
        type: KIT.Shell
        template_vars_module: .vars
        attributes:
          name: "{{ function(seeing) }}_{{ from_class }}"
          rows: "{{ plain }}"
        """,
    )
    assert project.keys() == {"one_x_class_var"}
    assert project.metadata("one_x_class_var")["rows"] == 8


def test_context_in_expressions(project: Project) -> None:
    project.write("one/defs.yaml", 'type: KIT.Shell\nattributes: {name: "{{ context.path.name }}"}\n')
    assert project.keys() == {"one"}


def test_undefined_name_is_told_with_file_and_line(project: Project) -> None:
    project.write("one/defs.yaml", 'type: KIT.Shell\nattributes:\n  name: one\n  rows: "{{ from_clas }}"\n')
    error = project.mistake()
    assert isinstance(error, ComponentTreeException)
    assert isinstance(error.__cause__, ResolutionException)
    assert "attributes.rows at src" in str(error)
    assert "defs.yaml:4: " in str(error)
    assert "Did you mean 'from_class'?" in str(error)


def test_expressions_run_in_a_sandbox(project: Project) -> None:
    project.write("one/defs.yaml", "type: KIT.Shell\nattributes: {name: \"{{ ''.__class__.__mro__ }}\"}\n")
    assert "unsafe" in str(project.mistake())


# --- classes


class Modelled(dg.Component, dg.Model, dg.Resolvable):
    number: int
    key: dg.ResolvedAssetKey = dg.AssetKey("none")
    specs: list[dg.ResolvedAssetSpec] = []  # noqa: RUF012 - pydantic copies it

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        return dg.Definitions(assets=self.specs)


def test_from_attributes_dict() -> None:
    made = Modelled.from_attributes_dict(attributes={"number": "{{ 2 * 3 }}", "key": "a/b"})
    assert made.number == 6
    assert made.key == dg.AssetKey(["a", "b"])
    assert isinstance(made, Modelled)


def test_from_yaml_path(project: Project) -> None:
    project.write("../__init__.py", "")
    file = project.write("one/defs.yaml", ONE)
    assert dg.Component.from_yaml_path(file).name == "one"


def test_resolve_from_yaml_and_dict_and_model() -> None:
    assert Modelled.resolve_from_yaml("number: 3").number == 3
    assert Modelled.resolve_from_yaml('number: "{{ n }}"', scope={"n": 9}).number == 9
    assert Modelled.resolve_from_dict({"number": 4}).number == 4
    model = Modelled.model()
    assert issubclass(model, BaseModel)
    assert Modelled.resolve_from_model(dg.ResolutionContext.default(), model(number=5)).number == 5


def test_the_schema_forbids_extra_keys() -> None:
    with pytest.raises(ValidationError):
        Modelled.model()(number=1, other=2)
    assert set(Modelled.model().model_fields) == {"number", "key", "specs"}


def test_resolved_asset_spec_takes_all_attributes() -> None:
    made = Modelled.resolve_from_yaml(
        """
        number: 1
        specs:
          - key: a/b
            deps: [c/d, e]
            description: text
            metadata: {rows: 3}
            group_name: g
            skippable: true
            code_version: v1
            owners: ["team:x"]
            tags: {t: 1}
            kinds: [python]
            partitions_def: {type: daily, start_date: "2024-01-01"}
        """
    )
    spec = made.specs[0]
    assert spec.key == dg.AssetKey(["a", "b"])
    assert [dep.asset_key for dep in spec.deps] == [dg.AssetKey(["c", "d"]), dg.AssetKey("e")]
    assert (spec.description, spec.group_name, spec.skippable, spec.code_version) == ("text", "g", True, "v1")
    assert list(spec.owners) == ["team:x"]
    assert spec.tags["t"] == "1"
    assert "python" in spec.kinds
    assert spec.partitions_def == dg.DailyPartitionsDefinition("2024-01-01")


class Client:
    def __init__(self, url: str) -> None:
        self.url = url


def test_check_specs_and_injected_values() -> None:
    class Wanted(dg.Model, dg.Resolvable):
        check: dg.ResolvedAssetCheckSpec
        client: dg.Injected[Client]

    client = Client("u")
    made = Wanted.resolve_from_yaml(
        'check: {name: c, asset: a/b, blocking: true}\nclient: "{{ client }}"', scope={"client": client}
    )
    assert made.check.key == dg.AssetCheckKey(dg.AssetKey(["a", "b"]), "c")
    assert made.check.blocking
    assert made.client is client


def _upper(context: dg.ResolutionContext, value: str) -> Client:
    return Client(context.resolve_value(value).upper())


def _joined(context: dg.ResolutionContext, model: BaseModel) -> str:
    return f"{model.first}+{model.second}"


def test_resolvers() -> None:
    from typing import Annotated, Any

    class Wanted(dg.Model, dg.Resolvable):
        by_function: Annotated[Client, dg.Resolver(_upper, model_field_type=str)]
        optional: Annotated[Client, dg.Resolver(_upper)] | None = None
        several: list[Annotated[Client, dg.Resolver(_upper, model_field_type=str)]] = []  # noqa: RUF012
        renamed: Annotated[int, dg.Resolver.default(model_field_name="other")] = 0
        raw: Annotated[str, dg.Resolver.passthrough()] = ""
        first: int = 0
        second: int = 0
        both: Annotated[str, dg.Resolver.from_model(_joined)] = ""
        anything: Any = None

    made = Wanted.resolve_from_dict(
        {
            "by_function": "a{{ 1 }}",
            "optional": "b",
            "several": ["c", "d"],
            "other": 4,
            "raw": "{{ kept }}",
            "first": 1,
            "second": 2,
            "anything": {"deep": ["{{ 3 + 4 }}"]},
        }
    )
    assert made.by_function.url == "A1"
    assert made.optional.url == "B"
    assert [each.url for each in made.several] == ["C", "D"]
    assert made.renamed == 4
    assert made.raw == "{{ kept }}"
    assert made.both == "1+2"
    assert made.anything == {"deep": [7]}


def test_dataclasses_and_plain_classes_and_nesting() -> None:
    from dataclasses import dataclass, field

    @dataclass
    class Inner(dg.Resolvable):
        n: int
        tags: list[str] = field(default_factory=list)

    class Outer(dg.Resolvable):
        def __init__(self, inner: Inner, many: dict[str, Inner], one_of: int | Inner = 3) -> None:
            self.inner, self.many, self.one_of = inner, many, one_of

    globals().update(Inner=Inner)
    made = Outer.resolve_from_yaml('inner: {n: "{{ 2 }}"}\nmany: {a: {n: 1, tags: [x]}}\none_of: {n: 9}')
    assert made.inner == Inner(2)
    assert made.many == {"a": Inner(1, ["x"])}
    assert made.one_of == Inner(9)
    assert Outer.resolve_from_yaml("inner: {n: 1}\nmany: {}").one_of == 3


def test_a_type_that_yaml_cannot_give_needs_a_resolver() -> None:
    class Wanted(dg.Model, dg.Resolvable):
        client: Client

    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"Wanted\.client.*Resolver"):
        Wanted.model()


class Item(dg.Model, dg.Resolvable):
    count: int = Field(ge=0)
    inside: list[Item] = []  # noqa: RUF012


class Items(dg.Component, dg.Model, dg.Resolvable):
    items: list[Item] = []  # noqa: RUF012
    one_of: int | Item | None = None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        return dg.Definitions()


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"items": [{"count": -1}]}, "items[0].count: Input should be greater than or equal to 0 (got -1)."),
        ({"items": [{"count": "{{ -1 }}"}]}, "items[0].count: Input should be greater than or equal to 0 (got -1)."),
        ({"items": [{"count": 1}, {"counts": 1, "count": 1}]}, "items[1].counts: there is no such attribute."),
    ],
)
def test_nested_mistakes_are_told_where_they_are_and_alone(attributes: dict, said: str) -> None:
    with pytest.raises(ResolutionException) as caught:
        Items.from_attributes_dict(attributes=attributes)
    assert str(caught.value) == said


def test_classes_that_hold_themselves() -> None:
    made = Items.from_attributes_dict(
        attributes={"items": [{"count": 1, "inside": [{"count": "{{ 2 }}"}]}], "one_of": {"count": 3}}
    )
    assert made.items[0].inside[0].count == 2
    assert made.one_of == Item(count=3)


# --- what assets tell


@pytest.mark.parametrize("key", ["dagster/component_origin", "dagster/code_references"])
def test_assets_of_components_tell_their_origin(project: Project, key: str) -> None:
    project.write("one/defs.yaml", ONE)
    project.write("plain.py", ASSET.format("plain"))
    assert key in project.metadata("one")
    assert key not in project.metadata("plain")


# --- mistakes


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ("  rows: 3\n", "attributes.name at src"),
        ("  name: one\n  row: 3\n", "Did you mean 'rows'?"),
        ("  name: one\n  rows: many\n", "attributes.rows at src"),
    ],
)
def test_row_64_attribute_missing_extra_or_invalid(project: Project, attributes: str, said: str) -> None:
    project.write("one/defs.yaml", f"type: KIT.Shell\nattributes:\n{attributes}")
    error = project.mistake()
    assert isinstance(error, ComponentTreeException)
    assert isinstance(error.__cause__, ValidationError)
    assert said in str(error)
    assert "defs.yaml:" in str(error)
    assert "one/defs.yaml" in str(error).partition("\n\n")[2]


@pytest.mark.parametrize(
    ("text", "cause", "said"),
    [
        ("attributes: {name: one}\n", ValidationError, "type at src"),
        (f"{ONE}other: 1\n", ValidationError, "other at src"),
        ("type: [unclosed\n", yaml.YAMLError, "defs.yaml:2: this is not valid YAML"),
    ],
)
def test_row_65_differs_type_missing_unknown_key_unparsable(
    project: Project, text: str, cause: type[Exception], said: str
) -> None:
    """The peer lets errors of pydantic and of the YAML parser pass as they are; here they are the cause of an error
    that has file and line, as those of attributes are.
    """
    project.write("one/defs.yaml", text)
    error = project.mistake()
    assert isinstance(error, ComponentTreeException)
    assert isinstance(error.__cause__, cause)
    assert said in str(error)


@pytest.mark.parametrize(
    ("named", "kind", "said"),
    [
        ("KIT.Shel", dg.DagsterUnresolvableSymbolError, "Did you mean 'Shell'?"),
        ("no.such.Module", dg.DagsterUnresolvableSymbolError, "no module 'no'"),
        ("Nothing", dg.DagsterUnresolvableSymbolError, "package.module.Class"),
        ("KIT.NotOne", dg.DagsterInvalidDefinitionError, "is not a component class"),
    ],
)
def test_row_66_type_not_found_or_no_component(project: Project, named: str, kind: type, said: str) -> None:
    project.write("one/defs.yaml", f"type: {named}\n")
    error = project.mistake()
    assert isinstance(error, kind)
    assert said in str(error)
    assert "type at src" in str(error)
    assert "defs.yaml:1" in str(error)


def test_row_66_differs_empty_file(project: Project) -> None:
    """The peer fails with an internal check; here the file is named."""
    project.write("one/defs.yaml", "")
    assert "one/defs.yaml:1: the file is empty" in str(project.mistake())


def test_differs_all_mistakes_of_all_files_at_once(project: Project) -> None:
    """The peer stops at the first mistake."""
    project.write(
        "one/defs.yaml", "type: KIT.Shell\nattributes:\n  rows: many\n  other: 1\npost_processing: {asset: 1}\n"
    )
    project.write("two/defs.yaml", "type: KIT.Shel\n")
    project.write("three.py", "import dagster as dg\n1 / 0\n")
    text = str(project.mistake())
    assert text.startswith("there are 6 mistakes")
    for said in ("attributes.rows", "attributes.other", "attributes.name", "post_processing.asset", "type"):
        assert f"{said} at " in text
    assert "three.py:2: " in text
    assert "<- 4 mistakes" in text


def test_differs_a_key_twice_is_told(project: Project) -> None:
    """YAML forbids it; the peer's parser takes the last."""
    project.write("one/defs.yaml", f"{ONE}  name: two\n")
    assert "defs.yaml:4: the key 'name' is there already (line 3)" in str(project.mistake())


def test_errors_of_build_defs_name_component_and_line_of_the_code(project: Project) -> None:
    project.write(
        "../bad.py",
        """
        import dagster as dg
        class Bad(dg.Component):
            def build_defs(self, context):
                raise KeyError("gone")
        """,
    )
    project.write("one/defs.yaml", f"type: {project.name}.bad.Bad\n")
    error = project.mistake()
    assert isinstance(error, ComponentTreeException)
    assert isinstance(error.__cause__, KeyError)
    assert "one/defs.yaml:1: Bad.build_defs failed: KeyError: 'gone'" in str(error)
    assert "bad.py:4" in str(error)


# --- built-in components


def test_defs_folder_component_processes_all_below(project: Project) -> None:
    project.write(
        "sub/defs.yaml",
        """
        type: dagster.DefsFolderComponent
        post_processing:
          assets:
            - target: "*"
              attributes: {group_name: all_of_them}
        """,
    )
    project.write("sub/a.py", ASSET.format("a"))
    project.write("sub/deep/defs.yaml", ONE.replace("name: one", "name: deep"))
    groups = {spec.key.to_user_string(): spec.group_name for spec in project.load().resolve_all_asset_specs()}
    assert groups == {"a": "all_of_them", "deep": "all_of_them"}


def test_tree_lists_instances(project: Project) -> None:
    project.write("one/defs.yaml", ONE)
    project.write("sub/two/defs.yaml", ONE.replace("name: one", "name: two"))
    tree = dg.ComponentTree.for_project(project.root)
    shell = importlib.import_module(f"{project.name}.kit").Shell
    assert sorted(each.name for each in tree.get_all_components(of_type=shell)) == ["one", "two"]
    root = tree.load_root_component()
    assert isinstance(root, dg.DefsFolderComponent)
    assert len([each for each in root.iterate_components() if isinstance(each, shell)]) == 2


def test_differs_definitions_component_loads_a_file(project: Project) -> None:
    """With the peer a `path` failed with an internal error."""
    project.write("sub/defs.yaml", "type: dagster.DefinitionsComponent\nattributes: {path: more.py}\n")
    project.write("sub/more.py", ASSET.format("more"))
    assert project.keys() == {"more"}


def test_function_component_runs_the_function(project: Project) -> None:
    project.write(
        "../work.py",
        """
        import dagster as dg
        def work(context):
            yield dg.MaterializeResult(asset_key="f", metadata={"rows": 2})
            yield dg.AssetCheckResult(asset_key="f", check_name="c", passed=True)
        """,
    )
    project.write(
        "one/defs.yaml",
        f"""
        type: dagster.FunctionComponent
        attributes:
          execution: {{name: worker, fn: {project.name}.work.work}}
          assets: [{{key: f}}]
          checks: [{{name: c, asset: f}}]
        """,
    )
    made = project.load().resolve_assets_def(dg.AssetKey("f"))
    assert made.op.name == "worker"
    result = dg.materialize([made])
    assert result.success
    assert result.asset_materializations_for_node("worker")[0].metadata["rows"].value == 2
    assert result.get_asset_check_evaluations()[0].passed


def test_function_component_takes_a_function_by_expression_and_checks_alone(project: Project) -> None:
    project.write(
        "one/vars.py",
        """
        import dagster as dg
        @dg.template_var
        def checker():
            def check(context): return dg.AssetCheckResult(passed=True)
            return check
        """,
    )
    project.write(
        "one/defs.yaml",
        """
        type: dagster.FunctionComponent
        template_vars_module: .vars
        attributes:
          execution: "{{ checker }}"
          checks: [{name: c, asset: f}]
        """,
    )
    assert [spec.name for each in project.load().asset_checks for spec in each.check_specs] == ["c"]


def test_python_script_component_runs_the_script_with_pipes(project: Project) -> None:
    project.write(
        "one/run me.py",
        """
        import sys
        from dagster_pipes import open_dagster_pipes
        with open_dagster_pipes() as pipes:
            pipes.report_asset_materialization(asset_key="s", metadata={"said": " ".join(sys.argv[1:])})
            pipes.report_asset_check(asset_key="s", check_name="c", passed=True)
        """.replace(
            "from dagster_pipes import open_dagster_pipes",
            "from rostrum.compat.dagster_pipes import open_dagster_pipes",
        ),
    )
    project.write(
        "one/defs.yaml",
        """
        type: dagster.PythonScriptComponent
        attributes:
          execution: {path: run me.py, args: "a 'b c'"}
          assets: [{key: s}]
          checks: [{name: c, asset: s}]
        """,
    )
    made = project.load().resolve_assets_def(dg.AssetKey("s"))
    result = dg.materialize([made])
    assert result.asset_materializations_for_node(made.op.name)[0].metadata["said"].value == "a b c"
    assert result.get_asset_check_evaluations()[0].passed


def test_uv_run_component_runs_the_script_by_uv(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(self: dg.PipesSubprocessClient, *, command: list[str], context: object, **_: object) -> object:
        commands.append(list(command))
        raise ValueError("uv is not run here")

    monkeypatch.setattr(dg.PipesSubprocessClient, "run", run)
    project.write("one/script.py", "# /// script\n# dependencies = []\n# ///\n")
    project.write(
        "one/defs.yaml",
        """
        type: dagster.UvRunComponent
        attributes:
          execution: {path: script.py}
          assets: [{key: s}]
        """,
    )
    made = project.load().resolve_assets_def(dg.AssetKey("s"))
    with pytest.raises(ValueError, match="uv is not run here"):
        dg.materialize([made])
    assert commands == [["uv", "run", str(project.defs / "one" / "script.py")]]


def test_templated_sql_component(project: Project) -> None:
    project.write(
        "one/vars.py",
        """
        import dagster as dg
        class Connection:
            def __init__(self): self.ran = []
            def connect_and_execute(self, sql): self.ran.append(sql)
        CONNECTION = Connection()
        @dg.template_var
        def connection(): return CONNECTION
        """,
    )
    project.write(
        "one/defs.yaml",
        """
        type: dagster.TemplatedSqlComponent
        template_vars_module: .vars
        attributes:
          connection: "{{ connection }}"
          assets: [{key: s/t}]
          sql_template: "create table {{ name }} as select 1"
          sql_template_vars: {name: t}
        """,
    )
    defs = project.load()
    assert dg.materialize(list(defs.assets)).success
    connection = importlib.import_module(f"{project.name}.defs.one.vars").CONNECTION
    assert connection.ran == ["create table t as select 1"]


class Kept(dg.StateBackedComponent):
    @property
    def defs_state_config(self):
        from dagster.components import DefsStateConfig, DefsStateConfigArgs

        return DefsStateConfig.from_args(DefsStateConfigArgs.local_filesystem(), default_key="Kept[x]")

    async def write_state_to_path(self, state_path: Path) -> None:
        state_path.write_text("table")  # noqa: ASYNC240 - one word

    def build_defs_from_state(self, context, state_path):
        return dg.Definitions(assets=[dg.AssetSpec(state_path.read_text())] if state_path else [])


def test_state_backed_component_builds_from_what_was_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    component = Kept()
    assert not list(dg.build_defs_for_component(component).assets)
    assert component.refresh_state(tmp_path) == "Kept[x]"
    assert [spec.key for spec in dg.build_defs_for_component(component).assets] == [dg.AssetKey("table")]


def test_component_defs_adds_resources() -> None:
    defs = dg.component_defs(component=Modelled(number=1, specs=[dg.AssetSpec("a")]), resources={"r": 1})
    assert defs.resources == {"r": 1}


def test_components_may_load_each_other(project: Project) -> None:
    project.write("one/defs.yaml", ONE)
    project.write(
        "two/defs.yaml", "type: KIT.Shell\nattributes: {name: \"{{ context.load_component('one').name }}_two\"}\n"
    )
    assert project.keys() == {"one", "one_two"}


def test_components_that_wait_for_each_other_are_told(project: Project) -> None:
    for one, other in (("one", "two"), ("two", "one")):
        project.write(
            f"{one}/defs.yaml",
            f"type: KIT.Shell\nattributes: {{name: \"{{{{ context.load_component('{other}').name }}}}\"}}\n",
        )
    assert "wait for each other: one -> two -> one" in str(project.mistake())


def test_documented_project_layout_loads_as_a_code_location(project: Project) -> None:
    from rostrum.definitions.location.loading import CodeTarget, load_definitions

    project.write("a.py", ASSET.format("a"))
    project.write(
        "../definitions.py",
        """
        from pathlib import Path
        from dagster import definitions, load_from_defs_folder
        @definitions
        def defs():
            return load_from_defs_folder(path_within_project=Path(__file__).parent)
        """,
    )
    loaded = load_definitions(CodeTarget(module_name=f"{project.name}.definitions"))
    assert loaded.resolve_all_asset_keys() == [dg.AssetKey("a")]
    assert loaded.component_tree is not None
    module = importlib.import_module(f"{project.name}.definitions")
    assert module.defs() is not module.defs()


# --- scaffolding and test helpers


def test_sandbox_and_scaffolders() -> None:
    from dagster.components.testing import create_defs_folder_sandbox

    class Params(BaseModel):
        number: int = 1

    class Writer(dg.Scaffolder[Params]):
        @classmethod
        def get_scaffold_params(cls) -> type[Params]:
            return Params

        def scaffold(self, request: dg.ScaffoldRequest[Params]) -> None:
            dg.scaffold_component(request, {"number": request.params.number})

    marked = dg.scaffold_with(Writer)(type("Marked", (Modelled,), {"__module__": __name__}))
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.scaffold_component(component_cls=marked, scaffold_params={"number": 4})
        written = yaml.safe_load((folder / "defs.yaml").read_text())
        assert written["type"].endswith(".Marked")
        assert written["attributes"] == {"number": 4}
        (sandbox.defs_folder_path.parent / "work.py").write_text("def work(context): ...")
        sandbox.scaffold_component(
            component_cls=dg.FunctionComponent,
            defs_path="f",
            defs_yaml_contents={
                "type": "dagster.FunctionComponent",
                "attributes": {"execution": f"{sandbox.project_name}.work.work", "assets": [{"key": "a"}]},
            },
        )
        with sandbox.load_component_and_build_defs(Path("f")) as (component, defs):
            assert isinstance(component, dg.FunctionComponent)
            assert defs.resolve_all_asset_keys() == [dg.AssetKey("a")]


def test_translation_functions() -> None:
    from typing import Annotated

    from dagster.components.utils.translation import TranslationFn, TranslationFnResolver

    class Wanted(dg.Model, dg.Resolvable):
        translation: Annotated[
            TranslationFn[str], TranslationFnResolver(template_vars_for_translation_fn=lambda data: {"table": data})
        ]

    made = Wanted.resolve_from_yaml('translation: {key: "x/{{ table }}", tags: {of: "{{ spec.key.path[0] }}"}}')
    spec = made.translation(dg.AssetSpec("base", tags={"own": "1"}), "orders")
    assert spec.key == dg.AssetKey(["x", "orders"])
    assert dict(spec.tags) == {"own": "1", "of": "base"}


@pytest.mark.parametrize(
    "names",
    [
        "Component ComponentLoadContext ComponentTypeSpec DefinitionsComponent DefsFolderComponent FunctionComponent",
        "Injected Model PythonScriptComponent Resolvable ResolutionContext ResolvedAssetCheckSpec ResolvedAssetKey",
        "ResolvedAssetSpec Resolver ScaffoldRequest Scaffolder SqlComponent StateBackedComponent AssetAttributesModel",
        "TemplatedSqlComponent UvRunComponent build_component_defs build_defs_for_component component_instance",
        "definitions load_defs load_from_defs_folder scaffold_component scaffold_with",
    ],
)
def test_names_are_in_both_modules(names: str) -> None:
    components = importlib.import_module("dagster.components")
    for name in names.split():
        assert getattr(components, name) is getattr(dg, name)
