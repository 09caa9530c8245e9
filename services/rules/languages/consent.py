"""What a patient agrees to, in versions that never change once somebody may have read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from services.rules.languages.texts import TEXTS
from services.rules.numbers import DATA, NumbersError, read_versions


@dataclass(frozen=True, slots=True)
class ConsentWords:
    """One language: everything that experts ask to be said, each in its own paragraph."""

    title: str
    reliance: str
    crisis: str
    reading: str
    alerts: str
    failures: str
    stored: str
    withdrawal: str

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """In the order in which they are read."""
        return tuple(getattr(self, one.name) for one in fields(self) if one.name != "title")


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version, in every language that patients read."""

    version: str
    in_force_from: datetime
    texts: Mapping[str, ConsentWords]

    def __post_init__(self) -> None:
        for language in sorted(self.texts.keys() ^ TEXTS.keys()):
            problem = "is missing" if language in TEXTS else "is no language of patients"
            raise NumbersError(problem, f"texts.{language}")


CONSENTS: Final = read_versions(DATA / "consents", ConsentText)
CONSENT_VERSIONS: Final = tuple(one.version for one in CONSENTS.known)
