"""`rostrum run debug` of a run that a script has made: there is no code location behind it, only what `-f` names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import os, sys
from rostrum import Definitions, Instance, asset, materialize

@asset
def counted():
    return 14

@asset
def doubled(counted):
    print("doubled saw", counted)
    if not os.environ.get("MENDED"):
        raise ValueError("too much")
    return 28

defs = Definitions(assets=[counted, doubled])

if __name__ == "__main__":
    with Instance.open(sys.argv[1]) as instance:
        print(materialize([counted, doubled], instance=instance, raise_on_error=False).run_id)
"""


def test_the_run_of_a_script_is_replayed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SCRIPT)
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROSTRUM_", "PYTEST"))}

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**kept, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    run_id = call("shop.py", str(home)).stdout.split()[-1]
    debug = ("-m", "rostrum.cli.main", "run", "debug", run_id, "-f", "shop.py", "--home", str(home))
    again = call(*debug, "--step", "doubled")
    assert again.returncode == 1
    assert "doubled saw 14" in again.stdout, again.stderr
    assert "ValueError: too much" in again.stdout
    mended = call(*debug, "--step", "doubled", MENDED="1")
    assert mended.returncode == 0, mended.stdout + mended.stderr
