"""What the watcher reads: plain SQL of its own, in one snapshot of all clinics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.watch.answers import RawAnswer

Key = tuple[UUID, UUID]
"""Clinic and patient, or clinic and entry."""
EVER: Final = datetime(1900, 1, 1, tzinfo=UTC)
FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)

ANSWERS: Final = """
SELECT c.clinic_id, c.patient_id, c.id, c.root_id, c.version, c.instrument, t.answers,
  c.answered_at AS at, c.received_at, c.mood_day, c.counts_in_trend, c.revision, c.flags
FROM check_ins c
JOIN check_in_contents t
  ON (t.clinic_id, t.patient_id, t.check_in_id) = (c.clinic_id, c.patient_id, c.id)
"""
# An item 9 of 0 in a single version calls for nobody.
NEW: Final = f"""{ANSWERS}
WHERE c.received_at >= :since AND c.received_at < :until AND (
  c.instrument IN ('cssrs-screener', 'cssrs-since-last-contact')
  OR c.instrument IN ('phq9', 'phq9-daily') AND (t.answers ->> 'q9') IS DISTINCT FROM '0'
)
"""
ROOTS: Final = f"""{ANSWERS}
JOIN unnest(CAST(:clinics AS uuid[]), CAST(:patients AS uuid[]), CAST(:roots AS uuid[]))
  AS wanted (clinic_id, patient_id, root_id)
  ON (wanted.clinic_id, wanted.patient_id, wanted.root_id) = (c.clinic_id, c.patient_id, c.root_id)
"""
WANTED: Final = """
JOIN unnest(CAST(:clinics AS uuid[]), CAST(:patients AS uuid[])) AS wanted (clinic_id, patient_id)
  ON (wanted.clinic_id, wanted.patient_id)
"""
HISTORY: Final = f"""{ANSWERS} {WANTED} = (c.clinic_id, c.patient_id)
WHERE c.instrument IN ('cssrs-screener', 'cssrs-since-last-contact')
  OR c.instrument IN ('phq9', 'phq9-daily') AND c.received_at >= :from_at
"""
HELP: Final = """
SELECT h.clinic_id, h.patient_id, h.id, h.received_at, h.revision FROM help_requests h
"""
# `counts`: as an item 9 of 1 or more; not where the sender or the danger is another.
BODIES: Final = """
SELECT b.clinic_id, b.patient_id, b.id, b.received_at, b.revision, b.counts_as_risk AS counts,
  b.alert_id
FROM unreadable_bodies b
"""
OCCURRENCES: Final = """
SELECT o.clinic_id, o.patient_id, o.entry_id, o.alert_id, o.rule, o.tier, o.first_tier, o.at,
  o.received_at, a.family, a.patient_id AS alert_patient_id
FROM alert_occurrences o JOIN alerts a ON (a.clinic_id, a.id) = (o.clinic_id, o.alert_id)
"""
UNDECIDED: Final = "SELECT f.clinic_id, f.patient_id, f.entry_id FROM rules_failures f"
PLANS: Final = """
SELECT p.clinic_id, p.patient_id, p.id, p.alert_id, p.check_in_id, p.set_by, p.set_at, p.until_at,
  p.ended_at, a.family, a.patient_id AS alert_patient_id, r.by, s.timezone, s.former_zones
FROM standing_plans p
JOIN alerts a ON (a.clinic_id, a.id) = (p.clinic_id, p.alert_id)
JOIN patients s ON (s.clinic_id, s.id) = (p.clinic_id, p.patient_id)
LEFT JOIN alert_resolutions r ON (r.clinic_id, r.alert_id) = (p.clinic_id, p.alert_id)
"""


@dataclass(frozen=True, slots=True)
class Period:
    """What was received from `since` on and before `until`."""

    since: datetime
    until: datetime = FOREVER

    @property
    def bounds(self) -> dict[str, datetime]:
        """As a query names them."""
        return {"since": self.since, "until": self.until}


def rows(session: Session, query: str, **values: Any) -> list[Any]:
    """What a query gives."""
    return list(session.execute(text(query), values))


def answers(session: Session, query: str, **values: Any) -> list[RawAnswer]:
    """Answers, in the order in which the patient's record took them."""
    found = (
        RawAnswer(**{**row._mapping, "flags": frozenset(row.flags)})
        for row in rows(session, query, **values)
    )
    return sorted(found, key=lambda one: (one.patient_id, one.revision, one.version))


def of_patients(keys: Collection[Key]) -> dict[str, Any]:
    """The patients of a query with `WANTED`."""
    listed = sorted(set(keys))
    return {"clinics": [key[0] for key in listed], "patients": [key[1] for key in listed]}


def versions_before(session: Session, found: Iterable[RawAnswer]) -> dict[UUID, list[RawAnswer]]:
    """All versions of the amended ones among these, by the id of the first, oldest first."""
    amended = {(o.clinic_id, o.patient_id, o.root_id) for o in found if o.version > 1}
    if not amended:
        return {}
    clinics, patients, roots = (list(column) for column in zip(*sorted(amended), strict=True))
    before: dict[UUID, list[RawAnswer]] = defaultdict(list)
    for one in answers(session, ROOTS, clinics=clinics, patients=patients, roots=roots):
        before[one.root_id].append(one)
    return before


@dataclass(slots=True)
class RawHistory:
    """All that is known of one patient, as far as it can bear on an answer."""

    answers: list[RawAnswer] = field(default_factory=list)
    help: list[Any] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    occurrences: list[Any] = field(default_factory=list)
    plans: list[Any] = field(default_factory=list)
    undecided: set[UUID] = field(default_factory=set)

    def earlier(self, answer: RawAnswer) -> list[RawAnswer]:
        """The earlier versions of the same form."""
        same = (one for one in self.answers if one.root_id == answer.root_id)
        return [one for one in same if one.version < answer.version]

    def behaviour_before(self, answer: RawAnswer) -> bool:
        """Whether an act or a preparation was on file before it, from another form whose time was
        believed.
        """
        return any(
            one.reports_behaviour
            and one.revision < answer.revision
            and one.root_id != answer.root_id
            and one.time_is_believed
            for one in self.answers
        )


def histories(
    session: Session, keys: Collection[Key], from_at: datetime
) -> defaultdict[Key, RawHistory]:
    """Of these patients: PHQ-9 forms received since `from_at`, and all else."""
    found: defaultdict[Key, RawHistory] = defaultdict(RawHistory)
    if not keys:
        return found
    who = of_patients(keys)
    for answer in answers(session, HISTORY, from_at=from_at, **who):
        found[answer.clinic_id, answer.patient_id].answers.append(answer)
    for name, query, alias in (
        ("help", HELP, "h"),
        ("bodies", BODIES, "b"),
        ("occurrences", OCCURRENCES, "o"),
        ("plans", PLANS, "p"),
    ):
        wanted = query + WANTED + f" = ({alias}.clinic_id, {alias}.patient_id)"
        for row in rows(session, wanted, **who):
            getattr(found[row.clinic_id, row.patient_id], name).append(row)
    undecided = UNDECIDED + WANTED + " = (f.clinic_id, f.patient_id)"
    for row in rows(session, undecided, **who):
        found[row.clinic_id, row.patient_id].undecided.add(row.entry_id)
    return found
