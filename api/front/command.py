"""The command that serves the API: one place for `make run`, the tests and an operator's unit.

`python -m api.front.command` prints it; with `--exec` it becomes it.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any, Final

from api.settings import Settings

# Unfinished heads are the server's to bound: it ends them, and counts connections.
HEAD_WITHIN_MS: Final = 10_000
CONNECTIONS: Final = 4_096
KILLED_AFTER_S: Final = 5


def serve_command(settings: Settings, processes: int | None = None) -> list[str]:
    """Granian with our front (`serve`). HTTP/1 only: unfinished HTTP/2 streams left it dead after
    they had gone.
    """
    options: dict[str, Any] = {
        "--interface": "asgi",
        "--http": "1",
        "--host": settings.host,
        "--port": settings.port,
        "--workers": processes or settings.api_processes,
        "--backpressure": CONNECTIONS,
        "--backlog": CONNECTIONS,
        "--http1-header-read-timeout": HEAD_WITHIN_MS,
        "--workers-kill-timeout": KILLED_AFTER_S,
        "--log-level": "warning",
    }
    words = [str(word) for option in options.items() for word in option]
    # A link to the release in use may lead to the next one while this one still loads modules.
    python = Path(sys.executable)
    return [
        str(python.parent.resolve() / python.name),
        "-m",
        "serve",
        *words,
        "--respawn-failed-workers",
        "--factory",
        "wsgi:front",
    ]


if __name__ == "__main__":
    command = serve_command(Settings.from_environ(os.environ))
    if sys.argv[1:] == ["--exec"]:
        os.execv(command[0], command)  # noqa: S606 -- our own words, no shell
    sys.stdout.write(shlex.join(command) + "\n")
