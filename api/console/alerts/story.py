"""The story of an alert: what happened, who did it, and how long after it had opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from api.console.alerts.deliveries import iso, length, reason_words, state_words, to_whom
from api.page.clock import Clock
from api.page.words import DISPOSITION, EVENT, OUTCOME

Event = Mapping[str, Any]
Pages = Mapping[str, Mapping[str, Any]]

GOT_OUT: Final = frozenset({"page_sent", "page_delivered"})
LEFT_THE_QUEUE: Final = GOT_OUT | {"page_failed", "page_withdrawn"}
TAKEN: Final = "acknowledged"
# What somebody did, with their name first.
BY_A_PERSON: Final = {
    TAKEN: "took the alert",
    "acknowledgement_taken_over": "took it over",
    "note": "wrote a note",
    "contact_attempt": "tried to reach the patient",
    "handed_over": "asked a colleague to take it over",
    "resolved": "resolved it",
}
GRAVE: Final = frozenset(
    {
        "page_failed",
        "acknowledgement_expired",
        "acknowledgement_interrupted",
        "acknowledgement_owner_deactivated",
        "contact_overdue",
        "nobody_reached",
        "no_one_on_call",
        "next_step_brought_forward",
        "tier_raised",
    }
)


def story(alert: Mapping[str, Any], times: Clock) -> list[dict[str, Any]]:
    """Every event in words, oldest first; that a page was queued only as long as it is not out."""
    pages = {str(sent["id"]): sent for sent in alert["notifications"]}
    left = {
        _place(event["detail"]) for event in alert["timeline"] if event["kind"] in LEFT_THE_QUEUE
    }
    return [
        {
            "at": times.at(event["at"]),
            "iso": iso(event["at"]),
            "after": length(event["at"], alert["triggered_at"]),
            "words": _words(event, pages, alert),
            "text": event.get("text"),
            "tone": _tone(event["kind"]),
        }
        for event in alert["timeline"]
        if event["kind"] != "page_queued" or _place(event["detail"]) not in left
    ]


def headline(alert: Mapping[str, Any]) -> str:
    """The figures of the story in one sentence."""
    opened: datetime = alert["triggered_at"]
    paged = _first(alert["timeline"], GOT_OUT)
    taken = _first(alert["timeline"], {TAKEN})
    parts = [
        f"first page out {length(paged, opened)} after it opened" if paged else "",
        f"taken after {length(taken, opened)}" if taken else "not taken so far",
        f"resolved after {length(alert['resolved_at'], opened)}" if alert["resolved_at"] else "",
    ]
    if alert["status"] == "resolved" and taken is None:
        parts[1] = ""
    found = ", ".join(part for part in parts if part)
    return f"{found[:1].upper()}{found[1:]}."


def _first(events: Sequence[Event], kinds: frozenset[str] | set[str]) -> datetime | None:
    return next((event["at"] for event in events if event["kind"] in kinds), None)


def _place(detail: Mapping[str, Any]) -> tuple[Any, Any]:
    return detail.get("round"), detail.get("step")


def _words(event: Event, pages: Pages, alert: Mapping[str, Any]) -> str:
    kind, sent = event["kind"], pages.get(event["detail"].get("notification_id", ""))
    if event["by_name"] is not None and kind in BY_A_PERSON:
        return _by_a_person(event, alert)
    if sent is not None and kind in OF_A_PAGE:
        return OF_A_PAGE[kind](event, sent)
    words: str = EVENT.get(kind, kind.replace("_", " "))
    return words


def _by_a_person(event: Event, alert: Mapping[str, Any]) -> str:
    words = f"{event['by_name']} {BY_A_PERSON[event['kind']]}"
    if event.get("to_name"):
        return f"{event['by_name']} asked {event['to_name']} to take it over: they are paged"
    if event.get("outcome"):
        return f"{words}: {OUTCOME[event['outcome']].lower()}"
    if event["kind"] == "resolved" and alert["resolution"] is not None:
        how = DISPOSITION[alert["resolution"]["disposition"]].partition(" (")[0]
        return f"{words}: {how.lower()}"
    return words


def _out(event: Event, sent: Mapping[str, Any]) -> str:
    state = "delivered" if event["kind"].endswith("delivered") else "sent"
    verb = {"page": "Paged", "digest": "Morning mail to", "stand_down": "Stand-down to"}
    late = length(event["at"], sent["queued_at"])
    known = state_words(sent["channel"], state)
    return f"{verb[sent['kind']]} {to_whom(sent)}, {late} after it was due: {known}"


def _failed(event: Event, sent: Mapping[str, Any]) -> str:
    detail = event["detail"]
    then = "given up" if detail.get("final") else "tried again"
    return f"Page to {to_whom(sent)} failed: {reason_words(detail.get('reason', ''))}; {then}"


def _withdrawn(event: Event, sent: Mapping[str, Any]) -> str:
    return f"{EVENT[event['kind']]} ({to_whom(sent)})"


OF_A_PAGE: Final[Mapping[str, Callable[[Event, Mapping[str, Any]], str]]] = {
    "page_sent": _out,
    "page_delivered": _out,
    "page_failed": _failed,
    "page_withdrawn": _withdrawn,
    "stand_down_sent": _out,
    "stand_down_delivered": _out,
    "stand_down_failed": _failed,
    "stand_down_withdrawn": _withdrawn,
}


def _tone(kind: str) -> str:
    if kind in BY_A_PERSON:
        return "person"
    return "grave" if kind in GRAVE else ""
