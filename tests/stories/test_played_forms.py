"""`flask play`: forms of a file become check-ins, alerts and pages, and a second time nothing."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from click.testing import Result

from api.play.forms import Form, FormsError, read_forms
from services.evaluation.played_forms import find_play_clinic, player_id
from tests.builders.seen import saw
from tests.fixtures.running import RunningService, free_port, wait_until

pytestmark = pytest.mark.xdist_group("running")
COLUMNS = ["seqn", *(f"q{number}" for number in range(1, 11))]
# One number over every table: rows, and the sum of a hash of each.
FINGERPRINT = "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {} AS t"


def write_forms(path: Path, seed: int, forms: int = 60) -> Path:
    """Made-up forms coded as the survey codes them; the last ones are the awkward ones."""
    dice = random.Random(seed)
    rows = [
        [f"made{seed}x{n}", *(dice.choice("00000111223") for _ in range(8)), "0", ""]
        for n in range(forms)
    ]
    for row, item9 in zip(rows[:12], ["1"] * 5 + ["2", "2", "3", "3", "7", "9", ""], strict=True):
        row[9] = item9
    rows[0][3] = ""  # a positive item 9 on a form without a total
    rows[20][1], rows[21][2], rows[22][10] = "7", "9", "2"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_forms(tmp_path_factory.mktemp("forms") / "forms.csv", seed=1)


@pytest.fixture(scope="module")
def figures(running: RunningService, file: Path) -> str:
    return play_verify_and_play_again(running, file)


def test_a_file_of_forms_is_played_verified_and_played_again_without_a_change(figures: str):
    assert "9 people have a suicide_risk alert that pages (4 critical, 5 high)" in figures
    assert "3 medium" in figures


def play_verify_and_play_again(running: RunningService, file: Path) -> str:
    """Each form gives its score, alert and page; sent again, no row changes. The file's figures."""
    forms = read_forms(file)

    first = play_elsewhere(running, file)

    assert first == {"exit": 0, "stored": len(forms), "known": 0, "others": {}, "wrong": []}
    with running.app.app_context():
        clinic_id = find_play_clinic()
    out = "every page of the forms is out"
    wait_until(lambda: running.pages_waiting(clinic_id) == 0, out, 120)
    assert_exactly_those_at_risk_were_paged(running, forms, clinic_id)

    with running.workers(0):
        before = fingerprint(running)
        second = play_elsewhere(running, file)
        assert changed_tables(before, fingerprint(running)) == []

    assert second == {"exit": 0, "stored": 0, "known": len(forms), "others": {}, "wrong": []}
    saw(figures_of(forms))
    return figures_of(forms)


def play_elsewhere(running: RunningService, file: Path) -> dict[str, Any]:
    """Run the command in a process of its own; its last line says in JSON what came of it."""
    done = running.command("play", str(file), "--verify")
    ended = orjson.loads(done.stdout.splitlines()[-1])
    kept = {name: ended[name] for name in ("stored", "known", "others", "wrong")}
    return {"exit": done.returncode, **kept}


def assert_exactly_those_at_risk_were_paged(
    running: RunningService, forms: Sequence[Form], clinic_id: UUID | None
) -> None:
    """Each person with a positive item 9 was mailed about, and nobody else."""
    received = Counter(str(mail["X-Interlude-Alert"]) for mail in list(running.mail.inbox))
    rows = running.rows("SELECT id, patient_id FROM alerts WHERE clinic_id = %s", clinic_id)
    people = {player_id(form.name, "patient"): form for form in forms}
    at_risk = {patient for patient, form in people.items() if form.item9}
    paged = {row.patient_id for row in rows if received[str(row.id)]} & set(people)
    assert len(at_risk - paged) == 0, "pages never reached the mail server"
    assert len(paged - at_risk) == 0, "people were paged for nothing"


def fingerprint(running: RunningService) -> dict[str, tuple[int, int]]:
    """Rows and hash of every table but that of the API's signs of life, which go on."""
    tables = running.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'api_lives'"
    )
    return {t.tablename: tuple(running.rows(FINGERPRINT.format(t.tablename))[0]) for t in tables}


def changed_tables(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return sorted(table for table, now in after.items() if before.get(table) != now)


def figures_of(forms: Sequence[Form]) -> str:
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


def test_a_file_that_differs_from_what_was_played_is_recognised(
    running: RunningService, file: Path, figures: str, tmp_path: Path
):
    rows = list(csv.reader(file.read_text().splitlines()))
    rows[15][9], rows[40][0] = "2", "somebodynew"
    other = tmp_path / "other.csv"
    other.write_text("\n".join(",".join(row) for row in rows))
    done = play(running, other)
    ended = json.loads(done.output.splitlines()[-1])
    assert done.exit_code == 1
    assert (ended["stored"], ended["known"], ended["others"]) == (1, 58, {"409": 1})
    # The conflict holds an item 9 of 2: it opened another kind of alert and paged, and stored none.
    assert ended["wrong"] == [
        "item 9 = 2",
        "one critical alert (suicide_risk)",
        "total and item 9 as in the file",
    ]


def test_a_service_that_is_not_there_ends_with_status_1(running: RunningService, file: Path):
    done = play(running, file, "--url", f"http://127.0.0.1:{free_port()}")
    assert done.exit_code == 1
    assert json.loads(done.output.splitlines()[-1])["others"] == {"no answer": 60}


def play(running: RunningService, path: Path, *options: str) -> Result:
    runner = running.app.test_cli_runner()
    return runner.invoke(args=["play", str(path), "--verify", "--patience", "20", *options])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seqn,q1\n1,0\n", "no column q10"),
        (",".join(COLUMNS) + "\n1,5,0,0,0,0,0,0,0,0,0\n", "line 2: q1"),
        (",".join(COLUMNS) + "\n1,,,,,,,,,,\n1,,,,,,,,,,\n", "twice"),
        (",".join(COLUMNS) + "\n,,,,,,,,,,\n", "line 2: seqn"),
    ],
)
def test_a_file_that_is_no_list_of_forms_is_refused_in_words(
    tmp_path: Path, text: str, problem: str
):
    path = tmp_path / "forms.csv"
    path.write_text(text)
    with pytest.raises(FormsError, match=problem):
        read_forms(path)


def test_the_fingerprint_of_the_tables_sees_any_change(running: RunningService):
    before = fingerprint(running)
    assert fingerprint(running) == before
    running.world().clinic()
    assert fingerprint(running) != before
