"""Why a patient stands where they stand in the caseload, in words.

Words name what is known and what is missing. None of them says that somebody is safe: the absence
of an alert is not that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from models.alerts.alert import SEVERITIES
from services.caseload.worklist.row import CaseRow, Days
from services.patients.status.figures import NOT_JUDGED
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
    NOT_JUDGED: "response cannot be judged: no PHQ-9 from before the treatment",
    "minimal_symptoms": "PHQ-9 shows minimal symptoms from a low baseline",
}
# How early the caseload announces maintenance: time to make an appointment.
ANNOUNCED_DAYS: Final = 3


def reason_in_words(row: CaseRow, silence: SilenceAfterRisk | None, days: Days) -> str:
    """One line, the most urgent first; `silence`: rule N1 is high for this patient.

    For those who may not see clinical content only alerts, silence of the account and status are
    named.
    """
    return "; ".join(_parts(row, silence, days))


def reasons_of(row: CaseRow, silence: SilenceAfterRisk | None, days: Days) -> list[str]:
    """The same one by one."""
    return list(_parts(row, silence, days))


def is_at_risk(row: CaseRow, now: datetime) -> bool:
    """Item 9 or a C-SSRS was positive lately."""
    return _is_recent(row.item9_positive_at, now) or _is_recent(row.cssrs_moderate_at, now)


def is_wearing_off(row: CaseRow) -> bool:
    """Symptoms have come back since the last session."""
    return row.wearing_off_on is not None and row.last_session_at is not None


def is_due_for_maintenance(row: CaseRow, days: Days) -> bool:
    """The next session is due in a few days, today, or was."""
    due = row.maintenance_due_on
    return due is not None and (due - days.today(row.timezone)).days <= ANNOUNCED_DAYS


def is_planned_today(row: CaseRow, days: Days) -> bool:
    """A session is planned on the patient's running day."""
    planned, zone = row.next_session_at, row.timezone
    return planned is not None and days.day_of(planned, zone) == days.today(zone)


def _is_recent(at: datetime | None, now: datetime) -> bool:
    return at is not None and at >= now - RULES.recent_risk


def _parts(row: CaseRow, silence: SilenceAfterRisk | None, days: Days) -> Iterator[str]:
    status = days.status(row)
    if row.open_alerts:
        yield _alerts(row)
    if row.clinical:
        yield from _risk(row, silence, days.now)
    if status != "active":
        yield f"paused until {row.paused_until}" if status == "paused" else status
    if row.consent_withdrawn_at is not None:
        yield "consent withdrawn"
    if row.needs_invitation:
        yield "phone needs a new invitation"
    if row.clinical:
        yield from _treatment(row, days)
        yield _last_check_in(row, days.now)
        yield _trend(row)
    elif not row.accepted_at:
        yield "invitation not accepted yet"
    elif status == "active" and not (
        row.open_alerts or row.needs_invitation or row.consent_withdrawn_at
    ):
        yield "no open alert"


def family_in_words(family: str) -> str:
    """The words of a family; the rule's id for one that the catalogue does not have."""
    known = catalogue.FAMILIES.get(family)
    return known.words if known else f"rule {family.upper()}"


def _alerts(row: CaseRow) -> str:
    """What the most severe one is about is clinical."""
    about = f": {family_in_words(row.family)}" if row.family and row.clinical else ""
    severity = SEVERITIES[row.rank or 0]
    if row.open_alerts == 1:
        return f"{severity} alert open{about}"
    return f"{row.open_alerts} alerts open, the highest {severity}{about}"


def _risk(row: CaseRow, silence: SilenceAfterRisk | None, now: datetime) -> Iterator[str]:
    if silence is not None:
        yield _silent_after_risk(row, silence)
        return
    days = RULES.recent_risk.days
    if _is_recent(row.item9_positive_at, now):
        yield _item9(row, days)
    if _is_recent(row.cssrs_moderate_at, now):
        yield _cssrs(days)


def _silent_after_risk(row: CaseRow, silence: SilenceAfterRisk) -> str:
    days = counted(silence.missed, "day")
    parts = [counted(silence.paused, "paused day")] if silence.paused else []
    parts += [f"{counted(silence.lost, 'day')} of outages"] if silence.lost else []
    left_out = f" ({', '.join(parts)} left out)" if parts else ""
    words: dict[Risk, str] = {
        "item9": _item9(row, SILENCE.item9_days),
        "cssrs": _cssrs(SILENCE.cssrs_days),
        "intake": "suicidal ideation at intake",
    }
    risks = ", ".join(words[risk] for risk in silence.risks)
    return f"silent after risk: no item 9 or C-SSRS answered for {days}{left_out}, {risks}"


def _item9(row: CaseRow, days: int) -> str:
    latest = f", last answer {row.last_item9}" if row.last_item9 is not None else ""
    return f"item 9 positive in the last {days} days{latest}"


def _cssrs(days: int) -> str:
    return f"C-SSRS moderate or high in the last {days} days"


def _treatment(row: CaseRow, days: Days) -> Iterator[str]:
    """What it asks for today, the most urgent first; nothing for the untreated."""
    zone, off_on, planned = row.timezone, row.wearing_off_on, row.next_session_at
    if off_on is not None and row.last_session_at is not None:
        after = (off_on - days.day_of(row.last_session_at, zone)).days
        yield f"wearing off since {off_on}, {counted(after, 'day')} after the last session"
    if row.non_response:
        yield f"no response after {counted(row.sessions_in_course, 'session')}"
    if row.maintenance_due_on is not None and is_due_for_maintenance(row, days):
        left = (row.maintenance_due_on - days.today(zone)).days
        yield f"maintenance due {_due(left, row)}"
    if planned is not None and is_planned_today(row, days):
        yield f"session planned today at {days.clock(planned, zone)}"


def _due(days_left: int, row: CaseRow) -> str:
    if days_left < 0:
        return f"since {row.maintenance_due_on}"
    return f"in {counted(days_left, 'day')}" if days_left else "today"


def _last_check_in(row: CaseRow, now: datetime) -> str:
    if row.last_check_in_at is not None:
        return f"last check-in {_ago(row.last_check_in_at, now)}"
    if row.accepted_at is not None:
        return f"no check-in yet, invitation accepted {_ago(row.accepted_at, now)}"
    return f"no check-in yet, enrolled {_ago(row.created_at, now)}"


def _ago(moment: datetime, now: datetime) -> str:
    days = max(0, (now.astimezone(UTC) - moment).days)
    return "less than a day ago" if days == 0 else f"{counted(days, 'day')} ago"


def _trend(row: CaseRow) -> str:
    if row.current is None or row.baseline is None or row.trend_status is None:
        return "PHQ-9 not known"
    words = TREND_WORDS.get(row.trend_status)
    if words is None:
        why = "no session yet" if row.last_session_id is None else "nothing to compare it with yet"
        return f"PHQ-9 {row.current:g}, {why}"
    return f"{words} ({row.baseline:g} to {row.current:g})"


def counted(number: int, what: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
