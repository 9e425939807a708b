"""Launchers of containers in an instance file of the classic kind: which of ours they are, and which of their settings
mean something here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from rostrum.launchers.docker_settings import OURS, DockerSettings
from rostrum.launchers.kubernetes_settings import OTHER_NAMES, SECTIONS, KubernetesSettings, camel

CLASSES = {"DockerRunLauncher": "docker", "K8sRunLauncher": "kubernetes"}
_FIELDS: dict[str, frozenset[str]] = {
    "docker": frozenset(DockerSettings.__struct_fields__),
    "kubernetes": frozenset((*KubernetesSettings.__struct_fields__, *OTHER_NAMES)),
}
_ALLOWED_BY_TAGS = "only_allow_user_defined_k8s_config_fields"


def container_launcher(kind: str, config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]] | None:
    """The setting `launcher` for a launcher of that class, and the keys of its config that have no effect. None where
    it is none of containers.
    """
    name = CLASSES.get(kind)
    if name is None:
        return None
    taken = {OTHER_NAMES.get(key, key): value for key, value in config.items() if key in _FIELDS[name]}
    unused = [key for key in config if key not in _FIELDS[name]]
    if name == "docker" and isinstance(config.get("container_kwargs"), Mapping):
        kwargs = cast("Mapping[str, Any]", config["container_kwargs"])
        taken["container_kwargs"] = {key: value for key, value in kwargs.items() if key not in OURS}
        unused += [f"container_kwargs.{key}" for key in kwargs if key in OURS]
    if name == "kubernetes" and isinstance(config.get(_ALLOWED_BY_TAGS), Mapping):
        unused.remove(_ALLOWED_BY_TAGS)
        taken["tag_fields"] = _tag_fields(cast("Mapping[str, Any]", config[_ALLOWED_BY_TAGS]))
    return {"name": name, "config": taken}, unused


def _tag_fields(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """`{section: {field: true}}` as lists of fields. What is not named there may not be set."""
    found: dict[str, list[str]] = {}
    for section in SECTIONS:
        fields: Any = given.get(section)
        named = cast("Mapping[str, Any]", fields if isinstance(fields, Mapping) else {})
        found[section] = sorted(camel({key: True for key, allowed in named.items() if allowed}))
    return found
