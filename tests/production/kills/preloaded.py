"""Runs processes of the service by forking them from one that has loaded the program, as `serve`
does for the web: what is killed is there again after a fraction of a second.

    python -m tests.production.kills.preloaded FOLDER

`FOLDER/units.json` names them: {"worker 1": ["flask", "alerts", "work"], …}. Whatever ends is
started again at once; `FOLDER/worker 1.pid` holds its process, and the database knows it by name
and process.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType

import orjson

import serve
from tools.tied import PR_SET_PDEATHSIG

COMMANDS = ("alerts", "watch", "audit")


def main(folder: Path) -> None:
    """Until SIGTERM; then nothing is left of it."""
    units: dict[str, list[str]] = orjson.loads((folder / "units.json").read_bytes())
    serve.load()
    for command in COMMANDS:
        import_module(f"api.cli.{command}")
    signal.signal(signal.SIGTERM, _end)
    running: dict[int, str] = {}
    try:
        for name, words in units.items():
            running[_start(name, words, folder)] = name
        while True:
            ended, _ = os.wait()
            if name := running.pop(ended, ""):
                _kill_group(ended)
                running[_start(name, units[name], folder)] = name
    finally:
        for pid in running:
            _kill_group(pid)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _start(name: str, words: Sequence[str], folder: Path) -> int:
    pid = os.fork()
    if not pid:
        _become(name, words)
    with suppress(ProcessLookupError, PermissionError):
        os.setpgid(pid, pid)  # whoever of the two is first
    written = folder / f"{name}.written"
    written.write_text(str(pid))
    written.rename(folder / f"{name}.pid")
    return pid


def _become(name: str, words: Sequence[str]) -> None:
    """In the new process: never returns."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.environ["PGAPPNAME"] = f"{name} {os.getpid()}"
        program, *arguments = words
        if program == "serve":
            sys.argv = ["serve", *arguments]
            import_module("granian.cli").entrypoint()
        else:
            gc.enable()
            import_module("flask.cli").cli.main(["--app", "wsgi", *arguments])
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except Exception:  # noqa: BLE001 -- what is said of it is all that is left of this process
        traceback.print_exc()
    finally:
        # Nothing of the process that it was forked from may run here.
        os._exit(code)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
