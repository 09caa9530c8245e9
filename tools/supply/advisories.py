"""`make advisories`: is anything known against what is installed? Outside the gate: it asks others.

Ends with 0 when every package was looked up and nothing is known, 1 when something is, 2 when there
is no advisory data: pip-audit by itself calls packages that nobody knew about "no known
vulnerabilities".
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from migrations.upgrade import PROJECT
from tools.supply.pins import LOCAL, read_file

AUDITOR: Final = "pip-audit==2.10.1"
OPTIONS: Final = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "-f", "json")
NO_DATA: Final = 2

Ask = Callable[[], str]


def ask_others() -> str:
    """What pip-audit prints about the lock; empty when it could not ask."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "tool", "run", "--quiet", AUDITOR, *OPTIONS, "-r", LOCAL]
    done = subprocess.run(  # noqa: S603 -- our own words
        command, cwd=PROJECT, check=False, capture_output=True, text=True, timeout=600
    )
    return done.stdout


def main(ask: Ask = ask_others, names: Sequence[str] | None = None) -> int:
    """Print what is known, and what could not be looked up."""
    wanted = set(names or [pin.key for pin in read_file(LOCAL)])
    found = _parsed(ask())
    for each in found:
        for known in each.get("vulns", ()):
            fixed = ", ".join(known["fix_versions"]) or "nothing yet"
            print_line(f"{each['name']} {each['version']}: {known['id']}, mended by {fixed}")
    if any(each.get("vulns") for each in found):
        return 1
    looked_up = {each["name"] for each in found if "skip_reason" not in each}
    if missing := sorted(wanted - looked_up):
        print_line(f"no advisory data: {len(missing)} of {len(wanted)} packages not looked up")
        return NO_DATA
    print_line(f"nothing is known against {len(wanted)} packages")
    return 0


def print_line(line: str) -> None:
    """One line for a person."""
    sys.stdout.write(f"{line}\n")


def _parsed(printed: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(printed)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return found


if __name__ == "__main__":
    sys.exit(main())
