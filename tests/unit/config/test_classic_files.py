"""Files that were written for Dagster are read as they are: what means something here is taken, the rest is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostrum.config import notices
from rostrum.config.deployment import pool_rules
from rostrum.config.instance import Component, Home, find_home, read_instance
from rostrum.config.projects import read_project
from rostrum.config.workspace import find_locations, read_workspace
from rostrum.model.errors import ConfigError

DEPLOYED = """\
scheduler:
  module: dagster.core.scheduler
  class: DagsterDaemonScheduler

run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 5

run_storage:
  module: dagster_postgres.run_storage
  class: PostgresRunStorage
  config:
    postgres_db:
      hostname: db
      username: {env: NOT_SET_ANYWHERE}

telemetry:
  enabled: false
"""


@pytest.fixture(autouse=True)
def fresh_notices() -> None:
    notices.forget()


def home_with(tmp_path: Path, text: str) -> Home:
    (tmp_path / "dagster.yaml").write_text(text)
    return Home(tmp_path)


def test_the_classic_deployment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = read_instance(home_with(tmp_path, DEPLOYED))
    assert settings.run_queue.max_concurrent_runs == 5
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "dagster.yaml:11: run_storage: one database keeps everything" in told[0]


def test_a_log_store(tmp_path: Path) -> None:
    config = "{bucket: b, prefix: p, region: r, local_dir: x}"
    text = f"compute_logs:\n  module: m\n  class: S3ComputeLogManager\n  config: {config}"
    logs = read_instance(home_with(tmp_path, text)).logs
    assert (logs.name, logs.config) == ("object_store", {"url": "s3://b", "prefix": "p", "aws_region": "r"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run_queue: {max_concurrent_runs: 3}", 3),
        ("concurrency: {runs: {max_concurrent_runs: 4}}", 4),
        ("run_coordinator: {module: m, class: DefaultRunCoordinator}", -1),
        ("run_queue: {max_concurrent_runs: {env: ROSTRUM_TEST_RUNS}}", 7),
        ("", 10),
    ],
)
def test_limits_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, found: int) -> None:
    monkeypatch.setenv("ROSTRUM_TEST_RUNS", "7")
    assert read_instance(home_with(tmp_path, text)).run_queue.max_concurrent_runs == found


def test_limits_of_tags(tmp_path: Path) -> None:
    text = """\
concurrency:
  runs:
    tag_concurrency_limits:
      - {key: database, limit: 4}
      - {key: database, value: redshift, limit: 2}
      - {key: customer, limit: 1, value: {applyLimitPerUniqueValue: true}}
"""
    first, second, third = read_instance(home_with(tmp_path, text)).run_queue.tag_limits
    assert (first.key, first.limit, first.value, first.per_value) == ("database", 4, None, False)
    assert second.value == "redshift"
    assert third.per_value


def test_the_monitor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "run_monitoring:\n  enabled: true\n  start_timeout_seconds: 60\n  poll_interval_seconds: 5\n"
    settings = read_instance(home_with(tmp_path, text))
    assert settings.monitor.start_timeout == 60
    assert "dagster.yaml:4: run_monitoring.poll_interval_seconds: has no effect here" in capsys.readouterr().err


def test_launchers_of_containers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_IMAGE", "shop:1")
    docker = """
run_launcher:
  module: dagster_docker
  class: DockerRunLauncher
  config:
    image: {env: SHOP_IMAGE}
    network: shop
    env_vars: [REGION]
    container_kwargs: {auto_remove: true, user: app}
"""
    settings = read_instance(home_with(tmp_path, docker))
    config = {"image": "shop:1", "network": "shop", "env_vars": ["REGION"], "container_kwargs": {"user": "app"}}
    assert settings.launcher == Component("docker", config)
    told = capsys.readouterr().err
    assert "dagster.yaml:2: run_launcher: run workers are containers, by the launcher docker" in told
    assert "container_kwargs.auto_remove" in told


def test_launcher_of_a_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kubernetes = """
run_launcher:
  module: dagster_k8s
  class: K8sRunLauncher
  config:
    job_image: shop:1
    job_namespace: data
    instance_config_map: instance
    run_k8s_config: {pod_spec_config: {nodeSelector: {disk: ssd}}}
    only_allow_user_defined_k8s_config_fields: {container_config: {volume_mounts: true, env: false}}
