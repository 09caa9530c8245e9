"""The command of `interlude-ended@.service`, run as systemd does, into a folder of a test's."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Final

from tests.deploy.reading import DEPLOY, values

UNIT: Final = DEPLOY / "systemd" / "interlude-ended@.service"
INSTALLED: Final = "/opt/interlude/deploy"
WATCHED: Final = "/var/lib/prometheus/node-exporter"


def end(folder: Path, unit: str, result: str | None) -> str:
    """A unit ends with this result of systemd's (None: it does not say); what the journal gets."""
    (line,) = values(UNIT, "ExecStart")
    places = {"%i": unit, INSTALLED: str(DEPLOY), WATCHED: str(folder)}
    for installed, here in places.items():
        assert installed in line
        line = line.replace(installed, here)
    given = {} if result is None else {"MONITOR_SERVICE_RESULT": result}
    words, environ = shlex.split(line), {"PATH": os.defpath} | given
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    return done.stdout


def word_left(folder: Path, unit: str, result: str | None) -> dict[str, str]:
    """The same; what then lies in the folder, as text by the name of the file."""
    end(folder, unit, result)
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
