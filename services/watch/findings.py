"""What the watcher may find: stable words with a sentence each; kinds and ids, never a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

KINDS: Final[Mapping[str, str]] = {
    "answer_without_alert": "An answer, a help request or a refused request that calls for a"
    " person is on no alert.",
    "answer_tier_too_low": "An answer stands on its alert at a lower tier than it calls for.",
    "answer_missing": "An answer that was accepted is not in the database any more.",
    "decision_without_alert": "The rules decided that somebody must look, and no alert says so.",
    "lowered_without_reason": "The tier of an answer was lowered, and no C-SSRS may do that.",
    "spared_without_plan": "An answer was spared its page, and no standing plan may do that.",
    "plan_invalid": "A standing plan was set without its conditions.",
    "plan_not_ended": "A standing plan goes on after an answer that ends it.",
    "alert_missing": "An occurrence or a page points to an alert that is gone.",
    "alert_tier_too_low": "An alert is less urgent, or pages more slowly, than what is on it.",
    "occurrences_missing": "An alert has not as many occurrences as it has counted.",
    "never_paged": "An urgent alert has never paged anybody.",
    "outbox_cleared": "The pages of an alert that pages are gone.",
    "not_reached": "No page of an urgent alert was accepted in time, and nobody has it yet.",
    "reached_late": "A page of an urgent alert was accepted too late.",
    "hand_over_not_reached": "A colleague to whom an urgent alert was handed over got no page in"
    " time, and has not taken it.",
    "step_overdue": "What an alert should have done next is over a minute late.",
    "no_next_step": "An urgent alert that nobody has will page nobody any more.",
    "acknowledgement_outlived": "An acknowledgement has gone on past its end.",
    "acknowledgement_endless": "An acknowledgement ends later than any may.",
    "ended_by_nobody": "An alert was acknowledged or resolved by nobody, or without a disposition.",
    "drill_endless": "A drill goes on past its half hour.",
    "rules_not_replayed": "Answers for which the rules failed have not been decided again.",
    "no_worker_seen": "No alert worker has been at work for a minute.",
}
# What is later than that is a fault.
LATE: Final = timedelta(seconds=60)
# So far may clocks be apart; what is further ahead was written before one was set back.
AHEAD: Final = timedelta(seconds=2)
PAGING: Final = ("critical", "high")
# How urgent a tier is.
RANK: Final[Mapping[str | None, int]] = {None: 0, "low": 1, "medium": 2, "high": 3, "critical": 4}


@dataclass(frozen=True, slots=True, order=True)
class WatchFinding:
    """`kind`: a word of `KINDS`. `clinic_id` and `id`: of the entry, plan, alert or page."""

    kind: str
    clinic_id: UUID | None = None
    id: UUID | None = None

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        ids = {"clinic_id": self.clinic_id, "id": self.id}
        return {"kind": self.kind} | {name: str(one) for name, one in ids.items() if one}

    @classmethod
    def read(cls, stored: Mapping[str, str]) -> WatchFinding:
        """What `stored` has made."""
        clinic, of = stored.get("clinic_id"), stored.get("id")
        return cls(stored["kind"], UUID(clinic) if clinic else None, UUID(of) if of else None)
