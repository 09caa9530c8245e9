"""Nobody has to look for the tools to go on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from tools.terminal import Terminal


def test_a_reader_that_has_gone_stops_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    file = os.fdopen(writer, "w", 1)
    terminal = Terminal(file=file)
    terminal.print("a page")
    terminal.print("another")
    with suppress(OSError):
        file.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_stops_nothing() -> None:
    file = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails, as writing does
    Terminal(file=file).print("a page")
    with suppress(OSError):
        file.close()
