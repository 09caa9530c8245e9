"""The pictures in the documentation are those that the command makes, and small enough to keep."""

from __future__ import annotations

from pathlib import Path

from services.demo.series import STORIES
from tools.pictured.console import KEPT
from tools.pictured.pages import PAGES
from tools.pictures import FOLDER, files
from tools.simulated_reports import report

LARGEST = 200_000


def kept() -> set[str]:
    return {path.name for path in FOLDER.iterdir()}


def of_the_demo() -> set[str]:
    """What `python -m tools.demo_pictures` draws."""
    people = [story.name.split(maxsplit=1)[0].lower() for story in STORIES]
    forms = {f"demo-{name}-{form}.png" for name in people for form in ("daily", "phq9")}
    return {*forms, "demo-rosa-overlay.png"}


def of_the_service() -> set[str]:
    """Screens of the running service."""
    return {name for name in kept() if name.startswith(("caseload", "console-"))}


def test_every_patient_of_the_demo_is_pictured_and_the_readme_shows_one():
    assert of_the_demo() <= kept()
    shown = (FOLDER.parent.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"docs/pictures/demo-{name}" in shown for name in ("rosa", "nora", "remi", "dana"))


def test_the_command_makes_every_picture_that_is_kept():
    made = dict(files())
    assert set(made) == kept() - {"README.md", *of_the_demo(), *of_the_service()}
    assert {name: len(body) for name, body in made.items() if len(body) > LARGEST} == {}


def test_pictures_of_the_console_are_few_and_all_of_them_are_shown():
    pictured = {f"console-{'-'.join(way)}.png" for way in KEPT}
    assert {way[0] for way in KEPT} <= set(PAGES)
    assert {name for name in kept() if name.startswith("console-")} == pictured
    large = [name for name in pictured if (FOLDER / name).stat().st_size > LARGEST]
    assert large == []
    shown = (FOLDER.parent.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in pictured if f"docs/pictures/{name}" not in shown] == []


def test_the_page_about_them_names_each_kind_and_calls_them_simulated():
    page = (Path(FOLDER) / "README.md").read_text(encoding="utf-8")
    assert "simulated" in page
    for name in (
        "daily-0",
        "daily-1",
        "daily-3",
        "daily-400",
        "phq9-27",
        "cohort",
        "-grey.png",
        "console",
    ):
        assert name in page


def test_a_simulated_report_has_as_many_answers_as_it_says():
    for entries in (0, 1, 3, 400):
        assert sum(row.entries for row in report("phq9-daily", entries).figures.series) == entries
