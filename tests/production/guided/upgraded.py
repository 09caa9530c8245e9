"""The guide's "Upgrades", followed on the machine that it led to, while phones send."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Final

import orjson
import psutil

from tests.builders.entries import phq9
from tests.fixtures.databases.planted import CHANGES_OF_CHECK_INS, plant
from tests.production.beside import beside
from tests.production.guided.answers import PASSWORD, new_patient
from tests.production.guided.following import GuidedMachine
from tests.production.guided.front import OutsideClient
from tests.production.guided.pages import GUIDE, blocks
from tests.proofs.seen import Seen, verdict

ADMIN: Final = "admin@clinic.example"
RELEASED: Final = """
cd "$MACHINE/source"
git add -A
git -c user.name=lab -c user.email=lab@clinic.example commit -q -m "The next release"
"""
# It returns when what was asked for is done, as systemd's own does.
SYSTEMCTL: Final = """#!/bin/sh
echo "$@" > "$MACHINE/ask.$$"
mv "$MACHINE/ask.$$" "$MACHINE/asked.$$"
while [ -e "$MACHINE/asked.$$" ]; do sleep 0.1; done
"""
PHONES: Final = 6
PAUSE_S: Final = 0.2
LOOK_S: Final = 0.05
# Who waits for a web process that never comes back is ended.
AT_MOST_S: Final = 900
STORED: Final = "SELECT count(*) FROM check_ins WHERE id = ANY(%s)"


def tried(guided: GuidedMachine, _created: dict[str, Any]) -> Iterator[Seen]:
    """A next release comes, with changes of the table that phones write to."""
    plant(guided.machine.root / "source/migrations/versions", *CHANGES_OF_CHECK_INS)
    guided.machine.run(RELEASED)
    commands = blocks(GUIDE, "Upgrades")
    link = guided.machine.root / "opt/interlude"
    before, began = link.resolve(), time.monotonic()
    with _phones(guided) as (answers, acknowledged):
        written = _follow(guided, "".join(commands))
    counted = Counter(answers)
    seconds, new = time.monotonic() - began, link.resolve()
    running = {name: _release(process.pid) for name, process in guided.units.processes.items()}
    with guided.machine.cluster.connect("interlude") as database:
        (stored,) = database.execute(STORED, (acknowledged,)).fetchone() or (0,)
    checked = [line for line in written.splitlines() if line[:5] in ("ok   ", "NO   ")]
    yield verdict(
        "by the guide's commands a clinic goes on to the next release: no answer is a 5xx",
        f"{len(commands)} blocks, {len(CHANGES_OF_CHECK_INS)} migrations of check_ins,"
        f" {len(running)} processes, {len(answers)} check-ins by {PHONES} phones meanwhile",
        f"{seconds:.0f} s; answers {dict(counted)}, lost 0; each process runs the new release, with"
        f" its packages; `check`: {len(checked)} lines, all ok",
        # 200: the one that was restarted had stored it, and HAProxy asked the other.
        [f"answers {dict(counted)}"] * (not answers or bool(set(answers) - {200, 201}))
        + [f"lost {len(acknowledged) - stored}"] * (stored != len(acknowledged))
        + [f"{name} runs {sorted(those)}" for name, those in running.items() if those != {new}]
        + ["the link was not moved"] * (new == before)
        + [line for line in checked if not line.startswith("ok")]
        + ["`check` said nothing"] * (not checked),
    )


def _follow(guided: GuidedMachine, commands: str) -> str:
    """In one shell; what they ask of systemd is done at once, and by this thread: what it starts
    is tied to it. Returns what they wrote.
    """
    root = guided.machine.root
    systemctl, script = root / "standins/systemctl", root / "upgrade.sh"
    noted = systemctl.read_text()
    systemctl.write_text(SYSTEMCTL)
    script.write_text(guided.machine.moved(f"SOURCE={root}/source\n{commands}"))
    try:
        with ThreadPoolExecutor(1) as pool:
            words = f'timeout {AT_MOST_S} bash -eu "$MACHINE/upgrade.sh"'
            followed = pool.submit(guided.machine.run, words)
            while not followed.done():
                for asked in root.glob("asked.*"):
                    _do(guided, asked)
                time.sleep(LOOK_S)
            return followed.result()[0]
    finally:
        systemctl.write_text(noted)


def _do(guided: GuidedMachine, asked: Path) -> None:
    """One thing that was asked of systemd; whoever asked goes on in any case."""
    action, *units = asked.read_text().split()
    try:
        if action not in ("restart", "daemon-reload"):
            raise AssertionError(f"the guide asks systemd for what is not tried: {action}")
        for unit in units:
            name = f"{unit}.service"
            # Only what runs: a restart that finds nothing to end is a name that is wrong.
            guided.units.processes.pop(name).stop()
            guided.units.start(name)
    finally:
        asked.unlink()


def _release(pid: int) -> set[Path]:
    """Where a process has its own modules from, and where its packages."""
    process = psutil.Process(pid)
    _, _, packages, *_ = Path(process.cmdline()[0]).parents
    return {Path(process.cwd()), packages}


@contextmanager
def _phones(guided: GuidedMachine) -> Iterator[tuple[list[int], list[str]]]:
    """Each sends one check-in after the other, for the length of a block: the status of every
    answer (0: none came), and the ids of those that were taken.
    """
    client = guided.client()
    words = orjson.dumps({"email": ADMIN, "password": PASSWORD})
    admin = client.send("POST", "/v1/auth/login", words).json()
    patients = [new_patient(client, str(admin["access_token"])) for _ in range(PHONES)]
    answers, acknowledged = list[int](), list[str]()
    with beside(*(partial(_send, client, one, answers, acknowledged) for one in patients)):
        yield answers, acknowledged


def _send(
    client: OutsideClient,
    patient: dict[str, str],
    answers: list[int],
    acknowledged: list[str],
    stopping: Event,
) -> None:
    # Nobody is so fast that nginx would slow them down.
    while not stopping.wait(PAUSE_S):
        form = phq9()
        try:
            status = client.send("POST", "/v1/check-ins", orjson.dumps(form), **patient).status
        except (OSError, http.client.HTTPException):
            status = 0
        answers.append(status)
        if status in (200, 201):
            acknowledged.append(form["id"])
