"""What an alert of each severity does, in words, wherever something of it is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.browser.session import reader
from api.http.auth import now
from services.on_call.policies import get_policy

# Severity: what it means, and what it does.
MEANS: Final[Mapping[str, tuple[str, str]]] = {
    "critical": (
        "Act now: somebody may be in danger to life.",
        "Pages at once, day and night, and goes on from person to person until somebody takes it;"
        " then it starts over. Taking it pauses that for as long as the clinic's settings say.",
    ),
    "high": (
        "Act today: a warning that should not wait for the next visit.",
        "Pages at once and goes on as a critical one does, with more time for each person.",
    ),
    "medium": (
        "Look at it on the next working day.",
        "One mail at 08:00 of the next working day, several alerts in one, to the first contact of"
        " the chain and the care team. It pages nobody, so there are no steps to set.",
    ),
    "low": (
        "For the next visit.",
        "Stands in the lists and on the patient's page. It sends nothing, so there is nothing to"
        " set.",
    ),
}
CLIMBING: Final = ("critical", "high")


def whom_each_pages() -> dict[str, str]:
    """Of those that climb: whom they page, in words that name nobody."""
    return {severity: _whom(get_policy(reader().actor, severity, now())) for severity in CLIMBING}


def _whom(policy: Mapping[str, Any]) -> str:
    steps = len(policy["steps"])
    if not steps:
        return "The contact chain in its order, then the last resort."
    return f"{steps} step{'' if steps == 1 else 's'} of your own, then the last resort."