"""
    settings = read_instance(home_with(tmp_path, kubernetes))
    assert settings.launcher.name == "kubernetes"
    assert settings.launcher.config == {
        "image": "shop:1",
        "namespace": "data",
        "pod_config": {"pod_spec_config": {"nodeSelector": {"disk": "ssd"}}},
        "tag_fields": {
            "container_config": ["volumeMounts"],
            "pod_spec_config": [],
            "pod_template_spec_metadata": [],
            "job_spec_config": [],
            "job_metadata": [],
        },
    }
    assert "run_launcher.config: instance_config_map has no effect here" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://rostrum:3000", None])
def test_address_of_the_gateway_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    monkeypatch.setenv("ROSTRUM_GATEWAY_URL", url or "rostrum")
    if url is None:
        with pytest.raises(ConfigError, match="ROSTRUM_GATEWAY_URL: 'rostrum' is no address"):
            read_instance(Home(tmp_path))
    else:
        assert read_instance(Home(tmp_path)).gateway.url == url


@pytest.mark.parametrize(
    ("text", "default", "granularity", "buffer"),
    [
        ("concurrency: {pools: {default_limit: 3, granularity: run}}", 3, "run", 0),
        ("concurrency: {pools: {op_granularity_run_buffer: 2}}", None, "op", 2),
        ("concurrency: {default_op_concurrency_limit: 4}", 4, "op", 0),
        ("run_queue: {block_op_concurrency_limited_runs: {op_concurrency_slot_buffer: 1}}", None, "op", 1),
    ],
)
def test_limits_of_pools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, default: int | None, granularity: str, buffer: int
) -> None:
    rules = pool_rules(read_instance(home_with(tmp_path, text)))
    assert (rules.default_limit, rules.granularity, rules.run_buffer) == (default, granularity, buffer)
    assert rules.limit("any") == default
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("storage:\n  postgres:\n    postgres_url: {env: NOPE}", "storage.postgres: PostgreSQL is not part"),
        ("run_launcher:\n  module: mine\n  class: MyRunLauncher", "run_launcher: there is no MyRunLauncher"),
        ("retention:\n  sensor:\n    purge_after_days: 3", "retention: nothing is purged"),
        ("telemetry:\n  enabled: true", "telemetry: has no effect here"),
        ("compute_logs:\n  module: m\n  class: OwnComputeLogManager\n  config: {bucket: b}", "compute_logs: captured"),
        (
            "compute_logs:\n  module: m\n  class: S3ComputeLogManager\n  config: {bucket: b, verify_cert_path: x}",
            "compute_logs: verify_cert_path means nothing here",
        ),
    ],
)
def test_what_means_nothing_here_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    read_instance(home_with(tmp_path, text))
    read_instance(Home(tmp_path))
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("run_que:\n  max_concurrent_runs: 3", r"dagster\.yaml:1: unknown key run_que; did you mean run_queue"),
        ("telemetry:\n  on: false", r"dagster\.yaml:2: unknown key telemetry\."),
        (
            "run_queue:\n  max_concurrent_runs: many",
            r"dagster\.yaml:2: run_queue\.max_concurrent_runs is to be a number",
        ),
        ("run_queue:\n  tag_concurrency_limits:\n    - {key: a}", r"dagster\.yaml:2: .* needs a `key` and a `limit`"),
        (
            "run_queue: {max_concurrent_runs: 1}\nconcurrency:\n  runs: {max_concurrent_runs: 2}",
            r"dagster\.yaml:3: .* is set in another section",
        ),
        (
            "concurrency:\n  pools:\n    granularity: step",
            r"dagster\.yaml:3: .*granularity is 'step'; it is `op` or `run`",
        ),
        ("run_queue: 3", r"dagster\.yaml:1: run_queue is to be a mapping"),
        ("a: [", r"dagster\.yaml:\d+: not valid YAML"),
        ("nux: {}\nnux: {}", r"dagster\.yaml:2: the key nux is there twice"),
    ],
)
def test_what_is_wrong_is_one_error_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_instance(home_with(tmp_path, text))


def test_our_own_file_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rostrum.yaml").write_text("run_queue: {max_concurrent_runs: 2}\ncompat: dagster\n")
    settings = read_instance(home_with(tmp_path, "run_queue: {max_concurrent_runs: 9}"))
    assert (settings.run_queue.max_concurrent_runs, settings.compat) == (2, "dagster")
    assert "dagster.yaml is not read" in capsys.readouterr().err


def test_the_home_of_the_other_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ROSTRUM_HOME", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "classic"))
    assert find_home().folder == tmp_path / "classic"
    assert "from DAGSTER_HOME, since ROSTRUM_HOME is not set" in capsys.readouterr().err
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "own"))
    assert find_home().folder == tmp_path / "own"
    assert find_home(str(tmp_path / "given")).folder == tmp_path / "given"
    assert capsys.readouterr().err == ""


def test_a_workspace_with_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").touch()
    (tmp_path / "workspace.yaml").write_text(
        """\
