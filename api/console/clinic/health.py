"""The clinic at a glance: what a new one still needs, and whether pages get out, in words."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from api.browser.session import reader
from api.console.shell import page, shows
from api.http.auth import now
from api.routes.operations import safety_figures
from services.access import Action
from services.alerts.drills import list_drills
from services.clinic.first_steps import first_steps
from services.operations.safety import REASONS

# Step: what it is, why, where it is done.
STEPS: Final = (
    ("phone", "Set the clinic's telephone", "It stands on every crisis card.", "/clinic/settings"),
    ("contact", "Add a first contact", "Who is paged before the last resort.", "/clinic/chain"),
    ("staff", "Invite a colleague", "A clinician, or somebody on call.", "/clinic/staff"),
    ("test_page", "Send a test page", "Only a page that came proves the chain.", "/clinic/chain"),
    ("patient", "Enrol the first patient", "Their phone opens with a code.", "/new-patient"),
)


@shows("/clinic", Action.CHANGE_CLINIC)
def show_clinic() -> Response:
    """First steps and health."""
    actor = reader().actor
    done = first_steps(actor, now())
    steps = [
        {"done": done[name], "title": title, "why": why, "path": path}
        for name, title, why, path in STEPS
    ]
    figures = safety_figures()
    return page(
        "clinic/clinic.html",
        steps=steps,
        is_new=not all(done.values()),
        late=[REASONS.get(word, word) for word in figures["late"]],
        health=list(in_words(figures)),
        drills=list_drills(actor, now(), 1, None)["figures"],
    )


def in_words(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """What works, one sentence each: (about, sentence)."""
    waiting = sum(figures["unsent_pages"].values())
    oldest = max(figures["oldest_unsent_s"].values(), default=0.0)
    pages = (
        "No page waits to be sent."
        if not waiting
        else (f"{waiting} to be sent, the oldest for {seconds(oldest)}.")
    )
    return [
        ("Pages", pages),
        ("Worker", _seen(figures["worker_seen_s"], "was at work", "No alert worker is at work.")),
        ("Auditor", _auditor(figures)),
        ("Critical alerts", _unanswered(figures["oldest_unacknowledged_critical_s"])),
        (
            "Rules",
            f"Version {figures['rules']['version']}; every file loads."
            if not figures["rules"]["unloadable"]
            else "A rule file would not load.",
        ),
    ]


def seconds(length: float) -> str:
    """A length of time as a person says it."""
    if length < 10:
        return f"{length:.1f} s"
    if length < 120:
        return f"{length:.0f} s"
    minutes = length / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _seen(ago_s: float | None, verb: str, never: str) -> str:
    return never if ago_s is None else f"{verb.capitalize()} {seconds(ago_s)} ago."


def _auditor(figures: dict[str, Any]) -> str:
    seen = figures["auditor_seen_s"]
    if seen is None:
        return "No auditor has looked yet."
    count = figures["auditor_findings"]
    if count == 0:
        return f"Was content {seconds(seen)} ago: every answer has its alert, every alert its page."
    return f"Found {count} things {seconds(seen)} ago."


def _unanswered(oldest_s: float | None) -> str:
    if oldest_s is None:
        return "None waits for somebody to take it."
    return f"The oldest has waited for {seconds(oldest_s)}."
