"""What the web unit starts becomes the server that `make run` starts, on the port it is given."""

from __future__ import annotations

import shlex
import subprocess
import sys
from contextlib import closing, suppress

import pytest

from api.front.command import serve_command
from api.play.phones import Wire
from tests.deploy.reading import DEPLOY, values
from tests.fixtures.running import RunningService, free_port, wait_until
from tools.child import Child

pytestmark = pytest.mark.xdist_group("running")


def answers(port: int) -> bool:
    wire = Wire(f"http://127.0.0.1:{port}", tries=1)
    with suppress(OSError), closing(wire):
        return wire.send("GET", "/readyz", {}, None).status == 200
    return False


def test_the_unit_becomes_the_server(running: RunningService) -> None:
    (line,) = values(DEPLOY / "systemd" / "interlude-web@.service", "ExecStart")
    program, *words = line.split()
    assert program.endswith("/.venv/bin/python")
    port = free_port()
    environ = running.environ() | {"INTERLUDE_PORT": str(port), "INTERLUDE_API_PROCESSES": "1"}
    server = Child("web", [sys.executable, *words], environ, print)
    server.start()
    try:
        wait_until(lambda: answers(port), "it is ready", 60.0)
    finally:
        server.stop()


def test_without_it_the_command_is_printed(running: RunningService) -> None:
    words = [sys.executable, "-m", "api.front.command"]
    done = subprocess.run(words, env=running.environ(), capture_output=True, text=True, check=True)
    assert shlex.split(done.stdout) == serve_command(running.settings)
