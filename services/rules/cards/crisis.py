"""The card that goes with an urgent answer: help now, and who will look at this and when.

It never says that anybody is safe, and promises no reading that the clinic does not staff
(clinical.md 3.2). Equal arguments give an equal card: it is kept with the record, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.rules.cards.lines import LINES, Country, CrisisLines, Line
from services.rules.escalation.staffing import NOTES_UNWATCHED, Staffing, absolute, monitoring_text

Level = Literal["crisis", "support"]
Card = dict[str, object]

_NOT_RECEIVED = "This did not reach your clinic."
_UNKNOWN = "We do not know whether this reached your clinic; send it again, and do not count on it."
_NO_LONGER_READ = "Please note: your clinic no longer reads these answers."
_GENERIC_RECEIVED = (
    "An alert about this reached your clinic. This app is not watched around the clock. "
    + NOTES_UNWATCHED
)
_GENERIC_MONITORING = {True: _GENERIC_RECEIVED, False: _NOT_RECEIVED, None: _UNKNOWN}
_OPENING = {
    "crisis": "Thank you for telling us. Please talk to somebody now.",
    "support": "Thank you for telling us. You do not have to carry this alone.",
}


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """What the card needs of a clinic.

    `country`: ISO 3166 code; `monitoring_text`: the clinic's own words, shown beside ours.
    """

    country: str
    staffing: Staffing
    phone: str | None = None
    monitoring_text: str = ""


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What became of the request. The default: stored, and no alert that pages.

    `received`: anything was committed; `stored`: the answer itself was (false after a refusal);
    `paged`: an alert that pages was; `followed`: false for the discharged and after withdrawn
    consent.
    """

    received: bool = True
    stored: bool = True
    paged: bool = False
    followed: bool = True


def card(
    level: Level,
    clinic: ClinicFacts,
    now: datetime,
    receipt: RequestOutcome,
    next_instrument: str | None = None,
    lines: CrisisLines = LINES,
) -> Card:
    """The card of one answer at `now` (aware); the keys are those of the contract's `safety`."""
    found = lines.country(clinic.country)
    content: Card = {
        "level": level,
        "message": _message(level, found, now.date(), lines),
        "resources": _resources(found, clinic.phone, now.date(), lines),
        "monitoring": _monitoring(clinic, now, receipt),
    }
    return content if next_instrument is None else {**content, "next_instrument": next_instrument}


def generic_card(
    *,
    committed: bool | None,
    level: Level = "support",
    country: str = "",
    today: date | None = None,
    lines: CrisisLines = LINES,
) -> Card:
    """The card of a 401, 413 or 503, when no clinic is known or can be asked.

    "This did not reach your clinic" exactly when nothing was `committed`; None: nobody knows.
    Without `today` every number is shown as unchecked.
    """
    found = lines.country(country)
    return {
        "level": level,
        "message": _message(level, found, today, lines),
        "resources": _resources(found, None, today, lines),
        "monitoring": _GENERIC_MONITORING[committed],
    }


def notes_notice(clinic: ClinicFacts, now: datetime, lines: CrisisLines = LINES) -> str:
    """What whoever wrote a note is told, whatever stands in it: that nobody waits for it, and whom
    to call.
    """
    found = lines.country(clinic.country)
    call = [f"In an emergency call {found.emergency_words}."]
    line = (*found.lines, lines.directory)[0]
    reached = line.phone or line.text or line.url
    name = _resource(line, line is not lines.directory and lines.doubtful(line, now.date()))["name"]
    call.append(f"To talk to somebody now: {name}, {reached}.")
    if clinic.phone:
        call.append(f"Your clinic: {clinic.phone}.")
    return " ".join([NOTES_UNWATCHED, *call])


def _monitoring(clinic: ClinicFacts, now: datetime, receipt: RequestOutcome) -> str:
    if not receipt.received:
        return _NOT_RECEIVED
    if receipt.followed:
        return monitoring_text(
            clinic.staffing,
            now,
            paged=receipt.paged,
            stored=receipt.stored,
            clinic_text=clinic.monitoring_text,
        )
    at = absolute(now, clinic.staffing.zone)
    alerted = f"An alert went to the clinic on {at}, without a promise of an answer."
    return " ".join([_NO_LONGER_READ, *([alerted] if receipt.paged else []), NOTES_UNWATCHED])


def _message(level: Level, country: Country, today: date | None, lines: CrisisLines) -> str:
    sentences = [
        _OPENING[level],
        "If you might act on these thoughts or are in immediate danger, "
        f"call {country.emergency_words} now.",
    ]
    if any(lines.doubtful(line, today) for line in country.lines):
        sentences.append(f"If a number below does not answer, call {country.emergency_words}.")
    return " ".join(sentences)


def _resources(
    country: Country, clinic_phone: str | None, today: date | None, lines: CrisisLines
) -> list[Card]:
    """Emergency number, the country's lines, the clinic; the directory where a line is in doubt."""
    emergency: Card = {"name": country.emergency_name}
    if country.emergency:
        emergency["phone"] = country.emergency
    in_doubt = [lines.doubtful(line, today) for line in country.lines]
    shown = [_resource(line, doubt) for line, doubt in zip(country.lines, in_doubt, strict=True)]
    clinic: list[Card] = [{"name": "Your clinic", "phone": clinic_phone}] if clinic_phone else []
    needed = any(in_doubt) or not country.lines
    return [emergency, *shown, *clinic, *([_resource(lines.directory, False)] if needed else [])]


def _resource(line: Line, doubtful: bool) -> Card:
    checked = f"last checked {line.verified_on}" if line.verified_on else "not yet checked"
    ways = {"phone": line.phone, "text": line.text, "url": line.url}
    name = f"{line.name} (number {checked})" if doubtful else line.name
    return {"name": name, **{way: value for way, value in ways.items() if value}}
