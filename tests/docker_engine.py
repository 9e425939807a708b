"""A Docker engine of the tests' own: `dockerd` on its own socket and data root, without a bridge of its own and without
touching the machine's firewall; an image that is empty but for folders (the machine's `/usr`, this Python and this
checkout are mounted into it), so that no registry is needed.

Tests that need it ask for the fixture `docker_engine` (`tests/conftest.py`). Where it cannot be run they are skipped,
which pytest counts and lists with the reason; `ROSTRUM_TEST_DOCKER=require` makes that a failure.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException

from rostrum.testing.conformance.launchers import wait_until

IMAGE = "rostrum-tests:1"
REPOSITORY = Path(__file__).parent.parent
FOLDERS = ("dev", "etc", "proc", "root", "sbin", "sys", "tmp", "usr", "var", "work")
LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64"}


def reason_not_to_run() -> str | None:
    """Why no engine can be run here; None where one can."""
    if sys.platform != "linux":
        return "a Docker engine of the tests' own needs Linux"
    if os.geteuid() != 0:
        return "a Docker engine of the tests' own must be started by root"
    if shutil.which("dockerd") is None:
        return "there is no dockerd (Debian: apt-get install docker.io)"
    return None


class NoEngine(Exception):
    """Why there is none here."""


def an_engine() -> DockerEngine:
    """A started engine. Raises NoEngine where none can be run."""
    reason = reason_not_to_run()
    if reason is not None:
        raise NoEngine(reason)
    try:
        return DockerEngine()
    except AssertionError as error:
        raise NoEngine(f"dockerd does not come up here: {error}") from error


class DockerEngine:
    """The engine, a client of it, a network, and what containers of the image need to run this Python."""

    def __init__(self) -> None:
        # A short path: it holds unix sockets.
        self.folder = Path(tempfile.mkdtemp(prefix="rd-", dir="/tmp"))
        self.host = f"unix://{self.folder}/d.sock"
        self.log = self.folder / "log"
        self.client: Any = None
        self.start()
        self._import_image()
        self.client.networks.create("rostrum-tests")

    def start(self) -> None:
        """Start the engine (again); raises AssertionError with its log where it does not come up."""
        options = [f"--host={self.host}", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec"]
        quiet = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--ip-forward=false", "--log-level=warn"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["dockerd", *options, *quiet, f"--pidfile={self.folder}/pid"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until("the Docker engine answers", self._answers)
        except AssertionError:
            self.close()
            raise
        self.client = docker.DockerClient(base_url=self.host)

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"dockerd has ended: {self.log.read_text()[-2000:]}"
        with socket.socket(socket.AF_UNIX) as line:
            return line.connect_ex(f"{self.folder}/d.sock") == 0

    def _import_image(self) -> None:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            for name in FOLDERS:
                folder = tarfile.TarInfo(name)
                folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
                archive.addfile(folder)
            for name, target in LINKS.items():
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, target
                archive.addfile(link)
        repository, _, tag = IMAGE.partition(":")
        self.client.api.import_image_from_data(data.getvalue(), repository=repository, tag=tag)

    @property
    def address(self) -> str:
        """Where containers of the network reach this machine."""
        return str(self.client.networks.get("rostrum-tests").attrs["IPAM"]["Config"][0]["Gateway"])

    @property
    def volumes(self) -> list[str]:
        """What containers need to run this Python with this checkout."""
        places = {"/usr", "/etc", sys.prefix, str(Path(sys.executable).resolve().parent.parent), str(REPOSITORY)}
        outer = [place for place in places if not any(place.startswith(f"{each}/") for each in places)]
        return [f"{place}:{place}:ro" for place in sorted(outer)]

    def settings(self, **more: Any) -> dict[str, Any]:
        """Settings of a launcher that uses this engine."""
        return {
            "host": self.host,
            "image": IMAGE,
            "network": "rostrum-tests",
            "volumes": self.volumes,
            "command": [sys.executable, "-m", "rostrum"],
            **more,
        }

    def stop(self) -> None:
        """End the engine; its containers end with it."""
        if self.client is not None:
            self.client.close()
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def close(self) -> None:
        """Leave nothing behind: no container, network, process or file."""
        if self.process.poll() is None:
            with contextlib.suppress(DockerException):
                for container in self.client.containers.list(all=True):
                    container.remove(force=True)
                self.client.networks.get("rostrum-tests").remove()
            self.stop()
        threading.Event().wait(0.05)  # its shims let go of their mounts
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((each for each in mounts if each.startswith(str(self.folder))), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
