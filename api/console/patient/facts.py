"""What stands first on a patient's page: the gravest, in words, and never "safe"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.console.patient import words
from api.page.clock import Clock
from api.page.words import DISPOSITION
from services.overview.patient import Content, Overview
from services.rules.mood_days import find_zone, mood_day_at

Alert = Mapping[str, Any]


NOT_READ: Final = "Their ordinary answers are not taken; danger still pages."


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: `tone` is a severity, `notable` or `usual`; `alert_id`: the alert that it is of."""

    tone: str
    title: str
    words: str
    alert_id: str | None = None


def facts(found: Overview, content: Content, clock: Clock) -> list[Fact]:
    """All of them, the gravest first."""
    return [
        *_open_alerts(content, clock),
        *_reach(found),
        *_plan(content, clock),
        *_why(content),
        *_check_in(content, clock),
        *_sessions(found, content, clock),
        *_due(content),
    ]


def _open_alerts(content: Content, clock: Clock) -> Iterator[Fact]:
    for alert in content.alerts:
        if alert["status"] == "resolved":
            continue
        times = alert["occurrence_count"]
        again = (
            ""
            if times == 1
            else f" ({times} entries, the newest {clock.ago(alert['newest_occurrence_at'])})"
        )
        yield Fact(
            alert["severity"],
            f"{alert['severity'].capitalize()} alert: {words.about(alert['family'])}",
            f"Opened {clock.ago(alert['triggered_at'])}{again}. {answered_by(alert, clock)}",
            str(alert["id"]),
        )


def answered_by(alert: Alert, clock: Clock) -> str:
    """Who has it, or who ended it and how."""
    if alert["status"] == "resolved":
        how = DISPOSITION.get(alert["disposition"], "").partition(" (")[0]
        who = alert["resolved_by_name"] or "somebody"
        return f"Resolved by {who}, {clock.at(alert['resolved_at'])}: {how}."
    if alert["status"] == "acknowledged":
        return f"{alert['acknowledged_by_name']} took it at {clock.at(alert['acknowledged_at'])}."
    return "Nobody has taken it."


def _reach(found: Overview) -> Iterator[Fact]:
    patient = found.patient
    if patient["contact_missing"]:
        yield Fact(
            "notable",
            "No number that can be dialled",
            "Neither of the patient nor of their emergency contact: enter one.",
        )
    if patient["needs_invitation"]:
        yield Fact(
            "notable",
            "Phone logged out",
            "A token was stolen, or a new phone is needed: invite them again.",
        )
    if patient["status"] == "paused":
        until = words.day(patient["paused_until_on"])
        yield Fact("notable", f"Paused until {until}", patient.get("status_reason") or "")
    if patient["consent"]["status"] == "withdrawn":
        yield Fact("notable", "Consent withdrawn", NOT_READ)
    if patient["status"] == "discharged":
        yield Fact(
            "notable", "Discharged", patient.get("status_reason") or "Nobody follows their answers."
        )


def _plan(content: Content, clock: Clock) -> Iterator[Fact]:
    plan = content.plan
    if plan is None:
        return
    ones = plan["recorded_ones"]
    under = f" Item 9 was 1 under it {ones} times." if ones else ""
    yield Fact(
        "notable",
        f"Standing plan until {clock.at(plan['until_at'])}",
        f"Set by {plan['set_by_name']}, {clock.at(plan['set_at'])}: {plan['reason']}.{under}",
    )


def _why(content: Content) -> Iterator[Fact]:
    reason = content.line.get("reason")
    if reason:
        yield Fact("usual", "In the caseload", f"{reason[:1].upper()}{reason[1:]}.")


def _check_in(content: Content, clock: Clock) -> Iterator[Fact]:
    at = content.line.get("last_check_in_at")
    yield Fact(
        "usual", "Last check-in", "None yet." if at is None else f"{_capital(clock.ago(at))}."
    )


def _sessions(found: Overview, content: Content, clock: Clock) -> Iterator[Fact]:
    past, planned = _last_and_next(content, clock.now)
    if past is None:
        yield Fact("usual", "Last session", "None yet.")
    else:
        yield Fact("usual", "Last session", f"{_since(found, past, clock)}.")
    if planned is not None:
        yield Fact(
            "usual",
            "Next session",
            f"{_capital(clock.ahead(planned['started_at']))}: {words.given(planned)}.",
        )
    until = content.due["driving_restriction_until"]
    if until is not None and until > clock.now:
        yield Fact("notable", "Must not drive", f"Until {clock.ahead(until)}.")


def _last_and_next(content: Content, now: datetime) -> tuple[Alert | None, Alert | None]:
    """Of the sessions that are not cancelled, which come newest first."""
    kept = [one for one in content.sessions if not one["cancelled"]]
    begun = [one for one in kept if one["started_at"] <= now]
    planned = [one for one in kept if one["started_at"] > now]
    return (begun[0] if begun else None), (planned[-1] if planned else None)


def _since(found: Overview, last: Alert, clock: Clock) -> str:
    """`71 h ago (day 3): no. 6, ketamine IV 35 mg`."""
    zone = find_zone(found.patient["timezone"]) or clock.zone
    own = find_zone(last["timezone"] or "") or zone
    days = (mood_day_at(clock.now, zone) - mood_day_at(last["started_at"], own)).days
    hours = int((clock.now - last["started_at"]).total_seconds() // 3600)
    number = "" if last["number"] is None else f"no. {last['number']}, "
    return (
        f"{hours} h ago (day {days}, {clock.at(last['started_at'])}): {number}{words.given(last)}"
    )


def _due(content: Content) -> Iterator[Fact]:
    open_now = [one for one in content.due["items"] if one["status"] in ("due", "overdue")]
    if not open_now:
        yield Fact("usual", "Due now", "Nothing.")
        return
    tone = "notable" if any(one["status"] == "overdue" for one in open_now) else "usual"
    named = [_form(one) for one in open_now]
    yield Fact(tone, "Due now", f"{'; '.join(named)}.")


def _form(item: Mapping[str, Any]) -> str:
    late = ", overdue" if item["status"] == "overdue" else ""
    return f"{words.short(item['instrument'])} ({words.REASON[item['reason']]}{late})"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
