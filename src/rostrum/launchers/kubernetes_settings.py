"""Settings of the Kubernetes launcher, and how layers of raw configuration are laid over each other: pure.

The objects of the cluster's API are plain data here, with the API's own names of fields. What users write may have them
in camel case or in snake case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec

from rostrum.interfaces.launching import LaunchSpec
from rostrum.launchers.requests import merged, read_settings, told_code
from rostrum.model.errors import ConfigError, RostrumError
from rostrum.model.reserved_names import POD_CONFIG_TAGS

NAME = "kubernetes"
SECTIONS = ("container_config", "pod_spec_config", "pod_template_spec_metadata", "job_spec_config", "job_metadata")
OTHER_NAMES = {
    "job_image": "image",
    "job_namespace": "namespace",
    "run_k8s_config": "pod_config",
    "step_k8s_config": "pod_config",
    "per_step_k8s_config": "per_step",
}
"""Names that settings written for others have."""
FREE_KEYS = frozenset(
    {"labels", "annotations", "nodeSelector", "matchLabels", "limits", "requests", "data", "stringData"}
    | {"volumeAttributes", "options", "drivers"}
)
"""Fields whose keys are the user's own words."""
_ODD = {
    "host_ip": "hostIP",
    "host_ipc": "hostIPC",
    "host_pid": "hostPID",
    "set_hostname_as_fqdn": "setHostnameAsFQDN",
    "volume_id": "volumeID",
    "dataset_uuid": "datasetUUID",
    "disk_uri": "diskURI",
    "pd_id": "pdID",
    "storage_policy_id": "storagePolicyID",
    "target_ww_ns": "targetWWNs",
}
"""Fields that camel case alone would get wrong."""
_KEYED_BY = {"env": "name", "volumes": "name", "volumeMounts": "mountPath", "imagePullSecrets": "name"}
"""Lists whose entries replace each other."""

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Whole = Annotated[int, msgspec.Meta(ge=0)]


class PodConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raw configuration of a pod and its job, by the API's names, over what is made of the settings."""

    container_config: dict[str, Any] = {}
    pod_spec_config: dict[str, Any] = {}
    pod_template_spec_metadata: dict[str, Any] = {}
    job_spec_config: dict[str, Any] = {}
    job_metadata: dict[str, Any] = {}
    merge_behavior: Literal["DEEP", "SHALLOW"] = "DEEP"
    """DEEP: mappings are merged and lists joined; SHALLOW: each field that is given replaces what was there."""


class KubernetesSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, as they are for one code location."""

    image: str | None = None
    """Of runs and steps whose tags name none."""
    allowed_images: list[str] | None = None
    """Patterns of images that tags may name, such as `registry.example/shop*`; None: any."""
    namespace: str = "default"
    command: list[str] = msgspec.field(default_factory=lambda: ["rostrum"])
    """What is before `run-worker` and `step-worker`: arguments of the image's entry point."""
    code: dict[str, Any] | None = None
    """What workers import: `module_name` or `python_file`, with `working_directory` and `attribute`; None: as in the
    workspace file, or as the image's variable ROSTRUM_CODE says."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    image_pull_secrets: list[dict[str, str]] = []
    service_account_name: str | None = None
    env_vars: list[str] | dict[str, str] = []
    """`NAME=value`, or `NAME` to hand on a variable of the launching process."""
    env_secrets: list[str] = []
    """Secrets all of whose keys become variables."""
    env_config_maps: list[str] = []
    volumes: list[dict[str, Any]] = []
    volume_mounts: list[dict[str, Any]] = []
    labels: dict[str, str] = {}
    resources: dict[str, Any] = {}
    """`requests` and `limits`."""
    cpu: str | None = None
    memory: str | None = None
    """Requested and at most, where tags ask for none: `500m`, `512Mi`."""
    scheduler_name: str | None = None
    security_context: dict[str, Any] = {}
    """Of the container."""
    pod_config: PodConfig = PodConfig()
    per_step: dict[str, PodConfig] = {}
    """By key of the step."""
    tag_fields: dict[str, list[str]] | None = None
    """What tags may set: section -> fields, in camel case; None: anything."""
    ttl_seconds_after_finished: Whole = 86_400
    """The cluster removes the job, its pod and its secret then."""
    grace_seconds: Whole = 30
    """Between asking a pod to end and killing it."""
    image_patience_seconds: Seconds = 60.0
    """How long an image may fail to be pulled before the worker is given up."""
    load_incluster_config: bool | None = None
    """None: where the launcher itself is in a pod and `kubeconfig_file` is not set."""
    kubeconfig_file: str | None = None
    kube_context: str | None = None
    verify_ssl: bool = True

    def __post_init__(self) -> None:
        told_code(self.code, NAME)
        wrong = [section for section in self.tag_fields or () if section not in SECTIONS]
        if wrong:
            raise ValueError(f"tag_fields: {wrong[0]} is none of {', '.join(SECTIONS)}")


def kubernetes_settings(config: Mapping[str, Any]) -> KubernetesSettings:
    """Read settings, under whichever name they were written. Raises ConfigError."""
    return read_settings({OTHER_NAMES.get(key, key): value for key, value in config.items()}, KubernetesSettings, NAME)


def layers(spec: LaunchSpec, settings: KubernetesSettings) -> list[PodConfig]:
    """Raw configuration for a worker, the strongest last: of the settings, of the step by its key, of the tags. Tags of
    the run are for its own pod: those of a step pod are the step's. Raises ConfigError for a tag that cannot be read,
    RostrumError for one that sets what it may not.
    """
    found = [settings.pod_config]
    if spec.step is not None and spec.step.step_key in settings.per_step:
        found.append(settings.per_step[spec.step.step_key])
    tags = spec.run.tags if spec.step is None else spec.step.tags
    tag = next((name for name in POD_CONFIG_TAGS if tags.get(name)), None)
    if tag is not None:
        config = _of_tag(tag, tags[tag])
        _check_allowed(tag, config, settings.tag_fields)
        found.append(config)
    return found


def _of_tag(tag: str, text: str) -> PodConfig:
    try:
        raw: Any = json.loads(text)
        return msgspec.convert(raw, PodConfig)
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"tag {tag}: it is to be JSON with the keys {', '.join(SECTIONS)}: {error}") from None


def _check_allowed(tag: str, config: PodConfig, allowed: Mapping[str, list[str]] | None) -> None:
    if allowed is None:
        return
    for section in SECTIONS:
        for field in camel(getattr(config, section)):
            if field not in allowed.get(section, ()):
                raise RostrumError(
                    f"tag {tag}: {section}.{field} may not be set by tags here; whoever runs this deployment can allow "
                    "it by the launcher's setting `tag_fields`"
                )


def camel(value: Any) -> Any:
    """The same with the API's names of fields, whichever way they were written."""
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, each in cast("Mapping[str, Any]", value).items():
            name = _camel_name(key)
            found[name] = each if name in FREE_KEYS else camel(each)
        return found
    if isinstance(value, list):
        return [camel(each) for each in cast("list[Any]", value)]
    return value


def _camel_name(name: str) -> str:
    return _ODD.get(name) or re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def laid_over(low: Mapping[str, Any], config: PodConfig, section: str) -> dict[str, Any]:
    """One section of a layer over what is below it."""
    high = camel(getattr(config, section))
    return {**low, **high} if config.merge_behavior == "SHALLOW" else merged(low, high)


def without_doubles(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A container or pod of which no two variables, volumes or mounts have the same name: the last one wins."""
    found = dict(spec)
    for field, key in _KEYED_BY.items():
        if found.get(field):
            by_name = {each.get(key): each for each in cast("list[dict[str, Any]]", found[field])}
            found[field] = list(by_name.values())
    return found


def part(thing: Mapping[str, Any], field: str) -> dict[str, Any]:
    """A field that is a mapping; empty where it is not there."""
    value: Any = thing.get(field)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def parts(thing: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    """A field that is a list of mappings; empty where it is not there."""
    value: Any = thing.get(field)
    return cast("list[dict[str, Any]]", value) if isinstance(value, list) else []
