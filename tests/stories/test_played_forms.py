"""`flask play`: forms of a file become check-ins, alerts and pages, and a second time nothing."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from click.testing import Result

from api.play.forms import FormsError, read_forms
from tests.fixtures.running import RunningService, free_port
from tests.proofs.played_forms import fingerprint, play_twice
from tests.proofs.seen import Seen

pytestmark = pytest.mark.xdist_group("running")
COLUMNS = ["seqn", *(f"q{number}" for number in range(1, 11))]


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
def seen(running: RunningService, file: Path) -> Seen:
    return play_twice(running, file)


def test_a_file_of_forms_is_played_verified_and_played_again_without_a_change(seen: Seen):
    assert seen.ok, seen.seen
    assert "9 people have a suicide_risk alert that pages (4 critical, 5 high)" in seen.seen
    assert "3 medium" in seen.seen


def test_a_file_that_differs_from_what_was_played_is_told_apart(
    running: RunningService, file: Path, seen: Seen, tmp_path: Path
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
