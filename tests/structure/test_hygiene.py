"""What a clone holds: no address of a package registry, no path of somebody's machine, no foreign names."""

from __future__ import annotations

import re
import stat
import subprocess
import sys

import pytest

from tests.structure.source import ROOT, tracked_files, tracked_text

# Written in pieces, so that this file does not contain what it looks for.
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in [
            ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"), ("npmjs", "com/~"),
            ("registry", "yarnpkg", "com"), ("ghcr", "io/"), ("quay", "io/"), ("proxy", "golang", "org"),
        ]
    )
)  # fmt: skip
MACHINE_PATHS = re.compile(r"(?<![\w./~$}-])/(?:wor" + r"k|roo" + r"t|hom" + r"e|User" + r"s)/[\w.]")
PEER = re.compile("dag" + "ster|dag" + "it", re.IGNORECASE)
PEER_MAY_APPEAR = (
    "README.md", "ROADMAP.md", "docs/", "adr/", "changes/", "CHANGELOG.md", "benchmarks/", "tests/", "packages/",
    "pyproject.toml",
    # What reads files, code and messages that were written for it.
    "src/rostrum/compat/", "src/rostrum/integrations/", "src/rostrum/pipes/",
    "src/rostrum/cli/main.py", "src/rostrum/cli/migrate.py", "src/rostrum/cli/options.py",
    "src/rostrum/config/classic.py", "src/rostrum/config/instance.py", "src/rostrum/config/projects.py",
    "src/rostrum/config/workspace.py", "src/rostrum/components/foreign_types.py",
    # The one place of the tags and metadata that mean something.
    "src/rostrum/model/reserved_names.py",
)  # fmt: skip
PUBLIC_NAMES = re.compile(
    r"\b(?:"
    + "|".join(
        name.replace("PEER", "dag" + "ster")
        for name in (
            "PEER_type", "PEER_run", "PEER_run_reactions", "PEER_event", "PEER_event_type", "is_PEER_event",
            "get_PEER_event", "PEER_instance", "set_PEER_home", "PEER_meta",
        )
    )
    + r")\b"
)  # fmt: skip
"""Arguments and attributes of the public API that users know by these names."""
ADDRESS_IN_LOCK = re.compile(r'"resolved":\s*"http|--(?:extra-)?index-url|--find-links|--hash|@ (?:file|https?):')


def findings(pattern: re.Pattern[str], name: str, text: str) -> list[str]:
    """Lines of a file that match."""
    return [f"{name}:{n}: {line.strip()[:120]}" for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def test_no_registry_address() -> None:
    found = [line for name, text in tracked_text() for line in findings(REGISTRIES, name, text)]
    assert not found, "\n".join(found)


def test_no_path_of_a_machine() -> None:
    found = [line for name, text in tracked_text() for line in findings(MACHINE_PATHS, name, text)]
    assert not found, "\n".join(found)


def test_the_peer_is_named_only_where_it_is_compared_or_supported() -> None:
    found = [
        line
        for name, text in tracked_text()
        if not name.startswith(PEER_MAY_APPEAR)
        for line in findings(PEER, name, PUBLIC_NAMES.sub("", text))
    ]
    assert not found, "\n".join(found)


def test_lock_files_carry_no_addresses_and_no_hashes() -> None:
    found: list[str] = []
    for name in ("constraints.txt", "ui/package-lock.json"):
        if (ROOT / name).exists():
            found += findings(ADDRESS_IN_LOCK, name, (ROOT / name).read_text())
    assert not found, "\n".join(found[:10])


def test_nothing_that_is_built_is_tracked() -> None:
    built = ("uv.lock", "pylock.toml", "poetry.lock")
    names = [path.relative_to(ROOT).as_posix() for path in tracked_files()]
    found = [name for name in names if name in built or name.startswith(("src/rostrum/web/static/", ".venv/", "dist/"))]
    assert not found, found


def test_no_huge_file_is_tracked() -> None:
    found = [path.relative_to(ROOT).as_posix() for path in tracked_files() if path.stat().st_size > 1_500_000]
    assert not found, found


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in tracked_files()
        if path.suffix == ".md"
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert not broken, "\n".join(broken)


def test_decision_records_that_are_quoted_exist() -> None:
    written = {path.name[:4] for path in (ROOT / "adr").glob("[0-9]*.md")}
    quoted = {(name, number) for name, text in tracked_text() for number in re.findall(r"\badr/(\d{4})", text)}
    missing = sorted(f"{name}: adr/{number}" for name, number in quoted if number not in written)
    assert not missing, "\n".join(missing)


def test_decision_records_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in (ROOT / "adr").glob("[0-9]*.md")]
    assert len(set(numbers)) == len(numbers), sorted(numbers)


def test_the_task_runner_needs_no_terminal_and_no_environment() -> None:
    command = [sys.executable, str(ROOT / "task"), "--help"]
    done = subprocess.run(command, env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("setup", "demo", "check", "test", "bench", "generate"))


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "./task test" in (ROOT / ".ci/run").read_text()
    assert "./task demo" in (ROOT / "README.md").read_text()
    assert "./task test" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", ["task", ".ci/run"])
def test_commands_are_executable(name: str) -> None:
    assert (ROOT / name).stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRIES, "see https://" + "pypi" + ".org/simple"),
        (REGISTRIES, '"resolved": "https://registry.' + 'npmjs.org/react"'),
        (MACHINE_PATHS, 'path = "/ro' + 'ot/.cache"'),
        (MACHINE_PATHS, "cd /wor" + "k/main"),
        (MACHINE_PATHS, "/hom" + "e/ann/project"),
        (PEER, "import dag" + "ster"),
        (ADDRESS_IN_LOCK, "--index-url https://example.com"),
        (ADDRESS_IN_LOCK, "thing @ file:///tmp/thing"),
    ],
)
def test_a_planted_finding_is_found(pattern: re.Pattern[str], text: str) -> None:
    assert findings(pattern, "planted", text)


def test_public_names_of_the_peer_are_fine_and_nothing_like_them() -> None:
    kept = "x = In(dag" + "ster_type=int)"
    assert not findings(PEER, "planted", PUBLIC_NAMES.sub("", kept))
    assert findings(PEER, "planted", PUBLIC_NAMES.sub("", kept.replace("_type", "_kind")))


@pytest.mark.parametrize("text", ["GET /gateway/work/lease", "~/work/flights", "./home/x", "/workers/1", "a/root/b"])
def test_ordinary_paths_are_fine(text: str) -> None:
    assert not findings(MACHINE_PATHS, "planted", text)
