"""Attack tests are seen to fail: one guard after the other is taken out, in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from migrations.upgrade import PROJECT
from tests.builders.doors.faults import FAULTS, Fault
from tests.proofs.seen import Seen, verdict

# What a test needs of the tree.
COPIED: Final = (
    *("api", "schemas", "services", "models", "migrations", "tools", "tests", "docs", "clients"),
    *("pyproject.toml", "wsgi.py", "Makefile", "README.md"),
)
BESIDE: Final = ("__pycache__", "node_modules")
FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[| - |$)", re.MULTILINE)
# Of pytest: tests failed; anything else than that (no test, an import that fails) is no such end.
RED: Final = 1
LONGEST_S: Final = 300


def attacks_are_seen(faults: tuple[Fault, ...] = FAULTS) -> Iterator[Seen]:
    """One line a fault: all its tests fail with it, and did not before."""
    with _copy() as root:
        tests = sorted({test for fault in faults for test in fault.red})
        green, output = _run(root, tests)
        yield verdict(
            "with every guard in its place no attack test fails",
            f"{len(tests)} tests",
            "all pass",
            [] if green == 0 else sorted(set(FAILED.findall(output))) or [output[-300:]],
        )
        for fault in faults:
            yield _seen(root, fault)


def _seen(root: Path, fault: Fault) -> Seen:
    place = root / fault.file
    whole = place.read_text("utf-8")
    place.write_text(fault.planted(root), "utf-8")
    try:
        code, output = _run(root, list(fault.red))
    finally:
        place.write_text(whole, "utf-8")
    failed = set(FAILED.findall(output))
    missing = [test for test in fault.red if not any(one.startswith(test) for one in failed)]
    if code != RED and not missing:
        missing = [f"pytest ended with {code}: {output[-300:]}"]
    size = f"without: {fault.guard}"
    return verdict(fault.attack, size, "red: " + ", ".join(map(_name, fault.red)), missing)


def _name(test: str) -> str:
    return test.rpartition("/")[2]


def _run(root: Path, tests: list[str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=_environ(),
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )
    except subprocess.TimeoutExpired:
        return -1, f"not within {LONGEST_S} s"
    return done.returncode, done.stdout


def _environ() -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if "INTERLUDE_" not in name}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def _copy() -> Iterator[Path]:
    """The tree once more, in which faults are planted."""
    with tempfile.TemporaryDirectory(prefix="interlude-attacks-") as folder:
        root = Path(folder)
        for name in COPIED:
            if (PROJECT / name).is_dir():
                shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns(*BESIDE))
            else:
                shutil.copy(PROJECT / name, root / name)
        yield root