load_from:
  - python_file: {relative_path: a.py, location_name: a, compat: dagster}
  - python_module: pkg.defs
  - python_package: {package_name: pkg, attribute: defs, working_directory: inner}
  - grpc_server: {host: code, port: 4000, location_name: remote, additional_metadata: {k: v}}
  - grpc_server: {port: 4000, ssl: true}
"""
    )
    file, module, package, remote, local = read_workspace(tmp_path / "workspace.yaml")
    assert (file.name, file.compat) == ("a", "dagster")
    assert (module.name, module.module_name, module.compat) == ("pkg.defs", "pkg.defs", None)
    assert (package.module_name, package.attribute, package.working_directory) == ("pkg", "defs", f"{tmp_path}/inner")
    assert remote.name == "remote"
    assert local.name == "grpc_localhost_4000"
    assert local.server is not None
    assert local.server.ssl
    assert "additional_metadata of the location remote has no effect" in capsys.readouterr().err


def test_a_python_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "python").touch()
    text = "load_from:\n  - python_module: {module_name: m, executable_path: python}\n"
    (tmp_path / "workspace.yaml").write_text(text)
    assert read_workspace(tmp_path / "workspace.yaml")[0].executable == str(tmp_path / "python")
    (tmp_path / "python").unlink()
    with pytest.raises(ConfigError, match="there is no file python"):
        read_workspace(tmp_path / "workspace.yaml")


def test_pyproject_of_either_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool.dagster]\nmodule_name = "etl.defs"\ncode_location_name = "etl"\nodd = 1\n')
    (spec,) = find_locations((), (), None)
    assert (spec.name, spec.module_name, spec.working_directory) == ("etl", "etl.defs", str(tmp_path))
    assert "[tool.dagster] odd is not known here" in capsys.readouterr().err
    project.write_text('[tool.dagster]\nmodule_name = "etl.defs"\n[tool.rostrum]\ncompat = "dagster"\n')
    (spec,) = find_locations((), (), None)
    assert (spec.module_name, spec.compat) == ("etl.defs", "dagster")
    project.write_text('[tool.rostrum]\nmodule = "own.defs"\nattribute = "defs"\n[tool.dagster]\nmodule_name = "x"\n')
    (spec,) = find_locations((), (), None)
    assert (spec.module_name, spec.attribute) == ("own.defs", "defs")
    (tmp_path / "src/shop").mkdir(parents=True)
    project.write_text('[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "shop"\n')
    (spec,) = find_locations((), (), None)
    assert (spec.module_name, spec.working_directory) == ("shop.definitions", str(tmp_path / "src"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool.rostrum]\nmodul = 'x'", "unknown field `modul`"),
        ("[tool.rostrum]\ncompat = 'yes'", "compat: 'yes' is none of auto, dagster, off"),
        ("[tool.rostrum]\ncompat = 'dagstr'", "did you mean dagster\\?"),
        ("[tool.rostrum]\nmodule = 'x'\npython_file = 'y.py'", "not both"),
        ("[tool", "not valid TOML"),
    ],
)
def test_a_wrong_pyproject(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_project(tmp_path / "pyproject.toml")
