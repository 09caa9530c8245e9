"""Where checkpoints go outside the database."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from services.auditing.checkpoints import Checkpoint

STDOUT: Final = "-"
URLS: Final = ("http://", "https://")
TIMEOUT_S: Final = 5.0

log = structlog.get_logger()


def publisher(
    kept: Path, places: Sequence[str], print_line: Callable[[str], object]
) -> Callable[[Checkpoint], None]:
    """What takes a checkpoint to all places: the sealer's own file, where the newest stands alone,
    then lines at the end of files, on standard output (`-`), and POSTed to addresses.

    A place that does not take it costs a line in the log; without its own file the sealer stops
    (`OSError`).
    """

    def publish(checkpoint: Checkpoint) -> None:
        _replace(kept, checkpoint.line())
        for place in places:
            try:
                _take(place, checkpoint.line(), print_line)
            except (OSError, ValueError) as error:
                log.error("checkpoint_not_taken", kind=type(error).__name__)

    return publish


def _replace(path: Path, line: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _take(place: str, line: bytes, print_line: Callable[[str], object]) -> None:
    if place == STDOUT:
        print_line(line.decode().rstrip())
    elif place.startswith(URLS):
        headers = {"Content-Type": "application/json", "User-Agent": "interlude"}
        request = urllib.request.Request(place, line, headers, method="POST")  # noqa: S310 -- http or https
        urllib.request.urlopen(request, timeout=TIMEOUT_S).close()  # noqa: S310 -- the same
    else:
        with Path(place).open("ab") as file:
            file.write(line)
