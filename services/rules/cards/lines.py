"""Crisis lines by country, from `data/crisis_lines.toml`; old numbers are never served silently."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

_MONTHS_A_YEAR = 12


class CrisisLinesError(ValueError):
    """The table of crisis lines lacks a field or holds one of the wrong kind."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line to call, text or open. `verified_on`: the day of the newest source that states it."""

    name: str
    phone: str | None
    text: str | None
    url: str | None
    verified_on: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country's emergency number (None: not known) and its lines, best first."""

    emergency: str | None
    emergency_name: str
    lines: tuple[Line, ...]

    @property
    def emergency_words(self) -> str:
        """What the message tells people to call."""
        return self.emergency or "your local emergency number"


@dataclass(frozen=True, slots=True)
class CrisisLines:
    """The whole table. `stale_after_months`: from then on a line carries a warning."""

    version: str
    stale_after_months: int
    countries: Mapping[str, Country]
    elsewhere: Country
    directory: Line

    def country(self, code: str) -> Country:
        """By ISO 3166 code in any case; an unknown one has no lines, only the directory."""
        return self.countries.get(code.strip().upper(), self.elsewhere)

    def doubtful(self, line: Line, today: date | None) -> bool:
        """Never checked, or checked `stale_after_months` ago or earlier (or today unknown)."""
        if line.verified_on is None or today is None:
            return True
        checked = line.verified_on
        months = (today.year - checked.year) * _MONTHS_A_YEAR + today.month - checked.month
        whole_months = months - (today.day < checked.day)
        return whole_months >= self.stale_after_months


def parse_crisis_lines(text: str) -> CrisisLines:
    """The table in a TOML text; raises `CrisisLinesError`."""
    try:
        data = tomllib.loads(text)
        unknown = Country(None, data["elsewhere"]["emergency_name"], ())
        return CrisisLines(
            version=data["version"],
            stale_after_months=data["stale_after_months"],
            countries={
                **{code: _bare(number) for code, number in data["emergency_only"].items()},
                **{code: _country(entry) for code, entry in data["countries"].items()},
            },
            elsewhere=unknown,
            directory=_line(data["directory"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise CrisisLinesError(f"crisis lines: {error!r}") from error


def _country(entry: dict[str, Any]) -> Country:
    lines = tuple(_line(line) for line in entry["lines"])
    return replace(_bare(entry["emergency"]), lines=lines)


def _bare(number: str) -> Country:
    return Country(number, f"Emergency services {number}", ())


def _line(entry: dict[str, Any]) -> Line:
    line = Line(
        name=entry["name"],
        phone=entry.get("phone"),
        text=entry.get("text"),
        url=entry.get("url"),
        verified_on=entry.get("verified_on"),
        source=entry["source"],
    )
    if not (line.phone or line.text or line.url):
        raise CrisisLinesError(f"{line.name}: no way to reach it")
    return line


LINES = parse_crisis_lines(
    (Path(__file__).parent.parent / "data" / "crisis_lines.toml").read_text("utf-8")
)
