"""What patients agree to: whole in every language, and never changed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from services.rules.languages.consent import CONSENTS, ConsentText
from services.rules.languages.texts import TEXTS
from services.rules.numbers import DATA, NumbersError, read

FOLDER: Final = DATA / "consents"
# A version that somebody may have agreed to stays as it is, to the letter.
IN_FORCE: Final = {
    "2026.11.1.toml": "7f90c25dc26b93b634f0de0a7bb637ef01913d9041ea9aa6d9b602d0edd1c837",
}


def test_what_was_agreed_to_is_never_changed():
    shipped = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*")
    }
    assert shipped == IN_FORCE


def test_every_language_says_all_of_it():
    for version in CONSENTS.known:
        assert version.texts.keys() == TEXTS.keys()
        for words in version.texts.values():
            assert len(words.paragraphs) == 7
            assert words.title not in words.paragraphs
    english = CONSENTS.newest.texts["en"]
    assert "Do not rely on this to keep you safe" in english.reliance
    assert "not watched around the clock" in english.reliance
    assert "withdraw at any time" in english.withdrawal


def test_each_names_help_as_the_app_does():
    for language, words in CONSENTS.newest.texts.items():
        assert TEXTS[language].app["help_now"] in words.crisis


def test_one_is_in_force_at_any_time():
    assert CONSENTS.at(datetime(2020, 1, 1, tzinfo=UTC)) is CONSENTS.known[0]
    assert CONSENTS.at(datetime(2100, 1, 1, tzinfo=UTC)) is CONSENTS.newest


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("[texts.nl]", "[texts.it]", "texts.it: is no language of patients"),
        ("[texts.de]", "[texts.en2]", "texts.de: is missing"),
    ],
)
def test_a_version_that_lacks_a_language_is_not_used(
    tmp_path: Path, before: str, after: str, problem: str
):
    text = (FOLDER / "2026.11.1.toml").read_text().replace(before, after)
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(NumbersError, match=problem):
        read(tmp_path / "x.toml", ConsentText)
