"""Jobs and secrets of workers: deterministic, valid, layers of configuration laid over each other in order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import kubernetes_validate
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.interfaces.launching import GatewayAddress, LaunchSpec, StepLaunch
from rostrum.launchers.kubernetes_manifests import job_manifest, job_name, label_value, secret_manifest
from rostrum.launchers.kubernetes_settings import camel, kubernetes_settings
from rostrum.model.errors import ConfigError, RostrumError
from rostrum.model.runs import Run, RunTarget

RUN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
FULL: dict[str, Any] = {
    "job_image": "example.com/shop:1",
    "job_namespace": "data",
    "image_pull_policy": "Always",
    "image_pull_secrets": [{"name": "registry"}],
    "service_account_name": "rostrum",
    "env_vars": ["MODE=fast", "REGION"],
    "env_secrets": ["warehouse"],
    "env_config_maps": ["shop"],
    "volumes": [{"name": "scratch", "empty_dir": {}}],
    "volume_mounts": [{"name": "scratch", "mount_path": "/scratch"}],
    "labels": {"team_name": "data"},
    "resources": {"requests": {"cpu": "100m"}, "limits": {"nvidia.com/gpu": "1"}},
    "memory": "256Mi",
    "scheduler_name": "binpack",
    "security_context": {"run_as_non_root": True},
    "run_k8s_config": {
        "container_config": {"env": [{"name": "MODE", "value": "slow"}]},
        "pod_spec_config": {
            "node_selector": {"disk_type": "ssd"},
            "tolerations": [{"key": "spot", "operator": "Exists"}],
        },
        "pod_template_spec_metadata": {"annotations": {"cluster-autoscaler/safe_to_evict": "false"}},
        "job_spec_config": {"ttl_seconds_after_finished": 7200, "backoff_limit": 6},
        "job_metadata": {"annotations": {"owner": "us"}},
    },
}


def spec(step: StepLaunch | None = None, tags: dict[str, str] | None = None) -> LaunchSpec:
    run = Run(
        run_id=RUN_ID, target=RunTarget("shop", "daily"), created_at=datetime(2026, 1, 1, tzinfo=UTC), tags=tags or {}
    )
    address = GatewayAddress("http://rostrum:3000")
    return LaunchSpec(run=run, epoch=1, gateway=address, token="t0ken", spool_dir="/nowhere", step=step)


def manifest(config: dict[str, Any], wanted: LaunchSpec | None = None) -> dict[str, Any]:
    made = job_manifest(wanted or spec(), kubernetes_settings(config), {"REGION": "eu"})
    kubernetes_validate.validate(made, "1.30", strict=True)
    return made


def container(made: dict[str, Any]) -> dict[str, Any]:
    return made["spec"]["template"]["spec"]["containers"][0]


def test_all_settings_make_a_valid_job() -> None:
    made = manifest(FULL)
    pod, own = made["spec"]["template"]["spec"], container(made)
    assert made["metadata"]["namespace"] == "data"
    assert made["metadata"]["annotations"] == {"owner": "us"}
    assert own["args"] == ["rostrum", "run-worker", RUN_ID]
    environment = {each["name"]: each["value"] for each in own["env"]}
    assert environment["MODE"] == "slow", "raw configuration is stronger"
    assert environment["REGION"] == "eu"
    assert environment["ROSTRUM_GATEWAY"] == "http://rostrum:3000"
    assert own["envFrom"][-1] == {"secretRef": {"name": job_name(spec())}}, "the last one wins"
    assert own["resources"] == {
        "requests": {"cpu": "100m", "memory": "268435456"},
        "limits": {"nvidia.com/gpu": "1", "memory": "268435456"},
    }
    assert own["volumeMounts"] == [{"name": "scratch", "mountPath": "/scratch"}]
    assert pod["nodeSelector"] == {"disk_type": "ssd"}, "the user's own words stay as they are"
    assert pod["restartPolicy"] == "Never"
    assert made["spec"]["backoffLimit"] == 0, "another pod is another worker, with an epoch of its own"
    assert made["spec"]["ttlSecondsAfterFinished"] == 7200
    assert "t0ken" not in json.dumps(made)


def test_the_same_launch_makes_the_same_job() -> None:
    assert manifest(FULL) == manifest(FULL)


def test_secret_goes_with_its_job() -> None:
    made = secret_manifest(spec(), kubernetes_settings(FULL), "uid-7", {"REGION": "eu"})
    kubernetes_validate.validate(made, "1.30", strict=True)
    assert made["stringData"] == {"ROSTRUM_RUN_TOKEN": "t0ken"}
    assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-7"


def test_variables_that_look_secret_are_in_the_secret_and_not_in_the_pod() -> None:
    config = {"image": "shop:1", "env_vars": ["DB_PASSWORD", "API_TOKEN=h$(unter)2", "MODE=fast"]}
    environment = {"DB_PASSWORD": "hunter2"}
    made = job_manifest(spec(), kubernetes_settings(config), environment)
    assert "unter" not in json.dumps(made)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert {"name": "MODE", "value": "fast"} in container["env"]
    told = secret_manifest(spec(), kubernetes_settings(config), "uid-7", environment)["stringData"]
    assert (told["DB_PASSWORD"], told["API_TOKEN"]) == ("hunter2", "h$(unter)2")
    assert "MODE" not in told


def test_layers_are_laid_over_each_other_deeply_or_field_by_field() -> None:
    config = {"image": "i", "pod_config": {"pod_spec_config": {"nodeSelector": {"a": "1"}, "priority": 1}}}
    tag = {"pod_spec_config": {"node_selector": {"b": "2"}}}
    deep = manifest(config, spec(tags={"dagster-k8s/config": json.dumps(tag)}))
    assert deep["spec"]["template"]["spec"]["nodeSelector"] == {"a": "1", "b": "2"}
    shallow = manifest(config, spec(tags={"rostrum/kubernetes": json.dumps({**tag, "merge_behavior": "SHALLOW"})}))
    assert shallow["spec"]["template"]["spec"]["nodeSelector"] == {"b": "2"}
    assert shallow["spec"]["template"]["spec"]["priority"] == 1


def test_a_step_has_its_own_tags_and_settings_and_not_the_pod_configuration_of_the_run() -> None:
    raw = {"container_config": {"resources": {"limits": {"cpu": "4"}}}}
    run_tags = {"dagster-k8s/config": json.dumps(raw), "dagster/image": "of-the-run:2"}
    step = StepLaunch(step_key="clean[2026]", attempt=2, work=b"w", tags={"rostrum/memory": "1Gi"})
    config = {"image": "i", "per_step_k8s_config": {"clean[2026]": {"job_metadata": {"annotations": {"mine": "yes"}}}}}
    made = manifest(config, spec(step, tags=run_tags))
    assert container(made)["resources"]["limits"] == {"memory": str(2**30)}
    assert container(made)["image"] == "of-the-run:2"
    assert made["metadata"]["annotations"] == {"mine": "yes", "rostrum/step-key": "clean[2026]"}
    assert made["metadata"]["labels"]["rostrum/step"] == "clean-2026"
    assert container(manifest(config, spec(tags=run_tags)))["resources"]["limits"] == {"cpu": "4"}


def test_containers_beside_ours_stay() -> None:
    raw = {"pod_spec_config": {"containers": [{"name": "proxy", "image": "p"}], "init_containers": [{"name": "i"}]}}
    made = manifest({"image": "i", "pod_config": raw})["spec"]["template"]["spec"]
    assert [each["name"] for each in made["containers"]] == ["rostrum", "proxy"]
    assert made["initContainers"] == [{"name": "i"}]


def test_tags_set_only_what_the_deployment_allows() -> None:
    config = {"image": "i", "tag_fields": {"container_config": ["resources"]}}
    allowed = {"container_config": {"resources": {"limits": {"cpu": "1"}}}}
    manifest(config, spec(tags={"dagster-k8s/config": json.dumps(allowed)}))
    refused: list[dict[str, Any]] = [
        {"container_config": {"security_context": {}}},
        {"pod_spec_config": {"host_network": True}},
    ]
    for raw in refused:
        with pytest.raises(RostrumError, match=r"(securityContext|hostNetwork) may not be set by tags here"):
            manifest(config, spec(tags={"dagster-k8s/config": json.dumps(raw)}))


def test_what_cannot_be_read_is_named() -> None:
    for raw in ("{", '["x"]', '{"pod_specs": {}}'):
        with pytest.raises(
            ConfigError, match="tag dagster-k8s/config: it is to be JSON with the keys container_config"
        ):
            manifest({"image": "i"}, spec(tags={"dagster-k8s/config": raw}))
    with pytest.raises(ConfigError, match="tag_fields: pods is none of container_config"):
        kubernetes_settings({"tag_fields": {"pods": []}})
    with pytest.raises(ConfigError, match="launcher kubernetes: unknown setting imagee"):
        kubernetes_settings({"imagee": "x"})
    with pytest.raises(RostrumError, match="REGION is to be handed on to containers and is not set here"):
        job_manifest(spec(), kubernetes_settings({"image": "i", "env_vars": ["REGION"]}), {})
    with pytest.raises(ConfigError, match="tag rostrum/memory: '512m' is no size of memory; write 512Mi"):
        manifest({"image": "i"}, spec(tags={"rostrum/memory": "512m"}))
    with pytest.raises(ConfigError, match="tag rostrum/cpu: 'two' is no number of processors"):
        manifest({"image": "i"}, spec(tags={"rostrum/cpu": "two"}))


def test_a_value_is_no_reference_to_another_variable() -> None:
    made = manifest({"image": "i", "env_vars": ["PRICE=$(cat /etc/passwd)"]})
    assert {"name": "PRICE", "value": "$$(cat /etc/passwd)"} in container(made)["env"]


@given(st.text(min_size=1), st.integers(1, 9), st.integers(1, 99))
def test_names_and_labels_are_valid_and_differ(key: str, attempt: int, epoch: int) -> None:
    step = StepLaunch(step_key=key, attempt=attempt, work=b"")
    wanted = msgspec.structs.replace(spec(step), epoch=epoch)
    name = job_name(wanted)
    assert len(name) <= 63
    assert name.strip("-") == name
    assert all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in name)
    other = msgspec.structs.replace(wanted, step=msgspec.structs.replace(step, attempt=attempt + 1))
    assert job_name(other) != name
    assert job_name(msgspec.structs.replace(wanted, step=None)) == f"rostrum-run-{RUN_ID}-{epoch}"
    value = label_value(key)
    assert len(value) <= 63
    assert value == value.strip("-_.")


def test_fields_by_either_spelling() -> None:
    given_ = {"host_pid": True, "volumeMounts": [{"mount_path": "/x", "name": "a_b"}], "labels": {"a_b": "c_d"}}
    assert camel(given_) == {
        "hostPID": True,
        "volumeMounts": [{"mountPath": "/x", "name": "a_b"}],
        "labels": {"a_b": "c_d"},
    }
