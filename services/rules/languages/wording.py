"""Which language somebody reads, and whether its words may stand alone.

A language is reviewed by a clinic's own act, of one version of its texts. Until then the English
words stand below, and the numbers to call lead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.rules.languages.texts import ENGLISH, TEXTS, CardTexts, Texts

BELOW: Final = "\n\n"
BESIDE: Final = " / "


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one reader. `reviewed`: they may stand alone; English always may."""

    texts: Texts = ENGLISH
    reviewed: bool = True

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that stand there, in their order."""
        own = self.texts.language
        return (own,) if self.reviewed else (own, ENGLISH.language)

    def say(self, words: Callable[[CardTexts], str], joint: str = BELOW) -> str:
        """These words; in a language that nobody reviewed, with the English ones after them."""
        own = words(self.texts.card)
        return own if self.reviewed else joint.join((own, words(ENGLISH.card)))

    def letter(self, words: Callable[[Mapping[str, str]], str], joint: str = BELOW) -> str:
        """These words of a letter, in the same way."""
        own = words(self.texts.letters)
        return own if self.reviewed else joint.join((own, words(ENGLISH.letters)))

    def app(self, name: str, joint: str = BELOW) -> str:
        """A word of the reference phone or its reminders, in the same way."""
        own = self.texts.app[name]
        return own if self.reviewed else joint.join((own, ENGLISH.app[name]))

    def beside(self, own: str | None, english: str) -> str:
        """A label, with the English one beside it until it is reviewed; None: there is none."""
        if own is None or self.texts is ENGLISH:
            return english
        return own if self.reviewed else BESIDE.join((own, english))


IN_ENGLISH: Final = Wording()


def wording(language: str, reviews: Mapping[str, Any]) -> Wording:
    """The words of a language. `reviews`: a clinic's, by language `{"version", ...}`."""
    texts = TEXTS.get(language, ENGLISH)
    return Wording(texts, is_reviewed(texts, reviews))


def is_reviewed(texts: Texts, reviews: Mapping[str, Any]) -> bool:
    """May they stand alone? A review of any other version does not count; English needs none."""
    review = reviews.get(texts.language)
    return texts is ENGLISH or (
        isinstance(review, Mapping) and review.get("version") == texts.version
    )


def chosen_language(*wanted: str | None) -> str:
    """The first of these tags whose language we have (`de-AT` is German), else English."""
    for tag in wanted:
        language = (tag or "").replace("_", "-").partition("-")[0].casefold()
        if language in TEXTS:
            return language
    return ENGLISH.language
