"""`rostrum definitions`: all mistakes and what is defined, without touching anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

GOOD = """\
import rostrum as ro

print("loading")

@ro.asset(group_name="raw", kinds={"csv"})
def orders(): ...

@ro.asset
def total(orders): ...

@ro.asset_check(asset=orders)
def positive(): ...

daily = ro.define_asset_job("daily", selection="total")
defs = ro.Definitions(
    assets=[orders, total],
    asset_checks=[positive],
    jobs=[daily],
    schedules=[ro.ScheduleDefinition(job=daily, cron_schedule="@daily")],
    resources={"limit": 3},
)
"""
WRONG = """\
import rostrum as ro

@ro.asset(owners=["nobody"])
def orders(): ...

@ro.asset
def total(ordrs): ...

defs = ro.Definitions(assets=[orders, total])
"""


def rostrum(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROSTRUM", "DAGSTER"))}
    return subprocess.run(
        [sys.executable, "-m", "rostrum.cli.main", "definitions", *words],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )


def test_sound_code(tmp_path: Path) -> None:
    (tmp_path / "definitions.py").write_text(GOOD)
    done = rostrum(tmp_path, "validate")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "definitions.py: 2 assets, 1 check, 1 job, 1 schedule, 1 resource. All valid.\n"
    assert done.stderr == "loading\n"
    assert not (tmp_path / ".rostrum").exists()


def test_what_is_defined(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(GOOD)
    (found,) = json.loads(rostrum(tmp_path, "list", "-f", "shop.py", "--json").stdout)
    assert (found["location"], found["valid"], found["error"]) == ("shop.py", True, None)
    assert found["assets"][0] == {
        "key": "orders",
        "group": "raw",
        "kinds": ["csv"],
        "owners": [],
        "description": None,
        "deps": [],
        "partitioned": False,
        "executable": True,
        "source": "shop.py:5",
    }
    assert found["assets"][1]["deps"] == ["orders"]
    assert [(each["asset"], each["name"]) for each in found["checks"]] == [("orders", "positive")]
    assert found["jobs"][0]["assets"] == ["total"]
    assert found["schedules"][0]["cron"] == ["@daily"]
    table = rostrum(tmp_path, "list", "-f", "shop.py").stdout
    assert "Assets (2)" in table
    assert "shop.py:11" in table


def test_all_mistakes_of_all_locations(tmp_path: Path) -> None:
    for name, text in (("good", GOOD), ("wrong", WRONG), ("crash", "import os; os._exit(9)")):
        (tmp_path / f"{name}.py").write_text(text)
    files = ("-f", "good.py", "-f", "wrong.py", "-f", "crash.py")
    done = rostrum(tmp_path, "validate", "--verbose", *files)
    assert done.returncode == 1
    assert "good.py: 2 assets" in done.stdout
    assert "wrong.py:3: " in done.stderr
    assert "Did you mean 'orders'?" in done.stderr
    assert "crash.py: the process that loaded it ended with status 9" in done.stderr
    told = json.loads(rostrum(tmp_path, "validate", "--json", *files[:4]).stdout)
    assert [(each["location"], each["valid"], each["assets"]) for each in told] == [
        ("good.py", True, 2),
        ("wrong.py", False, 0),
    ]


def test_a_location_that_is_served_elsewhere_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "workspace.yaml").write_text("load_from: [{grpc_server: {host: shop, port: 4000}}]")
    done = rostrum(tmp_path, "validate")
    assert done.returncode == 0
    assert "served elsewhere" in done.stdout
