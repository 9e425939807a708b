"""The launcher of the instance file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rostrum.config.daemon import launcher
from rostrum.config.deployment import open_control
from rostrum.config.instance import Home, read_instance
from rostrum.launchers.docker import DockerLauncher
from rostrum.launchers.kubernetes import KubernetesLauncher
from rostrum.model.errors import ConfigError

NOBODY: Any = None


def made(folder: Path, text: str) -> Any:
    (folder / "rostrum.yaml").write_text(f"storage: {{name: memory}}\n{text}")
    home = Home(folder)
    return launcher(open_control(home, read_instance(home), for_children=False), NOBODY)


@pytest.mark.parametrize(("name", "kind"), [("docker", DockerLauncher), ("kubernetes", KubernetesLauncher)])
def test_launchers_of_containers_by_name(tmp_path: Path, name: str, kind: type) -> None:
    text = f"launcher: {{name: {name}, config: {{image: shop}}}}\n"
    assert isinstance(made(tmp_path, text + "gateway: {url: 'http://rostrum:3000'}\n"), kind)
    with pytest.raises(ConfigError, match=rf"launcher {name}: .* set gateway.url in rostrum.yaml, or ROSTRUM_GATEWAY"):
        made(tmp_path, text)
    with pytest.raises(ConfigError, match=rf"launcher {name}: unknown setting picture; the settings are image"):
        made(
            tmp_path, f"launcher: {{name: {name}, config: {{picture: shop}}}}\ngateway: {{url: 'http://rostrum:3000'}}"
        )


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="launcher: there is no 'dokcer'; did you mean docker"):
        made(tmp_path, "launcher: {name: dokcer}\n")
