"""The card that goes with an urgent answer: help now, and who will look at this and when.

It never says that anybody is safe, and promises no reading that the clinic does not staff
(clinical.md 3.2). Equal arguments give an equal card: it is kept with the record, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from services.rules.cards.lines import LINES, Country, CrisisLines, Line
from services.rules.escalation.staffing import Staffing, absolute, monitoring_text
from services.rules.languages.texts import CardTexts
from services.rules.languages.wording import BELOW, BESIDE, IN_ENGLISH, Wording

Level = Literal["crisis", "support"]
Card = dict[str, object]


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """What the card needs of a clinic.

    `country`: ISO 3166 code; `monitoring_text`: the clinic's own words, shown beside ours;
    `language`: what its patients read who name none; `reviews`: its reviews of the texts, by
    language; `wording`: the words for whoever reads.
    """

    country: str
    staffing: Staffing
    phone: str | None = None
    monitoring_text: str = ""
    language: str | None = None
    reviews: Mapping[str, Any] = field(default_factory=dict)
    wording: Wording = IN_ENGLISH


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
        "message": _message(level, found, now.date(), lines, clinic.wording),
        "resources": _resources(found, clinic.phone, now.date(), lines, clinic.wording),
        "monitoring": _monitoring(clinic, now, receipt),
        **_languages(clinic.wording),
    }
    return content if next_instrument is None else {**content, "next_instrument": next_instrument}


def generic_card(
    *,
    committed: bool | None,
    level: Level = "support",
    country: str = "",
    phone: str | None = None,
    today: date | None = None,
    wording: Wording = IN_ENGLISH,
    lines: CrisisLines = LINES,
) -> Card:
    """The card of a 401, 413 or 503, when no clinic is known or can be asked; and the one that a
    phone keeps for what it cannot send, with its clinic's country and phone.

    "This did not reach your clinic" exactly when nothing was `committed`; None: nobody knows.
    Without `today` every number is shown as unchecked.
    """
    found = lines.country(country)
    return {
        "level": level,
        "message": _message(level, found, today, lines, wording),
        "resources": _resources(found, phone, today, lines, wording),
        "monitoring": wording.say(partial(_generic_monitoring, committed)),
        **_languages(wording),
    }


def _generic_monitoring(committed: bool | None, texts: CardTexts) -> str:
    if committed is None:
        return texts.unknown
    return f"{texts.alert_received} {texts.notes_unwatched}" if committed else texts.not_received


def notes_notice(clinic: ClinicFacts, now: datetime, lines: CrisisLines = LINES) -> str:
    """What whoever wrote a note is told, whatever stands in it: that nobody waits for it, and whom
    to call.
    """
    found = lines.country(clinic.country)
    line = (*found.lines, lines.directory)[0]
    doubtful = line is not lines.directory and lines.doubtful(line, now.date())

    def words(texts: CardTexts) -> str:
        name = texts.helplines if line is lines.directory else line.name
        if doubtful:
            name = f"{name} ({_checked(line, texts)})"
        reached = f"{name}, {line.phone or line.text or line.url}"
        call = [
            texts.notes_unwatched,
            texts.in_an_emergency.format(number=found.number(texts)),
            texts.talk_now.format(line=reached),
        ]
        if clinic.phone:
            call.append(texts.clinic_phone.format(phone=clinic.phone))
        return " ".join(call)

    return led(clinic.wording, found, words)


def led(wording: Wording, country: Country, words: Callable[[CardTexts], str]) -> str:
    """These words; in a language that nobody reviewed whom to call leads, in figures and names."""
    text = wording.say(words)
    if wording.reviewed:
        return text
    ways = [country.emergency, *(f"{one.name} {one.phone or one.text}" for one in country.lines)]
    lead = " · ".join(way for way in ways if way)
    return BELOW.join((lead, text)) if lead else text


def _languages(wording: Wording) -> Card:
    """In which languages a card is, where that is not English alone."""
    return {} if wording == IN_ENGLISH else {"languages": list(wording.languages)}


def _monitoring(clinic: ClinicFacts, now: datetime, receipt: RequestOutcome) -> str:
    return clinic.wording.say(lambda texts: _monitored(clinic, now, receipt, texts))


def _monitored(
    clinic: ClinicFacts, now: datetime, receipt: RequestOutcome, texts: CardTexts
) -> str:
    if not receipt.received:
        return texts.not_received
    if receipt.followed:
        return monitoring_text(
            clinic.staffing,
            now,
            paged=receipt.paged,
            stored=receipt.stored,
            clinic_text=clinic.monitoring_text,
            texts=texts,
        )
    alerted = texts.alerted.format(at=absolute(now, clinic.staffing.zone, texts))
    alert = [alerted] if receipt.paged else []
    return " ".join([texts.no_longer_read, *alert, texts.notes_unwatched])


def _message(
    level: Level, country: Country, today: date | None, lines: CrisisLines, wording: Wording
) -> str:
    in_doubt = any(lines.doubtful(line, today) for line in country.lines)

    def words(texts: CardTexts) -> str:
        opening = texts.opening_crisis if level == "crisis" else texts.opening_support
        number = country.number(texts)
        sentences = [opening, texts.danger.format(number=number)]
        if in_doubt:
            sentences.append(texts.no_answer.format(number=number))
        return " ".join(sentences)

    return led(wording, country, words)


def emergency(country: Country, wording: Wording) -> Card:
    """The emergency services as the first resource of a card."""
    named: Card = {"name": wording.say(country.services, BESIDE)}
    return {**named, "phone": country.emergency} if country.emergency else named


def clinic_phone(phone: str | None, wording: Wording) -> list[Card]:
    """The clinic as a resource, if it has a phone."""
    return (
        [{"name": wording.say(lambda texts: texts.clinic, BESIDE), "phone": phone}] if phone else []
    )


def _resources(
    country: Country,
    phone: str | None,
    today: date | None,
    lines: CrisisLines,
    wording: Wording,
) -> list[Card]:
    """Emergency number, the country's lines, the clinic; the directory where a line is in doubt."""
    found = [emergency(country, wording)]
    in_doubt = [lines.doubtful(line, today) for line in country.lines]
    for line, doubtful in zip(country.lines, in_doubt, strict=True):
        found.append(_resource(line, _name(line, wording, doubtful=doubtful)))
    found += clinic_phone(phone, wording)
    if any(in_doubt) or not country.lines:
        found.append(_resource(lines.directory, wording.say(lambda texts: texts.helplines, BESIDE)))
    return found


def _name(line: Line, wording: Wording, *, doubtful: bool) -> str:
    """A line by its own name, and when its number was checked, where that is in doubt."""
    if not doubtful:
        return line.name
    return f"{line.name} ({wording.say(partial(_checked, line), BESIDE)})"


def _checked(line: Line, texts: CardTexts) -> str:
    day = line.verified_on
    return texts.last_checked.format(day=day) if day else texts.not_checked


def _resource(line: Line, name: str) -> Card:
    ways = {"phone": line.phone, "text": line.text, "url": line.url}
    return {"name": name, **{way: value for way, value in ways.items() if value}}
