"""An alert in words that can be read at night. They say what was answered, and never "safe"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from api.page.aloud import read_aloud
from api.page.around import SOURCE, form, last_session, newest_cssrs, other_alerts, others
from api.page.clock import Clock, span
from api.page.evidence import answers, found, rule
from api.page.sparkline import sparkline
from models.alerts.alert import CONTACT_OUTCOMES, SEVERITIES
from services.access import Actor
from services.channels.base import short_id
from services.rules.catalogue import CATALOGUE, FAMILIES
from services.rules.mood_days import find_zone

Alert = Mapping[str, Any]

SEVERITY: Final = {
    "critical": "Critical: act now",
    "high": "High: act soon",
    "medium": "Medium: next working morning",
    "low": "Low: worklist",
}
DISPOSITION: Final = {
    "safe_plan_made": "Safety plan made with the patient",
    "emergency_services": "Emergency services took over",
    "handed_over_in_person": "Handed over in person",
    "treatment_changed": "Treatment changed",
    "appointment_made": "Appointment made",
    "watchful_waiting": "Watchful waiting",
    "false_alarm": "False alarm (needs a note)",
    "other": "Other (needs a note)",
}
OUTCOME: Final = {
    "reached": "Reached the patient",
    "no_answer": "No answer",
    "message_left": "Left a message",
}
EVENT: Final = {
    "triggered": "Alert opened",
    "occurrence_added": "Another answer came in",
    "tier_raised": "More urgent than before",
    "tier_lowered": "Lowered by a C-SSRS",
    "page_queued": "Page on its way",
    "page_sent": "Page sent",
    "page_delivered": "Page received",
    "page_failed": "Page failed",
    "page_still_unsent": "Page still not sent",
    "page_queued_anew": "Page on its way once more: the database was restored from a backup",
    "page_joined": "Another answer: the page that is on its way stands for it too",
    "page_withdrawn": "Page withdrawn: resolved before it was sent",
    "stand_down_sent": "Who was paged before was told to stand down",
    "stand_down_failed": "Telling who was paged before to stand down failed",
    "stand_down_withdrawn": "Stand-down withdrawn: nobody has the alert any more",
    "no_one_on_call": "Nobody but the last resort is on the chain",
    "step_skipped": "Nobody to page in a step: passed over at once",
    "acknowledged": "Taken",
    "acknowledgement_taken_over": "Taken over",
    "handed_over": "Handed over: paged by name",
    "acknowledgement_expired": "Nobody followed up in time: paging again",
    "acknowledgement_interrupted": "A new answer: paging again",
    "acknowledgement_owner_deactivated": "Its owner left: paging again",
    "contact_overdue": "The patient was not reached in time: next person",
    "next_channel": "A page failed: the same person by another way",
    "next_step_brought_forward": "A page failed: next person at once",
    "nobody_reached": "No page of this round got through: the chain starts over soon",
    "round_started": "The chain starts over",
    "mailed": "Morning mail",
    "note": "Note",
    "contact_attempt": "Contact attempt",
    "resolved": "Resolved",
}
# What no rule has raised.
BESIDE_THE_RULES: Final = {"drill": "A drill, about nobody"}
NEWEST_FIRST: Final = 20
# Where there is no evidence, or the reader may not see it.
NOTHING_AROUND: Final[Mapping[str, Any]] = {
    "others": (),
    "quotes": (),
    "form": None,
    "last_session": None,
    "newest_cssrs": None,
    "other_alerts": (),
    "recent": None,
}
# What in the answer fires these: it is shown, and says it by itself.
STATED: Final = frozenset({"item9"})
# Sent by a person, on no form.
SENT: Final = frozenset({"help_request", "unreadable"})


def describe(alert: Alert, actor: Actor, timezone: str, now: datetime) -> dict[str, Any]:
    """What the template shows; instants in the reader's zone."""
    clock = Clock(now, find_zone(timezone) or UTC)
    evidence = alert.get("evidence")
    return {
        "alert": alert,
        "short_id": short_id(alert["id"]),
        "severity": SEVERITY[alert["severity"]],
        "family": family(alert["family"]),
        "answers": list(answers(evidence)) if evidence else [],
        **(around(evidence, clock) if evidence else NOTHING_AROUND),
        "when": when(alert, evidence, clock),
        "reason": reason(alert, evidence),
        "count": alert["occurrence_count"],
        "occurrences": [
            f"{clock.ago(each['at'])}: {rule(each['rule'])}"
            for each in reversed(alert["occurrences"][-NEWEST_FIRST:])
            if "evidence" in alert
        ],
        "state": state(alert, actor, clock),
        "mine": alert["acknowledged_by"] == actor.user_id,
        "next_page": next_page(alert, clock),
        "patient": patient(alert.get("patient")),
        "aloud": aloud(alert, clock),
        "bodies": [
            (clock.ago(each["received_at"]), each["body"]) for each in alert.get("unreadable", ())
        ],
        "outcomes": [(word, OUTCOME[word]) for word in CONTACT_OUTCOMES],
        "lowered": lowered(alert),
        "dispositions": [(word, DISPOSITION[word]) for word in alert["may"]["dispositions"]],
        "timeline": [line(event, clock) for event in reversed(alert["timeline"])],
        "zone": str(clock.zone),
    }


