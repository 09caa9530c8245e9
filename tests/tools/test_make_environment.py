"""`make` on a machine whose Python cannot make an environment says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import PROJECT

# As Debian's: it leaves a half-made environment behind.
WITHOUT_VENV = """\
#!/bin/sh
case "$1" in -c) exit 0;; esac
mkdir -p .venv/bin && : > .venv/bin/python
echo "ensurepip is not available" >&2
exit 1
"""
TOO_OLD = "#!/bin/sh\nexit 1\n"


@pytest.mark.parametrize(
    ("python", "words"),
    [(WITHOUT_VENV, "install the package python3-venv"), (TOO_OLD, "needs Python 3.11 or newer")],
)
def test_it_names_what_is_missing_and_leaves_no_half_of_an_environment(
    tmp_path: Path, python: str, words: str
) -> None:
    shutil.copy(PROJECT / "Makefile", tmp_path)
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text(python)
    fake.chmod(0o755)
    path = f"{fake.parent}{os.pathsep}{os.environ['PATH']}"
    for _ in range(2):
        tried = subprocess.run(
            ["make", "--no-print-directory", ".venv/bin/python"],  # noqa: S607 - whoever's make
            cwd=tmp_path,
            env={"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert tried.returncode != 0
        assert words in " ".join(tried.stdout.split())
        assert not (tmp_path / ".venv").exists()
