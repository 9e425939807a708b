"""dbt's selection syntax (`tag:nightly+ path:models/marts,config.materialized:table`) on a manifest.

Done here, so that loading definitions needs no dbt, which takes seconds to import. Methods that compare with earlier
states of a project (`state:`, `result:`, `source_status:`) need more than a manifest and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, cast

from rostrum.definitions.names import nearest
from rostrum.integrations.dbt.errors import DbtSelectionError
from rostrum.integrations.dbt.manifest import Manifest, Props, depends_on, held, is_test, resources

EVERYTHING = "fqn:*"
_BEFORE = re.compile(r"^(@)?(?:(\d*)\+)?")
_AFTER = re.compile(r"\+(\d*)$")
_NEED_STATE = ("state", "result", "source_status")

Criteria = Callable[[Props, str], bool]


def selected(manifest: Manifest, select: str = EVERYTHING, exclude: str = "", selector: str = "") -> set[str]:
    """Unique ids that a selection names, tests of what it names included.

    Raises DbtSelectionError for syntax or a method that is not known.
    """
    graph = _Graph(manifest)
    if selector:
        found = graph.with_tests(graph.named(selector))
    else:
        found = graph.with_tests(graph.union(select or EVERYTHING))
    return found - graph.with_tests(graph.union(exclude)) if exclude else found


class _Graph:
    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.all = resources(manifest)
        self.parents: dict[str, list[str]] = {key: list(depends_on(props)) for key, props in self.all.items()}
        self.children: dict[str, list[str]] = {}
        for key, above in self.parents.items():
            for each in above:
                self.children.setdefault(each, []).append(key)

    def with_tests(self, ids: set[str]) -> set[str]:
        """And the tests that read any of them."""
        below = {test for each in ids for test in self.children.get(each, ()) if is_test(self.all[test])}
        return ids | below

    def union(self, text: str) -> set[str]:
        found: set[str] = set()
        for part in text.split():
            atoms = [self.atom(each) for each in part.split(",") if each]
            if atoms:
                found |= set.intersection(*atoms)
        return found

    def atom(self, text: str) -> set[str]:
        before, after = _BEFORE.match(text), _AFTER.search(text)
        rest = text[before.end() if before else 0 : after.start() if after else None]
        method, colon, value = rest.partition(":")
        if not colon:
            method, value = _method_of(rest), rest
        found = self.matching(method, value)
        if before and before[1]:
            below = self.walk(found, self.children, None)
            return self.walk(below, self.parents, None)
        made = set(found)
        if before and before[2] is not None:
            made |= self.walk(found, self.parents, int(before[2]) if before[2] else None)
        if after:
            made |= self.walk(found, self.children, int(after[1]) if after[1] else None)
        return made

    def walk(self, start: Iterable[str], edges: Mapping[str, Sequence[str]], depth: int | None) -> set[str]:
        """What is reached, the start included."""
        seen, layer = set(start), list(start)
        while layer and depth != 0:
            layer = [each for key in layer for each in edges.get(key, ()) if each in self.all and each not in seen]
            layer = list(dict.fromkeys(layer))
            seen.update(layer)
            depth = depth - 1 if depth is not None else None
        return seen

    def matching(self, method: str, value: str) -> set[str]:
        name, _, argument = method.partition(".")
        if name == "selector":
            return self.named(value)
        if name in _NEED_STATE:
            raise DbtSelectionError(
                f"dbt selection {method}:{value}: `{name}:` compares with artifacts of an earlier run, which a "
                "manifest does not hold. Select the assets otherwise, or give `--select` to `dbt.cli`."
            )
        criteria = _METHODS.get(name)
        if criteria is None:
            known, hint = ", ".join(sorted(_METHODS)), nearest(name, _METHODS)
            raise DbtSelectionError(
                f"dbt selection {method}:{value}: there is no method {name!r}; known are {known}.{hint}"
            )
        if name == "config":
            return {key for key, props in self.all.items() if _config(props, argument, value)}
        if name == "package" and value == "this":
            value = str(held(self.manifest, "metadata").get("project_name"))
        return {key for key, props in self.all.items() if criteria(props, value)}

    def named(self, name: str) -> set[str]:
        """A selector of `selectors.yml`."""
        known = held(self.manifest, "selectors")
        if name not in known:
            raise DbtSelectionError(
                f"the dbt project has no selector {name!r}: selectors.yml declares {', '.join(known) or 'none'}."
                f"{nearest(name, known)}"
            )
        return self.defined(known[name]["definition"])

    def defined(self, definition: Any) -> set[str]:
        if isinstance(definition, str):
            return self.union(definition)
        told: dict[str, Any] = dict(definition)
        for operator in ("union", "intersection"):
            if operator in told:
                return self.combined(operator, told[operator])
        if "method" not in told:
            ((method, value),) = told.items()
            told = {"method": method, "value": value}
        found = self.matching(str(told["method"]), str(told["value"]))
        made = set(found)
        if told.get("childrens_parents"):
            made |= self.walk(self.walk(found, self.children, None), self.parents, None)
        if told.get("parents"):
            made |= self.walk(found, self.parents, told.get("parents_depth"))
        if told.get("children"):
            made |= self.walk(found, self.children, told.get("children_depth"))
        for each in told.get("exclude") or ():
            made -= self.with_tests(self.defined(each))
        return made

    def combined(self, operator: str, parts: Sequence[Any]) -> set[str]:
        sets: list[set[str]] = []
        without: set[str] = set()
        for part in parts:
            if isinstance(part, Mapping) and set(cast("Mapping[str, Any]", part)) == {"exclude"}:
                for each in cast("Mapping[str, Any]", part)["exclude"]:
                    without |= self.with_tests(self.defined(each))
            else:
                sets.append(self.defined(part))
        if not sets:
            return set()
        first, *others = sets
        return (first.union(*others) if operator == "union" else first.intersection(*others)) - without


def _method_of(value: str) -> str:
    if "/" in value:
        return "path"
    return "file" if PurePosixPath(value).suffix in (".sql", ".py", ".csv") else "fqn"


def _fqn(props: Props, value: str) -> bool:
    fqn = [str(part) for part in props.get("fqn") or ()]
    if value == "*":
        return True
    if not fqn:
        return fnmatchcase(str(props.get("name")), value)
    wanted = value.split(".")
    names = {fqn[-1], str(props.get("name"))}
    if props.get("version"):
        names |= {".".join(fqn[-2:]), fqn[-2]}
    if any(fnmatchcase(name, value) for name in names):
        return True
    return any(_starts(path, wanted) for path in (fqn, fqn[1:]))


def _starts(path: Sequence[str], wanted: Sequence[str]) -> bool:
    if len(wanted) > len(path):
        return False
    return all(fnmatchcase(part, pattern) for part, pattern in zip(path, wanted, strict=False))


def _path(props: Props, value: str) -> bool:
    own, wanted = PurePosixPath(props.get("original_file_path") or ""), PurePosixPath(value)
    candidates = [own, *own.parents]
    patch = str(props.get("patch_path") or "").partition("://")[2]
    if patch:
        candidates.append(PurePosixPath(patch))
    return any(fnmatchcase(str(each), str(wanted)) for each in candidates if str(each) != ".")


def _file(props: Props, value: str) -> bool:
    own = PurePosixPath(props.get("original_file_path") or "")
    return fnmatchcase(own.name, value) or fnmatchcase(own.stem, value)


def _tag(props: Props, value: str) -> bool:
    return any(fnmatchcase(str(tag), value) for tag in props.get("tags") or ())


def _source(props: Props, value: str) -> bool:
    if props["resource_type"] != "source":
        return False
    full = [str(props[name]) for name in ("package_name", "source_name", "name")]
    wanted = value.split(".")
    return _starts(full, wanted) if len(wanted) == 3 else _starts(full[1:], wanted)


def _config(props: Props, argument: str, value: str) -> bool:
    found: Any = held(props, "config")
    for part in argument.split("."):
        found = cast("Mapping[str, Any]", found).get(part) if isinstance(found, Mapping) else None
    if isinstance(found, (list, tuple)):
        return any(fnmatchcase(_plain(each), value) for each in cast("Sequence[Any]", found))
    if isinstance(found, Mapping):
        return value in found
    return found is not None and fnmatchcase(_plain(found), value)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _test_type(props: Props, value: str) -> bool:
    if props["resource_type"] == "unit_test":
        return value == "unit"
    if props["resource_type"] != "test":
        return False
    generic = props.get("test_metadata") is not None
    return value in ("data", "generic" if generic else "singular")


def _version(props: Props, value: str) -> bool:
    version, latest = cast("Any", props.get("version")), cast("Any", props.get("latest_version"))
    if props["resource_type"] != "model":
        return False
    if value == "none" or version is None:
        return value == "none" and version is None
    place = (float(version) > float(latest)) - (float(version) < float(latest))
    return {"latest": place == 0, "prerelease": place > 0, "old": place < 0}.get(value, False)


def _of_type(resource_type: str) -> Criteria:
    return lambda props, value: props["resource_type"] == resource_type and _fqn(props, value)


_METHODS: dict[str, Criteria] = {
    "fqn": _fqn,
    "tag": _tag,
    "source": _source,
    "path": _path,
    "file": _file,
    "package": lambda props, value: fnmatchcase(str(props.get("package_name")), value),
    "config": lambda props, value: _config(props, "", value),
    "resource_type": lambda props, value: props["resource_type"] == value,
    "test_type": _test_type,
    "test_name": lambda props, value: fnmatchcase(str(held(props, "test_metadata").get("name")), value),
    "group": lambda props, value: (props.get("group") or held(props, "config").get("group")) == value,
    "access": lambda props, value: props.get("access") == value,
    "version": _version,
    "exposure": _of_type("exposure"),
    "metric": _of_type("metric"),
    "semantic_model": _of_type("semantic_model"),
    "saved_query": _of_type("saved_query"),
    "unit_test": _of_type("unit_test"),
}
