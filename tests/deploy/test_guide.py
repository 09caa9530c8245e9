"""The guide may be followed again, and asks for all that is an operator's own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.reading import DEPLOY, PROJECT, environment_files, read

BLOCKS = re.findall(r"(?ms)^```sh\n(.*?)^```$", read("README.md").partition("\n## Upgrades")[0])
YOURS, *STEPS = BLOCKS
(SETTINGS,) = [block for block in STEPS if "deploy/secrets" in block]
OURS = re.compile(r"(?<![\w}])/(?=etc/|usr/local/sbin)")
# A secret's place in a file as it ships.
PLACE = "RANDOM"
# What only root does, and the one program that may not be here.
STANDINS = {
    "systemd-sysusers": "exit 0",
    "openssl": "head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \\n'",
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root of its own, with programs that stand in for others."""
    for name, words in STANDINS.items():
        program = tmp_path / "standins" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{words}\n")
        program.chmod(0o755)
    (tmp_path / "usr/local/sbin").mkdir(parents=True)
    return tmp_path


def follow(machine: Path, **given: str) -> dict[str, str]:
    """The guide's section of settings, with values of ours; what stands in its files then."""
    values = "".join(f"{name}={value}\n" for name, value in given.items())
    block = OURS.sub(f"{machine}/", SETTINGS).replace("/opt/interlude", str(PROJECT))
    environ = {"PATH": f"{machine}/standins:/usr/bin:/bin:/usr/sbin:/sbin"}
    subprocess.run(["/bin/bash", "-eu", "-c", YOURS + values + block], env=environ, check=True)
    files = sorted((machine / "etc/interlude").rglob("*.env"))
    return {str(path.relative_to(machine / "etc/interlude")): path.read_text() for path in files}


def test_every_value_is_used() -> None:
    names = re.findall(r"(?m)^([A-Z]+)=", YOURS)
    assert names
    unused = [name for name in names if not any(f"${name}" in block for block in STEPS)]
    assert unused == []


def test_what_pages_come_from_and_point_at_is_the_operators_own(machine: Path) -> None:
    """No name of ours is left where a mail or a phone would go."""
    found = follow(
        machine, NAME="in.ward.test", MAIL="smtp://mail.ward.test:25", FROM="pages@ward.test"
    )
    assert set(found) == {str(path.relative_to(DEPLOY)) for path in environment_files()}
    lines = [line for text in found.values() for line in text.splitlines()]
    given = [line for line in lines if line and line[0] != "#"]
    assert "INTERLUDE_PUBLIC_URL=https://in.ward.test" in given
    assert "INTERLUDE_SMTP_URL=smtp://mail.ward.test:25" in given
    assert "INTERLUDE_MAIL_FROM=pages@ward.test" in given
    assert [line for line in given if ".example" in line or PLACE in line] == []


def test_whoever_follows_it_again_keeps_their_secrets(machine: Path) -> None:
    """And what was put back from a copy: only what is missing is made."""
    found = follow(machine, NAME="in.ward.test", FROM="pages@ward.test")
    assert follow(machine) == found
    own = machine / "etc/interlude/secrets/shared.env"
    own.write_text("INTERLUDE_SECRET_KEY=from-a-copy\n")
    (machine / "etc/interlude/secrets/web.env").unlink()
    again = follow(machine)
    assert again["secrets/shared.env"] == "INTERLUDE_SECRET_KEY=from-a-copy\n"
    assert {name for name in found if found[name] != again[name]} == {
        "secrets/shared.env",
        "secrets/web.env",
    }
    modes = {path.stat().st_mode & 0o777 for path in own.parent.glob("*.env")}
    assert modes == {0o600}
