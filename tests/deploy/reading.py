"""The files of `deploy/`, read for comparing them with the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.house.tree import PROJECT

DEPLOY: Final = PROJECT / "deploy"
SETTING: Final = re.compile(r"^(#?)INTERLUDE_([A-Z_]+)=(.*)$")


def read(*names: str) -> str:
    """The text of a file below `deploy/`."""
    return DEPLOY.joinpath(*names).read_text(encoding="utf-8")


def settings_in(path: Path) -> dict[str, tuple[bool, str]]:
    """Of an environment file: name -> whether it is set, and the value that stands there."""
    found = filter(None, map(SETTING.match, path.read_text(encoding="utf-8").splitlines()))
    return {match[2]: (not match[1], match[3].strip("'")) for match in found}


def environment_files() -> list[Path]:
    """`interlude.env` and those of the secrets."""
    return [DEPLOY / "interlude.env", *sorted((DEPLOY / "secrets").glob("*.env"))]


def units() -> list[Path]:
    """The unit files."""
    kinds = ("*.service", "*.timer")
    return sorted(path for kind in kinds for path in (DEPLOY / "systemd").glob(kind))


def values(path: Path, name: str) -> list[str]:
    """The values that a unit file gives a setting, in order."""
    return re.findall(rf"(?m)^{name}=(.*)$", path.read_text(encoding="utf-8"))
