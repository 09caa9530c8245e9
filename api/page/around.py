"""What stands around an alert's facts, in words: the form, the session, C-SSRS and other alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.page.clock import Clock
from api.page.evidence import CSSRS, item9, rule
from services.rules.catalogue import FAMILIES
from services.rules.instruments.definition import UnknownInstrument, instrument

Evidence = Mapping[str, Any]

SOURCE: Final = {
    "help_request": "With the help request",
    "note": "Note",
    "reason": "Reason of a correction",
}
UNANSWERED: Final = {None: "left out", "declined": "declined to answer"}


def others(evidence: Evidence, clock: Clock) -> Iterator[tuple[str, str]]:
    """Yield what else the alert rests on, the gravest first: (what, when it was last so)."""
    for each in evidence["others"]:
        times = "" if each["count"] == 1 else f", {each['count']} times"
        yield _fact(each), f"{clock.ago(each['at'])}{times}"


def _fact(fact: Mapping[str, Any]) -> str:
    if fact["item9"] is not None:
        return ": ".join(item9(fact["instrument"], fact["item9"]))
    if fact["cssrs"] is not None:
        return f"C-SSRS: {CSSRS[fact['cssrs']]}"
    words = rule(fact["rule"])
    return words[:1].upper() + words[1:]


def form(evidence: Evidence) -> tuple[str, list[tuple[str, str]]] | None:
    """The title of the form and every question with its answer; None when it was no form."""
    if evidence["answers"] is None:
        return None
    return form_answers(evidence["instrument"], evidence["answers"])


def form_answers(code: str, given: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """Every question that was asked, with the answer in the words of the form."""
    try:
        asked = instrument(code)
    except UnknownInstrument:
        return code, [(link_id, str(value)) for link_id, value in given.items()]
    labels = {
        (item.link_id, each.value): each.label for item in asked.items for each in item.options
    }
    return asked.title, [
        (item.text, _answer(given[item.link_id], labels.get((item.link_id, given[item.link_id]))))
        for item in asked.items
        if item.link_id in given
    ]


def _answer(value: Any, label: str | None) -> str:
    if label is None:
        return UNANSWERED.get(value, str(value))
    return label if label == str(value) else f"{label} ({value})"


def last_session(evidence: Evidence, clock: Clock) -> str:
    """The last treatment session before now."""
    last = evidence["last_session"]
    if last is None:
        return "No treatment session on file."
    route = f", {last['route']}" if last["route"] else ""
    return f"Last session: {last['product']}{route}, {clock.ago(last['started_at'])}."


def newest_cssrs(evidence: Evidence, clock: Clock) -> str:
    """The newest C-SSRS, whatever it says."""
    newest = evidence["newest_cssrs"]
    if newest is None:
        return "No C-SSRS on file."
    return f"Newest C-SSRS: {CSSRS[newest['level']]}, {clock.ago(newest['recorded_at'])}."


def other_alerts(evidence: Evidence, clock: Clock) -> Iterator[tuple[str, str]]:
    """Yield the patient's other alerts that nobody has resolved: (id, in words)."""
    for each in evidence["other_alerts"]:
        known = FAMILIES.get(each["family"])
        title = known.title if known else each["family"]
        taken = "taken" if each["status"] == "acknowledged" else "nobody has taken it"
        opened = clock.ago(each["triggered_at"])
        yield str(each["id"]), f"{title} ({each['severity']}, {taken}), opened {opened}"
