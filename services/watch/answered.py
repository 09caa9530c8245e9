"""Every answer that calls for a person has one: on an alert of the right family, at the right tier.

An answer is first held against the most that it can call for. What falls short of that is looked at
again with all that is known of the patient: a plan, behaviour that was on file, earlier danger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.watch.answers import (
    CRITICAL,
    HIGH,
    MEDIUM,
    UNKNOWN,
    RawAnswer,
    counted_item9,
    counted_level,
    demand,
)
from services.watch.findings import RANK, WatchFinding
from services.watch.plans import plan_faults, spares
from services.watch.reading import (
    BODIES,
    EVER,
    HELP,
    NEW,
    OCCURRENCES,
    PLANS,
    Period,
    RawHistory,
    answers,
    histories,
    rows,
    versions_before,
)

# A plan looks back a fortnight and a day, and so does an answer that was left out; then some.
LOOKS_BACK: Final = timedelta(days=45)
RECENTLY: Final = timedelta(days=14)
RECEIVED: Final = " WHERE {0}.received_at >= :since AND {0}.received_at < :until"
# A plan that nobody ended belongs to each period since.
STOOD: Final = " WHERE p.set_at < :until AND (p.ended_at IS NULL OR p.ended_at >= :since)"
DECISIONS: Final = """
SELECT d.clinic_id, d.patient_id, d.entry_id FROM decisions d
WHERE d.decided_at >= :since AND d.decided_at < :until AND d.tier IN ('critical', 'high')
"""

MISSING: Final = """
SELECT r.clinic_id, r.id FROM record_ids r
LEFT JOIN check_ins c ON (c.clinic_id, c.patient_id, c.id) = (r.clinic_id, r.patient_id, r.id)
LEFT JOIN help_requests h ON (h.clinic_id, h.patient_id, h.id) = (r.clinic_id, r.patient_id, r.id)
WHERE r.received_at >= :since AND r.received_at < :until
AND r.kind IN ('check_in', 'amendment', 'help_request') AND r.first_answer IS NOT NULL
AND c.id IS NULL AND h.id IS NULL
"""


@dataclass(frozen=True, slots=True)
class _Call:
    """What an entry calls for at most: a tier, as a rank, on an alert of one of these families."""

    clinic_id: UUID
    patient_id: UUID
    id: UUID
    rank: int
    families: Sequence[str]
    answer: RawAnswer | None = None


def answer_findings(session: Session, period: Period) -> Iterator[WatchFinding]:
    """Of everything received then, and of the plans that stood then."""
    for row in rows(session, MISSING, **period.bounds):
        yield WatchFinding("answer_missing", row.clinic_id, row.id)
    calls = list(_calls(session, period))
    by_entry: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows(
        session,
        OCCURRENCES + RECEIVED.format("o"),
        **period.bounds,
    ):
        by_entry[row.entry_id].append(row)
    decided = rows(session, DECISIONS, **period.bounds)
    short = [call for call in calls if _rank(call, by_entry[call.id]) < call.rank]
    lost = [row for row in decided if not by_entry[row.entry_id]]
    lowered = [row for each in by_entry.values() for row in each if row.tier != row.first_tier]
    plans = rows(session, PLANS + STOOD, **period.bounds)
    looked_at = [*short, *lost, *lowered, *plans]
    known = histories(
        session,
        {(one.clinic_id, one.patient_id) for one in looked_at},
        max(EVER, min([period.since, *_given_at(short)])) - LOOKS_BACK,
    )
    for call in short:
        yield from _short(call, known[call.clinic_id, call.patient_id])
    for row in lost:
        history = known[row.clinic_id, row.patient_id]
        if all(one.entry_id != row.entry_id for one in history.occurrences):
            yield WatchFinding("decision_without_alert", row.clinic_id, row.entry_id)
    for row in lowered:
        if not _may_be_lowered(row, known[row.clinic_id, row.patient_id]):
            yield WatchFinding("lowered_without_reason", row.clinic_id, row.entry_id)
    for plan in plans:
        for word in plan_faults(plan, known[plan.clinic_id, plan.patient_id]):
            yield WatchFinding(word, plan.clinic_id, plan.id)


def _given_at(calls: Iterable[_Call]) -> Iterator[datetime]:
    """When they were answered: a phone that was away sends them late, a year or two even."""
    return (call.answer.at for call in calls if call.answer is not None)


def _calls(session: Session, period: Period) -> Iterator[_Call]:
    new = answers(session, NEW, **period.bounds)
    before = versions_before(session, new)
    for answer in new:
        earlier = [one for one in before.get(answer.root_id, ()) if one.version < answer.version]
        rank = demand(answer, earlier)
        if rank >= HIGH:
            whose = (answer.clinic_id, answer.patient_id, answer.id)
            yield _Call(*whose, rank, ("suicide_risk",), answer)
    for row in rows(session, HELP + RECEIVED.format("h"), **period.bounds):
        yield _Call(row.clinic_id, row.patient_id, row.id, CRITICAL, ("suicide_risk",))
    for row in rows(session, BODIES + RECEIVED.format("b"), **period.bounds):
        yield _Call(row.clinic_id, row.patient_id, row.id, HIGH, ("unreadable_risk", "e1"))


def _rank(call: _Call, occurrences: Sequence[Any]) -> int:
    """The highest tier at which the entry came onto an alert of the right family and patient."""
    return max(
        (
            RANK[one.first_tier]
            for one in occurrences
            if one.family in call.families
            and one.patient_id == one.alert_patient_id == call.patient_id
        ),
        default=0,
    )


def _short(call: _Call, history: RawHistory) -> Iterator[WatchFinding]:
    """Looked at again, with all that is known of the patient."""
    own = [one for one in history.occurrences if one.entry_id == call.id]
    found, called_for = _rank(call, own), call.rank
    if call.answer is not None:
        called_for = _called_for(call.answer, history)
    if found >= called_for:
        return
    kind = "answer_tier_too_low" if found else "answer_without_alert"
    answer = call.answer
    if answer is not None and not found and answer.item9 == 1:
        plans = [plan for plan in history.plans if plan.set_at < answer.received_at]
        if any(spares(plan, answer, history) for plan in history.plans):
            return
        kind = "spared_without_plan" if plans else kind
    yield WatchFinding(kind, call.clinic_id, call.id)


def _called_for(answer: RawAnswer, history: RawHistory) -> int:
    known, earlier = history.behaviour_before(answer), history.earlier(answer)
    is_open = answer.leaves_item9_open or counted_level(answer, earlier, known) == UNKNOWN
    if is_open and answer.id in history.undecided:
        return 0
    if not answer.leaves_item9_open:
        return demand(answer, earlier, known)
    since = min(answer.at, answer.received_at) - RECENTLY + timedelta(hours=1)
    risks = [
        one.at if "implausible_time" not in one.flags else one.received_at
        for one in history.answers
        if one.revision < answer.revision
        and ((one.item9 or 0) > 0 or one.level(history.behaviour_before(one)) > UNKNOWN)
    ]
    risks += [
        body.received_at
        for body in history.bodies
        if body.counts and body.revision < answer.revision
    ]
    return HIGH if any(at >= since for at in risks) else MEDIUM


def _may_be_lowered(occurrence: Any, history: RawHistory) -> bool:
    """Whether a C-SSRS lowered it so far: item 9 of 2 or 3 never below high, what is less or
    unknown never below medium, and nothing else at all.
    """
    entry = next((one for one in history.answers if one.id == occurrence.entry_id), None)
    floor = None if entry is None else _floor(occurrence, entry, history)
    if floor is None:
        return False
    return any(
        RANK[occurrence.tier] >= max(floor, (1, MEDIUM, HIGH, HIGH, CRITICAL)[level])
        for one in history.answers
        if one.reassures
        and timedelta(0) < one.at - occurrence.at <= timedelta(hours=24)
        and timedelta(0) < one.received_at - occurrence.received_at <= timedelta(hours=24)
        for level in (one.level(history.behaviour_before(one)),)
    )


def _floor(occurrence: Any, entry: RawAnswer, history: RawHistory) -> int | None:
    if occurrence.rule in ("S6a", "S6b"):
        return MEDIUM
    if occurrence.rule == "S9":
        return MEDIUM if entry.level(history.behaviour_before(entry)) == UNKNOWN else None
    if occurrence.rule not in ("S1", "S2"):
        return None
    return HIGH if counted_item9(entry, history.earlier(entry)) > 1 else MEDIUM
