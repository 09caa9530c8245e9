"""Crisis lines by country, from `data/crisis_lines.toml`; old numbers are never served silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.rules.languages.texts import CardTexts
from services.rules.numbers import DATA, NumbersError, read

_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Line:
    """A line to call, text or open. `verified_on`: the day of the newest source that states it."""

    name: str
    phone: str | None
    text: str | None
    url: str | None
    verified_on: date | None
    source: str

    def __post_init__(self) -> None:
        if not (self.phone or self.text or self.url):
            raise NumbersError("no way to reach it")


@dataclass(frozen=True, slots=True)
class Country:
    """A country's emergency number (None: not known) and its lines, best first."""

    emergency: str | None
    lines: tuple[Line, ...] = ()

    def services(self, texts: CardTexts) -> str:
        """How the card names the emergency services."""
        if self.emergency is None:
            return texts.local_services
        return texts.emergency_services.format(number=self.emergency)

    def number(self, texts: CardTexts) -> str:
        """What the message tells people to call."""
        return self.emergency or texts.local_number


_ELSEWHERE: Final = Country(None)


@dataclass(frozen=True, slots=True)
class CrisisLines:
    """The whole table. `stale_after_months`: from then on a line carries a warning."""

    version: str
    stale_after_months: int
    countries: Mapping[str, Country]
    emergency_only: Mapping[str, str]  # countries without a line that was checked
    directory: Line

    def __post_init__(self) -> None:
        for code, country in self.countries.items():
            if not (country.emergency and country.lines):
                raise NumbersError("needs an emergency number and lines", f"countries.{code}")

    def country(self, code: str) -> Country:
        """By ISO 3166 code in any case; an unknown one has no lines, only the directory."""
        known = code.strip().upper()
        if known in self.countries or known not in self.emergency_only:
            return self.countries.get(known, _ELSEWHERE)
        return Country(self.emergency_only[known])

    def doubtful(self, line: Line, today: date | None) -> bool:
        """Never checked, or checked `stale_after_months` ago or earlier (or today unknown)."""
        if line.verified_on is None or today is None:
            return True
        checked = line.verified_on
        months = (today.year - checked.year) * _MONTHS_A_YEAR + today.month - checked.month
        whole_months = months - (today.day < checked.day)
        return whole_months >= self.stale_after_months


LINES: Final = read(DATA / "crisis_lines.toml", CrisisLines)
