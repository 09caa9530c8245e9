"""The files that a proxy answers with: every one the service's own problem document, with the card
that its country and language give.
"""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from flask import Flask

from api.http.card_files import NO_COUNTRY, PLAIN, STATUSES, countries, files
from services.rules.cards.crisis import generic_card
from services.rules.cards.lines import LINES
from services.rules.languages.texts import TEXTS
from services.rules.languages.wording import wording

FILES = {str(path): orjson.loads(content) for path, content in files()}


def test_there_is_one_for_each_country_language_and_status() -> None:
    cards = {
        f"{country}/{language}/{status}.json"
        for country in countries()
        for language in TEXTS
        for status in STATUSES
    }
    assert set(FILES) == cards | {f"{PLAIN}/{status}.json" for status in STATUSES}
    assert {*countries()} == {*LINES.countries, *LINES.emergency_only, NO_COUNTRY}


@pytest.mark.parametrize("status", STATUSES)
def test_the_status_and_a_code_stand_in_it(status: int) -> None:
    document = FILES[f"{PLAIN}/{status}.json"]
    assert (document["status"], document["type"]) == (status, "about:blank")
    assert document["code"]
    assert "safety" not in document
    with_card = FILES[f"US/en/{status}.json"]
    assert with_card == document | {"safety": with_card["safety"]}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (413, "This did not reach your clinic."),
        (429, "This did not reach your clinic."),
        (503, "This did not reach your clinic."),
        (500, "We do not know whether this reached your clinic"),
        (502, "We do not know whether this reached your clinic"),
        (504, "We do not know whether this reached your clinic"),
    ],
)
def test_no_card_claims_that_it_arrived(status: int, words: str) -> None:
    """Though what was passed on may have been stored before its process ended."""
    assert FILES[f"{NO_COUNTRY}/en/{status}.json"]["safety"]["monitoring"].startswith(words)


@pytest.mark.parametrize("country", ["FR", "US", "AT", NO_COUNTRY])
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_card_is_the_generic_one_of_the_country(country: str, language: str) -> None:
    """Without a day: a file may lie for years, so each number says when it was last checked."""
    named = "" if country == NO_COUNTRY else country
    card = generic_card(
        committed=None, level="crisis", country=named, wording=wording(language, {})
    )
    assert FILES[f"{country}/{language}/502.json"]["safety"] == card
    phones = [one["phone"] for one in card["resources"] if "phone" in one]
    assert bool(phones) == (country != NO_COUNTRY)


def test_they_are_written_for_everybody_and_compared(app: Flask, tmp_path: Path) -> None:
    run, folder = app.test_cli_runner(), tmp_path / "cards"
    missing = run.invoke(args=["cards", "check", str(folder)])
    assert (missing.exit_code, "cards write" in missing.output) == (1, True)
    assert run.invoke(args=["cards", "write", str(folder)]).exit_code == 0
    assert run.invoke(args=["cards", "check", str(folder)]).exit_code == 0
    written = {
        str(path.relative_to(folder)): orjson.loads(path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert written == FILES
    one = folder / "FR/fr/502.json"
    assert one.stat().st_mode & 0o777 == 0o644
    one.write_bytes(one.read_bytes().replace(b"112", b"113"))
    changed = run.invoke(args=["cards", "check", str(folder)])
    assert (changed.exit_code, "FR/fr/502.json" in changed.output) == (1, True)
    assert run.invoke(args=["cards", "write", str(folder)]).exit_code == 0
    assert run.invoke(args=["cards", "check", str(folder)]).exit_code == 0
