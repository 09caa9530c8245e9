"""The operator's pages: their blocks of commands, and a shell that runs them on a lab's machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.embedded.account import ServerAccount
from migrations.upgrade import PROJECT
from tests.production.lab.process import lab_account, output_of

GUIDE: Final = PROJECT / "deploy" / "README.md"
RUNBOOK: Final = PROJECT / "deploy" / "RUNBOOK.md"
BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
# What is asked of systemd is done when the block has ended.
AFTER_SYSTEMD: Final = re.compile(r"^systemctl .*\n+(?!systemctl |#|\Z)", re.M)
NOTES: Final = 'echo "$@" >> "$MACHINE/asked"'


def blocks(page: Path, heading: str = "", until: str = "") -> list[str]:
    """The commands of a page, or of what stands below one of its headings, or above another, block
    by block.
    """
    text = page.read_text(encoding="utf-8")
    if until:
        text, _ = re.split(rf"^#+ {re.escape(until)}\n", text, maxsplit=1, flags=re.M)
    if heading:
        found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
        if found is None:
            raise AssertionError(f"{page.name} has no heading {heading!r}")
        text = found[1]
    return BLOCK.findall(text)


def with_values(block: str, **values: str) -> str:
    """The block of what is the operator's own, with other values; each must be in it."""
    for name, value in values.items():
        block, count = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", block)
        if count != 1:
            raise AssertionError(f"the page does not ask for {name}")
    return block


def full_name(unit: str) -> str:
    """As systemd knows a unit whose kind was left out."""
    return unit if "." in unit else f"{unit}.service"


class OperatorShell:
    """Bash below a root, with programs that stand in for others first in its path; `systemctl`
    notes what it is asked.
    """

    def __init__(self, root: Path, standins: Mapping[str, str]) -> None:
        self.root, self.programs = root, root / "standins"
        self.programs.mkdir(parents=True, exist_ok=True)
        for name, words in {**standins, "systemctl": NOTES}.items():
            path = self.programs / name
            path.write_text(f"#!/bin/sh\n{words}\n")
            path.chmod(0o755)

    def run(
        self, block: str, environ: Mapping[str, str], account: ServerAccount | None = None
    ) -> tuple[str, list[list[str]]]:
        """Run a block of commands; what they wrote, and what they asked of systemd.

        Raises:
            AssertionError: what it asks of systemd would be done in another order here.
            RuntimeError: one of them fails; with the end of what they wrote.
        """
        if AFTER_SYSTEMD.search(block):
            raise AssertionError(f"systemd comes last in a block, here not:\n{block}")
        own = {"MACHINE": str(self.root), "PATH": f"{self.programs}:{environ['PATH']}"}
        words = ("bash", "-eu", "-c", block)
        name = block.strip().splitlines()[-1]
        written = output_of(name, words, {**environ, **own}, self.root, account or lab_account())
        asked = self.root / "asked"
        lines = asked.read_text().splitlines() if asked.exists() else []
        asked.unlink(missing_ok=True)
        return written, [line.split() for line in lines]