def open_alerts(
    listed: Sequence[Alert], actor: Actor, timezone: str, now: datetime
) -> Iterator[dict[str, Any]]:
    """A line for each alert that nobody has resolved; nothing about whom."""
    clock = Clock(now, find_zone(timezone) or UTC)
    for alert in listed:
        if alert["status"] == "resolved":
            continue
        mine = alert["acknowledged_by"] == actor.user_id
        owner = "You have" if mine else f"{alert['acknowledged_by_name']} has"
        yield {
            "id": str(alert["id"]),
            "short_id": short_id(alert["id"]),
            "tier": alert["severity"],
            "severity": SEVERITY[alert["severity"]],
            "family": family(alert["family"]),
            "opened": clock.at(alert["triggered_at"]),
            "waits": span(now - alert["triggered_at"]),
            "state": "Nobody has it" if alert["status"] == "triggered" else f"{owner} it",
            "next": next_due(alert, clock),
        }


def next_due(alert: Alert, clock: Clock) -> str | None:
    """When it moves by itself."""
    if alert["next_at"] is None:
        return None
    verb = "Pages again" if alert["status"] == "acknowledged" else "Goes on"
    return f"{verb} at {clock.ahead(alert['next_at'])}."


def around(evidence: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """What stands beside the gravest fact, for those who may act."""
    return {
        "others": list(others(evidence, clock)),
        "quotes": [
            (f"{SOURCE[each['source']]}, {clock.ago(each['at'])}", each["parts"])
            for each in evidence["words"]
        ],
        "form": form(evidence),
        "last_session": last_session(evidence, clock),
        "newest_cssrs": newest_cssrs(evidence, clock),
        "other_alerts": list(other_alerts(evidence, clock)),
        "recent": sparkline(evidence["recent"]),
    }


def reason(alert: Alert, evidence: Mapping[str, Any] | None) -> str | None:
    """Why it was raised, when the answer below does not say so itself."""
    if "evidence" not in alert:
        return "What was answered is shown to those who may act on this alert."
    code = evidence["rule"] if evidence else alert["rule"]
    return None if cause(code) in STATED else sentence(found(code, evidence) or rule(code))


def family(name: str) -> str:
    """What an alert is about; a family that the catalogue does not have, by its name."""
    known = FAMILIES.get(name)
    return known.title if known else BESIDE_THE_RULES.get(name, name)


def cause(code: str) -> str:
    """What in the answer fired a rule, empty where it was not the answer itself."""
    known = CATALOGUE.get(code)
    return known.cause if known else ""


def sentence(words: str) -> str:
    """With a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."


def when(alert: Alert, evidence: Mapping[str, Any] | None, clock: Clock) -> str:
    """When it was, by our clock: a phone's may be wrong by days."""
    verb = how_it_came(alert, evidence)
    if evidence is None or verb is None:
        return f"Opened {clock.ago(alert['triggered_at'])}."
    return f"{verb} {clock.ago(evidence['answered_at'])}."


def how_it_came(alert: Alert, evidence: Mapping[str, Any] | None) -> str | None:
    """What somebody did to raise it; None when it was time that did, or nobody may know."""
    if evidence is None:
        return None
    ways = (
        (evidence["instrument"] is not None, "Answered"),
        (evidence["side_effects_id"] is not None, "Reported"),
        (evidence["vitals"] is not None, "Measured"),
        (cause(alert["rule"]) in SENT, "Sent"),
    )
    return next((verb for applies, verb in ways if applies), None)


def state(alert: Alert, actor: Actor, clock: Clock) -> str:
    """Who has it."""
    if alert["status"] == "resolved":
        ended = alert["resolution"]
        how = DISPOSITION[ended["disposition"]].partition(" (")[0]
        return f"Resolved by {ended['by_name']} at {clock.at(ended['at'])}: {how}."
    if alert["status"] == "triggered":
        return "Nobody has taken this alert."
    by_me = alert["acknowledged_by"] == actor.user_id
    owner = "You" if by_me else alert["acknowledged_by_name"]
    return f"{owner} took this alert at {clock.at(alert['acknowledged_at'])}."


def next_page(alert: Alert, clock: Clock) -> str | None:
    """What happens by itself."""
    due, target = alert["next_at"], alert["escalation"]["target"]
    if due is None:
        return None
    if alert["contact_due_at"] == due and alert["status"] == "acknowledged":
        return f"Reach the patient by {clock.ahead(due)}, or it goes on to {target}."
    verb = "It pages again" if alert["status"] == "acknowledged" else "Next"
    return f"{verb}: {target} at {clock.ahead(due)}, unless somebody acts."


def patient(contacts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Whom to call, and what time it is there."""
    if contacts is None:
        return None
    local = datetime.fromisoformat(contacts["local_time"])
    return {**contacts, "local": local.strftime("%a %H:%M")}


def aloud(alert: Alert, clock: Clock) -> list[str]:
    """What to say to the emergency service, for those who see the patient."""
    contacts = alert.get("patient")
    if contacts is None:
        return []
    about, at = family(alert["family"]), when(alert, alert.get("evidence"), clock)
    return read_aloud(about, at, alert, contacts, clock)


def lowered(alert: Alert) -> str | None:
    """A lower severity than was paged does not mean that the danger has passed."""
    paged = alert["paged_as"]
    if paged is None or SEVERITIES.index(paged) >= SEVERITIES.index(alert["severity"]):
        return None
    return f"Paged as {paged}; a later C-SSRS lowered it. The danger may not have passed."


def line(event: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """One line of the timeline."""
    what = EVENT.get(event["kind"], event["kind"].replace("_", " "))
    if event.get("to_name"):
        what = f"Asked to take it over, and paged: {event['to_name']}"
    if event.get("outcome"):
        what = f"{what}: {OUTCOME[event['outcome']].lower()}"
    return {
        "at": clock.at(event["at"]),
        "iso": event["at"].astimezone(UTC).isoformat(timespec="seconds"),
        "what": what,
        "by": event["by_name"],
        "text": event.get("text"),
    }
