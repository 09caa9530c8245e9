"""A file of forms, played over HTTP by the command line; every page received; then once more."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from api.play.forms import Form, read_forms
from services.evaluation.played_forms import find_play_clinic, player_id
from tests.fixtures.running import BIN, RunningService, wait_until
from tests.proofs.seen import Seen

CLAIM = "each form of the file: score, alert, page received; all sent again: no row changes"
# One number over every table: rows, and the sum of a hash of each.
FINGERPRINT = "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {} AS t"


def play_twice(running: RunningService, file: Path) -> Seen:
    """Play, verify and compare with what the mail server got; play again and compare all rows."""
    forms = read_forms(file)
    first = _play(running, file)
    wait_until(lambda: _nothing_waits(running), "every page of the forms is out", 120)
    received = _alerts_received(running)
    with running.workers(0):
        before = fingerprint(running)
        second = _play(running, file)
        changed = sorted(t for t, now in fingerprint(running).items() if before.get(t) != now)
    problems = [
        *_problems("first", first, stored=len(forms), known=0),
        *_problems("second", second, stored=0, known=len(forms)),
        *([f"tables changed by sending again: {changed}"] if changed else []),
        *_unpaged(running, forms, received),
    ]
    return Seen(CLAIM, f"{len(forms)} forms", "; ".join(problems) or _figures(forms), not problems)


def fingerprint(running: RunningService) -> dict[str, tuple[int, int]]:
    """Rows and hash of every table."""
    tables = running.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {t.tablename: tuple(running.rows(FINGERPRINT.format(t.tablename))[0]) for t in tables}


def _play(running: RunningService, file: Path) -> dict[str, Any]:
    """Run the command in a process of its own; its last line says in JSON what came of it."""
    command = [str(BIN / "flask"), "--app", "wsgi", "play", str(file), "--verify"]
    done = subprocess.run(
        command, env=running.environ(), capture_output=True, text=True, check=False
    )
    try:
        return {**orjson.loads(done.stdout.splitlines()[-1]), "exit": done.returncode}
    except (IndexError, ValueError):
        return {"exit": done.returncode, "error": done.stderr.strip()[-500:]}


def _problems(which: str, done: dict[str, Any], **wanted: object) -> list[str]:
    wanted |= {"exit": 0, "others": {}, "wrong": []}
    return [
        f"{which} time {name}: {done.get(name)} {done.get('error', '')}"
        for name, value in wanted.items()
        if done.get(name) != value
    ]


def _nothing_waits(running: RunningService) -> bool:
    waiting = running.rows(
        "SELECT count(*) FROM notifications"
        " WHERE kind = 'page' AND state NOT IN ('sent', 'delivered')"
    )
    return bool(waiting[0].count == 0)


def _alerts_received(running: RunningService) -> Counter[str]:
    return Counter(str(mail["X-Interlude-Alert"]) for mail in list(running.mail.inbox))


def _unpaged(running: RunningService, forms: Sequence[Form], received: Counter[str]) -> list[str]:
    """People whose alert the mail server never got, and pages for people who need none."""
    with running.app.app_context():
        clinic_id = find_play_clinic()
    rows = running.rows("SELECT id, patient_id FROM alerts WHERE clinic_id = %s", clinic_id)
    paged = {row.patient_id for row in rows if received[str(row.id)]}
    names = {player_id(form.name, "patient"): form for form in forms}
    wants = {patient for patient, form in names.items() if form.item9}
    missing, extra = len(wants - paged), len((paged & set(names)) - wants)
    problems = [f"{missing} people's pages never reached the mail server"] if missing else []
    return problems + ([f"{extra} people were paged for nothing"] if extra else [])


def _figures(forms: Sequence[Form]) -> str:
    """The figures of the file: the database was found to hold the same, person by person."""
    item9 = Counter(form.item9 for form in forms)
    totals = [form.total for form in forms if form.total is not None]
    partial = [form.name for form in forms if form.item9 and form.total is None]
    critical, high = item9[2] + item9[3], item9[1]
    return (
        f"{len(totals)} complete totals, {sum(total >= 10 for total in totals)} of them >= 10; "
        f"{critical + high} people have a suicide_risk alert that pages "
        f"({critical} critical, {high} high), all received by mail; "
        f"item 9 of 1, 2, 3: {item9[1]}, {item9[2]}, {item9[3]}; "
        f"{len(partial)} of them incomplete ({', '.join(partial)}); {item9[None]} medium"
    )
