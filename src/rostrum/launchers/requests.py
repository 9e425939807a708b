"""What tags of runs and steps ask of a container, whoever starts it: image, processors, memory. And how settings of a
launcher are read.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from rostrum.interfaces.launching import LaunchSpec
from rostrum.model.errors import ConfigError, RostrumError
from rostrum.model.reserved_names import IMAGE_TAGS

HOME = "ROSTRUM_HOME"
CPU_TAG, MEMORY_TAG = "rostrum/cpu", "rostrum/memory"
LOCATIONS = "locations"
"""Key of a launcher's settings: settings for single code locations, by name."""
STEP_LABEL_CHARACTERS = 60

_T = TypeVar("_T")
_CPU = re.compile(r"(\d+(?:\.\d+)?)(m?)")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*(Ki|Mi|Gi|Ti|K|M|G|T)?")
_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "": 1}


class Wanted(msgspec.Struct, frozen=True):
    """What tags ask for; None where they are silent."""

    image: str | None = None
    cpu: float | None = None
    """Processors."""
    memory: int | None = None
    """Bytes."""


def tags_of(spec: LaunchSpec) -> dict[str, str]:
    """Tags of the run, and over them those of the step."""
    return {**spec.run.tags, **(spec.step.tags if spec.step is not None else {})}


def wanted(spec: LaunchSpec) -> Wanted:
    """Read the tags. Raises ConfigError naming one that cannot be read."""
    tags = tags_of(spec)
    return Wanted(
        image=next((tags[name] for name in IMAGE_TAGS if tags.get(name)), None),
        cpu=processors(tags[CPU_TAG], f"tag {CPU_TAG}") if CPU_TAG in tags else None,
        memory=size_of_memory(tags[MEMORY_TAG], f"tag {MEMORY_TAG}") if MEMORY_TAG in tags else None,
    )


def chosen_image(spec: LaunchSpec, wish: Wanted, default: str | None, allowed: Sequence[str] | None) -> str:
    """The image of a worker. `allowed`: patterns of those that tags may name. Raises RostrumError where nothing names
    one, or a tag one that it may not.
    """
    if wish.image is not None and allowed is not None and wish.image != default:
        if not any(fnmatch.fnmatchcase(wish.image, pattern) for pattern in allowed):
            raise RostrumError(
                f"image {wish.image} may not be named by tags here; whoever runs this deployment can allow it by the "
                "launcher's setting `allowed_images`"
            )
    image = wish.image or default
    if image is None:
        raise RostrumError(
            f"no image is named for run {spec.run.run_id} of code location {spec.run.target.location}: set `image` "
            f"among the launcher's settings (for all, or below `locations`), or the tag {IMAGE_TAGS[0]}"
        )
    return image


def processors(text: str, where: str) -> float:
    """Processors: `2`, `0.5` or `500m`. Raises ConfigError."""
    found = _CPU.fullmatch(text.strip())
    number = float(found[1]) / (1000 if found[2] else 1) if found else 0.0
    if not number:
        raise ConfigError(f"{where}: {text!r} is no number of processors; write 2, 0.5 or 500m")
    return number


def size_of_memory(text: str, where: str) -> int:
    """Bytes: `512Mi`, `2Gi`, `1.5G` or a number. Raises ConfigError."""
    found = _MEMORY.fullmatch(text.strip())
    number = int(float(found[1]) * _UNITS[found[2] or ""]) if found else 0
    if not number:
        raise ConfigError(f"{where}: {text!r} is no size of memory; write 512Mi, 2Gi (binary), 500M or 2G (decimal)")
    return number


def environment_of(spec: LaunchSpec) -> dict[str, str]:
    """Variables of the launch that mean something elsewhere: of a run worker they name the home folder of this host."""
    return {name: value for name, value in spec.environment.items() if spec.step is not None or name != HOME}


def check_gateway(spec: LaunchSpec, mounted: Sequence[str] = ()) -> None:
    """Raise RostrumError where the gateway is a unix socket that the container does not have: it would never be heard
    of. `mounted`: folders of this host that it has.
    """
    scheme, _, path = spec.gateway.url.partition(":")
    if scheme == "unix" and not any(path == folder or path.startswith(f"{folder}/") for folder in mounted):
        raise RostrumError(
            f"a container cannot reach the gateway at {spec.gateway.url}, a socket of this host: set gateway.url in "
            "rostrum.yaml, or ROSTRUM_GATEWAY_URL, to an address of the web server, such as http://rostrum:3000"
        )


def for_location(config: Mapping[str, Any], location: str) -> dict[str, Any]:
    """Settings as they are for one code location: its own over the common ones."""
    common = {key: value for key, value in config.items() if key != LOCATIONS}
    own: Mapping[str, Any] = cast("Mapping[str, Any]", config.get(LOCATIONS) or {}).get(location) or {}
    return merged(common, own)


def merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Both, `high` over `low`: mappings are merged, lists joined, anything else replaced."""
    found = dict(low)
    for key, value in high.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[key] = merged(cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", value))
        elif isinstance(before, list) and isinstance(value, list):
            found[key] = [*cast("list[Any]", before), *cast("list[Any]", value)]
        else:
            found[key] = value
    return found


def read_settings(config: Mapping[str, Any], kind: type[_T], launcher: str) -> _T:
    """Settings as a struct. Raises ConfigError naming launcher and key."""
    known = [*getattr(kind, "__struct_fields__", ()), LOCATIONS]
    unknown = [key for key in config if key not in known]
    if unknown:
        raise ConfigError(f"launcher {launcher}: unknown setting {unknown[0]}; the settings are {', '.join(known)}")
    try:
        return msgspec.convert({key: value for key, value in config.items() if key != LOCATIONS}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"launcher {launcher}: {error}") from None


def forwarded(
    variables: Sequence[str] | Mapping[str, str], environment: Mapping[str, str], where: str
) -> dict[str, str]:
    """Variables for a container: `NAME=value`, or `NAME` to hand on one of `environment`. Raises RostrumError naming
    one that is not set.
    """
    if isinstance(variables, Mapping):
        return dict(variables)
    found: dict[str, str] = {}
    for each in variables:
        name, given, value = each.partition("=")
        if not given and name not in environment:
            raise RostrumError(
                f"{where}: {name} is to be handed on to containers and is not set here; set it, or write {name}=value"
            )
        found[name] = value if given else environment[name]
    return found


def told_code(code: Mapping[str, Any] | None, launcher: str) -> dict[str, Any] | None:
    """The setting `code`: what workers import. Raises ConfigError for one that names not exactly one thing."""
    if code is None:
        return None
    if ("python_file" in code) == ("module_name" in code):
        raise ConfigError(f"launcher {launcher}: code is to have either module_name or python_file")
    return dict(code)
