"""Debian's Alertmanager with the operator's file: what fires reaches somebody, also by hand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from tests.deploy.reading import DEPLOY, read
from tests.fixtures.running import free_port, receivers, wait_until
from tests.production.lab.process import LabProcess, lab_account
from tests.production.packages import need
from tests.proofs.seen import Seen, verdict

PROGRAM: Final = "/usr/bin/prometheus-alertmanager"
TOOL: Final = "/usr/bin/amtool"
FILE: Final = DEPLOY / "prometheus" / "alertmanager.yml"
MAIL, SWITCH = "mail.clinic.example:25", "https://switch.example/put-your-own-here"
# As the guide lets it listen, and tries it.
ARGUMENTS: Final = re.compile(r"echo 'ARGS=\"(.*)\"' >> /etc/default/prometheus-alertmanager\n")
BY_HAND: Final = re.compile(r"(?m)^amtool (--alertmanager\.url=\S+ alert add .*)$")
ADDRESS: Final = "127.0.0.1:9093"
ARRIVES_WITHIN_S: Final = 60.0


def people_are_reached(folder: Path) -> Iterator[Seen]:
    """Whom an alert by hand reaches, and who hears that all of it is at work."""
    need("prometheus-alertmanager")
    checked = _amtool("check-config", str(FILE))
    yield verdict("amtool check-config", "alertmanager.yml", "success", _complaint(checked))
    with receivers() as (mail, switch):
        places = {MAIL: f"127.0.0.1:{mail.receiver.port}", SWITCH: switch.url}
        with _alertmanager(folder, places) as (address, process):
            (line,) = BY_HAND.findall(read("README.md"))
            sent = _amtool(*shlex.split(line.replace(ADDRESS, address)))
            url = f"--alertmanager.url=http://{address}"
            always = _amtool(url, "alert", "add", "InterludeWatching", "severity=none")
            (letter,) = mail.wait_for(1, ARRIVES_WITHIN_S)
            switch.wait_for(1, ARRIVES_WITHIN_S)
            doors = [one for one in process.net_connections("inet") if one.status == "LISTEN"]
        yield verdict(
            "the guide's alert by hand comes by mail; the outside switch is asked",
            "1 alert, and the one that always fires",
            f"{letter['To']}: {letter['Subject']}",
            [*_complaint(sent), *_complaint(always)]
            + ["it is not in the mail"] * ("InterludeTried" not in str(letter["Subject"]))
            + [f"{len(doors)} open ports, not one"] * (len(doors) != 1),
        )


@contextmanager
def _alertmanager(folder: Path, places: dict[str, str]) -> Iterator[tuple[str, psutil.Process]]:
    """It runs, with these places in the place of the operator's."""
    folder.mkdir()
    text = FILE.read_text(encoding="utf-8")
    for example, here in places.items():
        assert text.count(example) == 1, example
        text = text.replace(example, here)
    config = folder / "alertmanager.yml"
    config.write_text(text)
    lab_account().own(folder, passable=True)
    (arguments,) = ARGUMENTS.findall(read("README.md"))
    address = f"127.0.0.1:{free_port()}"
    words = [PROGRAM, *shlex.split(arguments.replace(ADDRESS, address)), "--log.level=warn"]
    words += [f"--config.file={config}", f"--storage.path={folder}/data"]
    process = LabProcess("Alertmanager", words, folder / "alertmanager.log")
    process.start()
    try:
        asked = (f"--alertmanager.url=http://{address}", "alert")
        wait_until(lambda: _amtool(*asked).returncode == 0, f"it answers: {process.last_lines()}")
        yield address, psutil.Process(process.pid)
    finally:
        process.stop()


def _amtool(*words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": "/nowhere"}
    return subprocess.run([TOOL, *words], env=environ, capture_output=True, text=True, check=False)


def _complaint(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [(done.stdout + done.stderr)[-200:]] * (done.returncode != 0)
