"""Each letter in each language: the code, until when, and nothing about anybody."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.accounts.letters import DEVICE, DEVICE_PATH, UNDO_PATH, addressed, letter_of
from services.rules.languages.texts import ENGLISH, TEXTS
from services.rules.languages.wording import Wording, wording

ENDS_AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
HERE, THERE = "here@b.test", "there@b.test"
LETTERS = {
    "password": "ABCDE-12345",
    "link": f"https://i.test{DEVICE_PATH}xyz",
    "device": DEVICE,
    "new_address": addressed("new_address", THERE, "ABCDE-12345"),
    "asked": addressed("asked", THERE, f"https://i.test{UNDO_PATH}xyz"),
    "changed": addressed("changed", THERE, f"{UNDO_PATH}xyz"),
}
OTHERS = [language for language in TEXTS if language != "en"]


def test_there_is_a_letter_of_each_topic() -> None:
    topics = {name.removesuffix("_subject") for name in ENGLISH.letters}
    assert topics == {*LETTERS, "this_link", "bare_path"}


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("topic", LETTERS)
def test_it_says_what_to_do_and_nothing_about_anybody(language: str, topic: str) -> None:
    words = Wording(TEXTS[language])
    letter = letter_of(UUID(int=1), HERE, LETTERS[topic], ENDS_AT, words)
    to_another = topic in ("new_address", "asked", "changed")
    assert letter.address == (THERE if to_another else HERE)
    assert letter.subject == f"[Interlude] {TEXTS[language].letters[f'{topic}_subject']}"
    assert ("2026-03-01 08:30 UTC" in letter.text) is (topic != "device")
    assert any(code in letter.text for code in ("ABCDE-12345", "link=xyz", "Interlude"))
    bare = TEXTS[language].letters["bare_path"]
    assert (bare in letter.text) is (topic == "changed")
    assert "{" not in letter.text
    shown = f"{letter.subject} {letter.text}".casefold()
    for word in ("patient", "ketamin", "treatment", "depress", "alert", "suicid", "check-in"):
        assert word not in shown


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("topic", LETTERS)
def test_english_stands_below_until_the_clinic_has_reviewed_it(language: str, topic: str) -> None:
    letter = letter_of(UUID(int=1), HERE, LETTERS[topic], ENDS_AT, wording(language, {}))
    own, english = (
        letter_of(UUID(int=1), HERE, LETTERS[topic], ENDS_AT, Wording(texts))
        for texts in (TEXTS[language], ENGLISH)
    )
    assert letter.text == f"{own.text}\n\n{english.text}"
    assert letter.subject.startswith(own.subject)
    assert letter.subject.endswith(english.subject.removeprefix("[Interlude]"))
