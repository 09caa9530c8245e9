"""What an alert is about, in the few words that a row of the caseload has room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Of two alerts of one severity, the one that stands first here is named.
FAMILY_WORDS: Final[Mapping[str, str]] = {
    "suicide_risk": "suicide risk",
    "unreadable_risk": "suicide risk, read in a request that could not be stored",
    "silence": "silence",
    "e1": "emergency symptom or grade 4 side effect",
    "e2": "very high blood pressure",
    "e4": "vital signs after a session",
    "e3": "blood pressure before a session",
    "e5": "acute side effect that stays",
    "b1": "signs of mania",
    "u1": "urinary symptoms",
    "m1": "worsening on the two-week form",
    "m3": "return of symptoms",
    "m2": "worsening on the daily form",
    "m5": "worsening after a session",
    "m4": "non-response",
    "a1": "worsening of anxiety or trauma symptoms",
    "e6": "driving after a session",
    "n2": "nothing heard after a session",
}
FAMILIES: Final = tuple(FAMILY_WORDS)
RETURN_OF_SYMPTOMS: Final = "m3"


def family_in_words(family: str) -> str:
    """The words of a family; the rule's id for one that has none yet."""
    return FAMILY_WORDS.get(family, f"rule {family.upper()}")
