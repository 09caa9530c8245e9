"""Why a patient stands where they stand in the caseload, in words.

Words name what is known and what is missing. None of them says that somebody is safe: the absence
of an alert is not that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from services.caseload.worklist.treatment_words import (
    UNTREATED,
    TreatmentStatus,
    counted,
    treatment_in_words,
)
from services.rules import catalogue
from services.rules.catalogue import RULES_FAILED
from services.rules.danger.numbers import RULES
from services.rules.danger.silence import SILENCE, Risk, SilenceAfterRisk

FAMILIES: Final = tuple(family for family in catalogue.FAMILIES if family != RULES_FAILED)
TREND_WORDS: Final = {
    "worse": "PHQ-9 has worsened",
    "no_response": "PHQ-9 shows no response",
    "partial_response": "PHQ-9 shows a partial response",
    "response": "PHQ-9 shows a response",
    "remission": "PHQ-9 shows remission",
    "minimal_symptoms": "PHQ-9 shows minimal symptoms from a low baseline",
}


class Facts(NamedTuple):
    """What a row of the caseload knows; instants aware, days the patient's mood days.

    `clinical` is false for those who may not see clinical content: then only alerts, silence
    of the account and status are named. `silence`: rule N1 is high for this patient.
    """

    status: str
    paused_until: date | None
    clinical: bool
    open_alerts: int
    highest_severity: str | None
    highest_family: str | None
    needs_invitation: bool
    since: datetime
    accepted_at: datetime | None
    today: date
    last_check_in_at: datetime | None
    last_item9: int | None
    item9_positive_at: datetime | None
    cssrs_moderate_at: datetime | None
    baseline: float | None
    current: float | None
    trend_status: str | None
    treatment: TreatmentStatus = UNTREATED
    silence: SilenceAfterRisk | None = None


def reason_in_words(facts: Facts, now: datetime) -> str:
    """One line, the most urgent first."""
    return "; ".join(_parts(facts, now))


def _parts(facts: Facts, now: datetime) -> Iterator[str]:
    if facts.open_alerts:
        yield _alerts(facts)
    if facts.clinical:
        yield from _risk(facts, now)
    if facts.status != "active":
        yield _status(facts)
    if facts.needs_invitation:
        yield "phone needs a new invitation"
    if facts.clinical:
        yield from treatment_in_words(facts.treatment, facts.today)
        yield _silence(facts, now)
        yield _trend(facts)
    elif not facts.accepted_at:
        yield "invitation not accepted yet"
    elif not facts.open_alerts and facts.status == "active" and not facts.needs_invitation:
        yield "no open alert"


def family_in_words(family: str) -> str:
    """The words of a family; the rule's id for one that the catalogue does not have."""
    known = catalogue.FAMILIES.get(family)
    return known.words if known else f"rule {family.upper()}"


def _alerts(facts: Facts) -> str:
    """What the most severe one is about is clinical."""
    known = facts.highest_family if facts.clinical else None
    about = f": {family_in_words(known)}" if known else ""
    if facts.open_alerts == 1:
        return f"{facts.highest_severity} alert open{about}"
    return f"{facts.open_alerts} alerts open, the highest {facts.highest_severity}{about}"


def _risk(facts: Facts, now: datetime) -> Iterator[str]:
    if facts.silence is not None:
        yield _silent_after_risk(facts, facts.silence)
        return
    if is_recent(facts.item9_positive_at, now):
        yield _item9(facts, RULES.recent_risk.days)
    if is_recent(facts.cssrs_moderate_at, now):
        yield _cssrs(RULES.recent_risk.days)


def _silent_after_risk(facts: Facts, silence: SilenceAfterRisk) -> str:
    days = counted(silence.missed, "day")
    paused = f" ({counted(silence.paused, 'paused day')} left out)" if silence.paused else ""
    words: dict[Risk, str] = {
        "item9": _item9(facts, SILENCE.item9_days),
        "cssrs": _cssrs(SILENCE.cssrs_days),
        "intake": "suicidal ideation at intake",
    }
    risks = ", ".join(words[risk] for risk in silence.risks)
    return f"silent after risk: no item 9 or C-SSRS answered for {days}{paused}, {risks}"


def _item9(facts: Facts, days: int) -> str:
    latest = f", last answer {facts.last_item9}" if facts.last_item9 is not None else ""
    return f"item 9 positive in the last {days} days{latest}"


def _cssrs(days: int) -> str:
    return f"C-SSRS moderate or high in the last {days} days"


def _status(facts: Facts) -> str:
    if facts.status == "paused":
        return f"paused until {facts.paused_until}"
    return facts.status


def _silence(facts: Facts, now: datetime) -> str:
    if facts.last_check_in_at is not None:
        return f"last check-in {_ago(facts.last_check_in_at, now)}"
    if facts.accepted_at is not None:
        return f"no check-in yet, invitation accepted {_ago(facts.accepted_at, now)}"
    return f"no check-in yet, enrolled {_ago(facts.since, now)}"


def _ago(moment: datetime, now: datetime) -> str:
    days = max(0, (now.astimezone(UTC) - moment).days)
    return "less than a day ago" if days == 0 else f"{counted(days, 'day')} ago"


def _trend(facts: Facts) -> str:
    words = TREND_WORDS.get(facts.trend_status or "")
    if words is None or facts.current is None or facts.baseline is None:
        return "PHQ-9 not known"
    return f"{words} ({facts.baseline:g} to {facts.current:g})"


def is_recent(moment: datetime | None, now: datetime) -> bool:
    """Recent enough to raise what follows (the safety rules' own span)."""
    return _within(moment, RULES.recent_risk, now)


def _within(moment: datetime | None, span: timedelta, now: datetime) -> bool:
    return moment is not None and moment >= now - span
