"""`flask play FILE`: send a file of PHQ-9 forms over HTTP, as phones would, and check the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from api.cli.clinic import print_json, refusals_as_messages
from api.http.auth import encode_pair
from api.play.checks import check
from api.play.forms import Form, FormsError, read_forms
from api.play.phones import Outcome, Play, send_all
from api.settings import Settings
from services.access import Actor
from services.accounts.tokens.families import PATIENT_LIFETIME
from services.clock import utcnow
from services.evaluation.played_forms import findings, make_play_clinic, make_players, pages_waiting

CONTACT: Final = "mailto:oncall@play.example"
LOOK_S: Final = 0.2


@click.command("play")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--url", help="the running service (default: INTERLUDE_PUBLIC_URL, else this machine's)"
)
@click.option("--connections", type=click.IntRange(1, 64), default=8, show_default=True)
@click.option("--contact", default=CONTACT, show_default=True, help="paged first; made once")
@click.option("--verify", is_flag=True, help="then compare the database with the file")
@click.option("--patience", default=60, show_default=True, help="seconds to wait for the pages")
@with_appcontext
def play(
    file: Path, url: str | None, connections: int, contact: str, verify: bool, patience: int
) -> None:
    """Play FILE (CSV: seqn, q1 … q10) into a clinic of made-up people, one for each form.

    Sending again repeats the same requests and changes nothing. Ends with status 1 when an answer
    or a check is not as it must be. Never on a server that patients use.
    """
    try:
        forms = read_forms(file)
    except (FormsError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file.name}: {error}") from error
    console = Console()
    with refusals_as_messages():
        clinic_id = make_play_clinic(contact, utcnow())
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        plays = _make_people(clinic_id, forms, bar)
        settings: Settings = current_app.config["INTERLUDE"]
        target = url or settings.public_url or settings.local_url
        answers = _send(target, plays, connections)
        outcomes = Counter(bar.track(answers, len(plays), description="Sending"))
    console.print(_answers(outcomes, len(forms)))
    wrong = _verify(clinic_id, forms, patience, console) if verify else []
    others = {str(word): outcomes[word] for word in outcomes if word not in (200, 201)}
    ended = {"sent": len(forms), "stored": outcomes[201], "known": outcomes[200], "others": others}
    print_json({**ended, "wrong": wrong})
    if others or wrong:
        raise SystemExit(1)


def _make_people(clinic_id: UUID, forms: Sequence[Form], bar: Progress) -> list[Play]:
    people = make_players(clinic_id, [form.name for form in forms], utcnow())
    tracked = bar.track(people, len(forms), description="Making people")
    return [(player, form.answers) for player, form in zip(tracked, forms, strict=True)]


def _send(url: str, plays: Sequence[Play], connections: int) -> Iterator[Outcome]:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # for the threads

    def make_token(actor: Actor) -> str:
        with app.app_context():
            return str(encode_pair(actor, utcnow(), PATIENT_LIFETIME)["access_token"])

    return send_all(url, plays, make_token, connections)


def _answers(outcomes: Counter[Outcome], forms: int) -> Table:
    table = Table(title="Played forms", title_justify="left")
    others = {word: count for word, count in outcomes.items() if word not in (200, 201)}
    for heading in ("sent", "201 stored", "200 known", "others"):
        table.add_column(heading, justify="right")
    others_in_words = ", ".join(f"{count} x {word}" for word, count in others.items()) or "0"
    table.add_row(str(forms), str(outcomes[201]), str(outcomes[200]), others_in_words)
    return table


def _verify(clinic_id: UUID, forms: Sequence[Form], patience_s: int, console: Console) -> list[str]:
    """Wait for the pages, then compare person by person; what differs."""
    deadline = time.monotonic() + patience_s
    while pages_waiting(clinic_id) and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    checks = check(forms, findings(clinic_id))
    table = Table(title="The database against the file", title_justify="left")
    for heading in ("people with", "file", "database", "the same people"):
        table.add_column(heading, justify="left" if heading == "people with" else "right")
    for one in checks:
        table.add_row(one.what, str(one.wanted), str(one.seen), "yes" if one.same else "NO")
    console.print(table)
    return [one.what for one in checks if not one.same]


command: Final = play
