"""Writes the compact facts that compatibility is measured by, from a description of the peer's public interface.

`python -m tests.behaviour.facts python_api.json [usage.md]` writes `symbols.json` (names, kinds, parameters, members)
and `private_names.json` (private module -> names that real programs import from it) beside `rostrum.compat.dagster`.
Facts of an interface only: names, parameter kinds, simple defaults.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "src/rostrum/compat/dagster"
KINDS = {
    "positional_only": "p",
    "positional_or_keyword": "b",
    "keyword_only": "k",
    "var_positional": "*",
    "var_keyword": "**",
}
"""Kind of a parameter -> letter in the file."""
PYTHON_BASES = {"str", "int", "Exception", "BaseException", "Warning", "UserWarning", "DeprecationWarning"}
METHODS = {"method": "m", "staticmethod": "s", "classmethod": "c"}


def _literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


def parameters(items: list[dict[str, Any]] | None) -> list[list[Any]] | None:
    """`[name, kind]` where required, else `[name, kind, default]`; default None where it is no simple literal."""
    if items is None:
        return None
    found: list[list[Any]] = []
    for item in items:
        entry: list[Any] = [item["name"], KINDS[item["kind"]]]
        if not item["required"] and entry[1] in "pbk":
            default = str(item.get("default", ""))
            entry.append(default if _literal(default) and "UNSET" not in default else None)
        found.append(entry)
    return found


def _promised(member: dict[str, Any]) -> bool:
    stage = (member.get("lifecycle") or {}).get("stage")
    return not member["name"].startswith("_") and bool(
        member["public_mark"] or member.get("field") or stage == "deprecated"
    )


def symbol(item: dict[str, Any], public: set[str]) -> dict[str, Any]:
    """One symbol, without what is empty."""
    own = item["name"]
    keep = {*public, *PYTHON_BASES} - {own}
    found: dict[str, Any] = {
        "kind": item["kind"],
        "use": item.get("use", ""),
        "bases": [base for base in item.get("bases") or [] if base in keep],
        "abstract": item.get("abstract"),
        "members": item.get("members"),
        "value": item.get("value") if item["kind"] == "constant" else None,
        "type": item.get("object_type"),
        "type_bases": [base for base in item.get("object_type_bases") or [] if base in public],
        "hidden": [entry["name"] for entry in item.get("hidden_kwargs") or []],
        "methods": {
            member["name"]: [METHODS[member["kind"]], parameters(member["parameters"])]
            for member in item.get("methods") or []
            if _promised(member)
        },
        "properties": [member["name"] for member in item.get("properties") or [] if _promised(member)],
        "model_fields": sorted(item.get("model_fields") or {}),
    }
    found = {key: value for key, value in found.items() if value}
    given = None if item["kind"] == "enum" else parameters(item.get("parameters"))
    if given is not None:
        found["parameters"] = given
    return found


def symbols(api: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Module -> name -> symbol."""
    modules = {name: part["symbols"] for name, part in api.items() if isinstance(part, dict) and "symbols" in part}
    public = {item["name"] for items in modules.values() for item in items}
    return {
        name: {item["name"]: symbol(item, public) for item in sorted(items, key=lambda item: item["name"])}
        for name, items in modules.items()
        if items
    }


def private_names(api: dict[str, Any], usage: str) -> dict[str, list[str]]:
    """Private module -> names that can be imported from it; those of older versions come from `usage`."""
    paths = api["private_import_paths"]
    found: dict[str, set[str]] = {}
    for table in ("defining_module_of_public_symbols", "names_importable_from_common_private_modules"):
        for module, names in paths[table].items():
            if isinstance(names, str):  # says why it cannot be imported in that version
                continue
            found.setdefault(module, set()).update(name for name in names if _telling(name))
    for path in re.findall(r"`(dagster(?:_shared)?\._[\w.]+)`", usage):
        module, _, name = path.rpartition(".")
        if module.count("."):
            found.setdefault(module, set()).add(name)
    for module in paths["public_looking_submodules"]:
        found.setdefault(module, set())
    return {module: sorted(names) for module, names in sorted(found.items())}


def _telling(name: str) -> bool:
    """Not a type variable that leaked."""
    return not re.fullmatch(r"[A-Z]|T_\w+|P", name)


def main(arguments: list[str]) -> int:
    """Write both files."""
    api = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    usage = Path(arguments[1]).read_text(encoding="utf-8") if len(arguments) > 1 else ""
    lines: list[str] = []
    for module, names in symbols(api).items():
        inner = ",\n".join(f"{json.dumps(name)}: {json.dumps(facts)}" for name, facts in names.items())
        lines.append(f"{json.dumps(module)}: {{\n{inner}\n}}")
    (FOLDER / "symbols.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    rows = [
        f"{json.dumps(module)}: {json.dumps(' '.join(names))}" for module, names in private_names(api, usage).items()
    ]
    (FOLDER / "private_names.json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
