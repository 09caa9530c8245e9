"""Every rule that can raise an alert, readable: words, numbers, source, and what it did here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Response

from api.browser.session import reader
from api.console.shell import page, shows
from api.http.auth import now
from api.page.clock import span
from services.access import Action
from services.evaluation.rule_burden import USUAL_SPAN, get_rule_burden
from services.operations.rule_files import running_version
from services.rules.catalogue import CATALOGUE, Rule

SECOND: Final = timedelta(seconds=1)
QUIET: Final = {"alerts": 0, "open": 0, "pages": 0, "judged": 0, "noise": 0}
INTERRUPTS: Final = {
    "never": "",
    "when critical": "A critical occurrence ends an acknowledgement: it pages again.",
    "when item 9 is 3": "Item 9 of 3 ends an acknowledgement: it pages again.",
}


@shows("/rules", Action.READ_CLINIC)
def show_rules() -> Response:
    """All of them, most urgent first, with what each cost this clinic lately."""
    burden = get_rule_burden(reader().actor, now())
    did = {row["rule"]: row for row in burden["items"]}
    rules = [_shown(rule, did.get(rule.id, QUIET)) for rule in CATALOGUE.values()]
    return page(
        "clinic/rules.html",
        rules=sorted(rules, key=lambda rule: rule["rank"]),
        version=running_version(),
        days=USUAL_SPAN.days,
        since=burden["from"],
    )


def _shown(rule: Rule, did: dict[str, Any]) -> dict[str, Any]:
    days = [one.value for one in rule.values() if one.path.endswith(".repeat_after_days")]
    return {
        "id": rule.id,
        "words": f"{rule.words[:1].upper()}{rule.words[1:]}",
        "tiers": [tier.word for tier in rule.tiers],
        "rank": -(rule.tiers[0] if rule.tiers else 0),
        "looks_at": ", ".join(rule.looks_at).replace("_", " "),
        "source": rule.source,
        "basis": rule.basis,
        "again": rule.repeats.value.format(days=next(iter(days), "")),
        "interrupts": INTERRUPTS[rule.interrupts],
        "besides": rule.besides,
        "advice": rule.advice,
        "numbers": [one for one in rule.values() if one.unit],
        "did": did,
        "useful": did["judged"] - did["noise"],
        "answered": _answered(did),
    }


def _answered(did: dict[str, Any]) -> str | None:
    """How soon somebody took its alerts, in the middle."""
    taken = did.get("time_to_acknowledge", {}).get("median_s")
    return None if taken is None else span(SECOND * taken)
