"""The pictures in the documentation are those that the command makes, and small enough to keep."""

from __future__ import annotations

from pathlib import Path

from tools.pictures import FOLDER, files
from tools.simulated_reports import report

LARGEST = 200_000


def test_the_command_makes_every_picture_that_is_kept():
    made = dict(files())
    kept = {path.name for path in FOLDER.iterdir()} - {"README.md"}
    assert set(made) == kept
    assert {name: len(body) for name, body in made.items() if len(body) > LARGEST} == {}


def test_the_page_about_them_names_each_kind_and_calls_them_simulated():
    page = (Path(FOLDER) / "README.md").read_text(encoding="utf-8")
    assert "simulated" in page
    for name in ("daily-0", "daily-1", "daily-3", "daily-400", "phq9-27", "cohort", "-grey.png"):
        assert name in page


def test_a_simulated_report_has_as_many_answers_as_it_says():
    for entries in (0, 1, 3, 400):
        assert sum(row["entries"] for row in report("phq9-daily", entries)["series"]) == entries
