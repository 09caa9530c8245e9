"""Open an alert or add to the open one, inside the transaction of the entry that caused it.

The caller holds the patient's status row; `load_open_alert` then locks the alert. What follows is
pure: it returns the writes, and the caller runs them in one statement with its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import Session

from models import Alert, AlertOccurrence
from models.base import new_id
from models.statements import Query, Statement
from services.alerts.chain import Chain
from services.alerts.outbox import EMPTY, Outbox, load_outboxes
from services.alerts.writing import (
    AlertKey,
    alert_update,
    changed_columns,
    consequences,
    must_wake,
    timeline_writes,
)
from services.rules.danger.lowering import Occurrence
from services.rules.decision import Tier, highest
from services.rules.escalation import lifecycle
from services.rules.escalation.states import AlertState
from services.unit_of_work import Write, ask, new_row

NOTHING_LOWERED: Final[Mapping[UUID, Tier]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NewOccurrence:
    """One rule that fired on one entry. `at` is `recorded_at`.

    `interrupts`: a help request, an item 9 of 3 or a C-SSRS high ends an acknowledgement.
    `opens_only`: it may open an alert, and moves nothing on one that is open.
    `about_id`: the session or course about which the rule alerts once.
    """

    entry_id: UUID | None
    rule: str
    source: str
    at: datetime
    received_at: datetime
    item9: int | None
    cssrs: str | None
    tier: Tier
    interrupts: bool
    about_id: UUID | None = None
    opens_only: bool = False


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """The not-resolved alert of a patient and family, locked."""

    key: AlertKey
    state: AlertState
    newest_occurrence_at: datetime
    occurrences: tuple[Occurrence, ...]
    outbox: Outbox = EMPTY

    def if_still_owned(self, added: Sequence[NewOccurrence]) -> UUID | None:
        """The alert's id, when somebody has it and these occurrences do not end that."""
        tier = max(each.tier for each in added)
        ends = tier > Tier.from_word(self.state.severity) or any(one.interrupts for one in added)
        return None if self.state.status != "acknowledged" or ends else self.key.alert_id


@dataclass(frozen=True, slots=True)
class Opened:
    """The alert that now holds the occurrences, what to write, and whether a page is due now (then
    run `notify_statement()` as well).
    """

    alert_id: UUID
    writes: list[Write] = field(default_factory=list)
    pages: bool = False


def _open_alerts() -> Statement:
    """Nobody adds an occurrence without the status row, which the caller holds: so they are read in
    the statement that locks the alerts.
    """
    one = AlertOccurrence
    occurrences = (
        select(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_array(one.id, one.rule, one.tier, one.at, one.received_at),
                    one.received_at,
                    one.id,
                ),
                type_=JSONB(),
            )
        )
        .where(one.clinic_id == Alert.clinic_id, one.alert_id == Alert.id)
        .scalar_subquery()
    )
    return Statement(
        select(*Alert.__table__.c, occurrences.label("occurrences"))
        .where(
            Alert.patient_id == bindparam("patient_id", type_=Alert.patient_id.type),
            Alert.family == any_(bindparam("families", type_=ARRAY(Text()))),
            Alert.status != "resolved",
        )
        .order_by(Alert.family)
        .with_for_update(key_share=True, of=Alert)
    )


# Built once: putting a statement together costs more than running it.
_OPEN_ALERTS: Final = _open_alerts()


def open_alerts_of(patient_id: UUID, families: Sequence[str]) -> Query:
    """What locks and reads the patient's not-resolved alerts of these families."""
    return Query(_OPEN_ALERTS, {"patient_id": patient_id, "families": list(families)})


def with_outboxes(session: Session, rows: Sequence[Any], now: datetime) -> dict[str, OpenAlert]:
    """The locked alerts with their occurrences and their pages on the way, by family."""
    paging = [alert for alert in rows if alert.page_round]
    outboxes = {}
    if paging:
        ids = [alert.id for alert in paging]
        outboxes = load_outboxes(session, paging[0].clinic_id, ids, now)
    return {
        alert.family: OpenAlert(
            key=AlertKey(alert.clinic_id, alert.id),
            state=AlertState.of(alert),
            newest_occurrence_at=alert.newest_occurrence_at,
            occurrences=tuple(_occurrence(*cells) for cells in alert.occurrences or ()),
            outbox=outboxes.get(alert.id, EMPTY),
        )
        for alert in rows
    }


def load_open_alert(
    session: Session, patient_id: UUID, family: str, now: datetime
) -> OpenAlert | None:
    """Lock and read the patient's not-resolved alert of one family."""
    question = open_alerts_of(patient_id, [family])
    ask(session, question)
    return with_outboxes(session, question.rows, now).get(family)


def _occurrence(occurrence_id: str, rule: str, tier: str, at: str, received_at: str) -> Occurrence:
    return Occurrence(
        rule,
        Tier.from_word(tier),
        datetime.fromisoformat(at),
        datetime.fromisoformat(received_at),
        UUID(occurrence_id),
    )


def open_or_add(
    open_alert: OpenAlert | None,
    occurrences: Sequence[NewOccurrence],
    *,
    patient_id: UUID,
    clinic_id: UUID,
    family: str,
    rule_version: str,
    chain: Chain,
    now: datetime,
    revision: int,
    lowered: Mapping[UUID, Tier] = NOTHING_LOWERED,
) -> Opened:
    """Open an alert for these occurrences (at least one), or add them to the open one.

    `lowered` (occurrence id -> tier) re-tiers older occurrences in the same write: a C-SSRS may
    lower some and be one itself. Critical and high queue their first page at once.
    """
    if open_alert is None:
        fresh = AlertKey(clinic_id, new_id())
        opening = _Opening(fresh, patient_id, family, rule_version, occurrences, revision)
        return _open(opening, chain, now)
    writes, pages = _add(open_alert, occurrences, lowered, chain, now)
    key = open_alert.key
    stored = _occurrence_writes(key, patient_id, occurrences, revision)
    return Opened(key.alert_id, [*writes, *_tier_writes(key, lowered), *stored], pages)


def lower(open_alert: OpenAlert, lowered: Mapping[UUID, Tier], *, now: datetime) -> list[Write]:
    """Only re-tier (occurrence id -> tier, for good): a trusted C-SSRS that is no occurrence.

    Cancels no queued page and postpones no due time of an alert that nobody has acknowledged.
    """
    if not lowered:
        return []
    change = lifecycle.lowered(open_alert.state, _tier(open_alert, (), lowered))
    return [
        *alert_update(open_alert.key, changed_columns(open_alert.state, change.state)),
        *timeline_writes(open_alert.key, change.events, now, severity=change.state.severity),
        *_tier_writes(open_alert.key, lowered),
    ]


@dataclass(frozen=True, slots=True)
class _Opening:
    key: AlertKey
    patient_id: UUID
    family: str
    rule_version: str
    occurrences: Sequence[NewOccurrence]
    revision: int


def _open(new: _Opening, chain: Chain, now: datetime) -> Opened:
    gravest = max(new.occurrences, key=lambda each: each.tier)
    change = lifecycle.opened(gravest.tier.word, chain.circumstances(now))
    columns: dict[str, Any] = {
        "clinic_id": new.key.clinic_id,
        "id": new.key.alert_id,
        "patient_id": new.patient_id,
        "family": new.family,
        "rule": gravest.rule,
        "rule_version": new.rule_version,
        "triggered_at": now,
        "newest_occurrence_at": max(each.received_at for each in new.occurrences),
        "occurrence_count": len(new.occurrences),
        "revision": new.revision,
        **change.state.columns(),
    }
    writes: list[Write] = [
        new_row(Alert, columns),
        *_occurrence_writes(new.key, new.patient_id, new.occurrences, new.revision),
        *consequences(new.key, change, chain, now, EMPTY),
    ]
    return Opened(new.key.alert_id, writes, bool(change.pages))


def _add(
    alert: OpenAlert,
    occurrences: Sequence[NewOccurrence],
    lowered: Mapping[UUID, Tier],
    chain: Chain,
    now: datetime,
) -> tuple[list[Write], bool]:
    before = lifecycle.lowered(alert.state, _tier(alert, (), lowered))
    tier = _tier(alert, occurrences, lowered)
    if all(each.opens_only for each in occurrences):
        added = lifecycle.occurrence_noted(before.state, tier)
    else:
        interrupts = any(each.interrupts for each in occurrences)
        here = chain.circumstances(now)
        added = lifecycle.occurrence_added(before.state, tier, interrupts=interrupts, here=here)
    change = replace(added, events=(*before.events, *added.events))
    newest = max(alert.newest_occurrence_at, *(each.received_at for each in occurrences))
    counted = alert_update(
        alert.key,
        {
            **changed_columns(alert.state, change.state),
            "newest_occurrence_at": newest,
            "occurrence_count": Alert.occurrence_count + len(occurrences),
        },
    )
    writes = [*counted, *consequences(alert.key, change, chain, now, alert.outbox)]
    return writes, must_wake(change, chain, now, alert.outbox)


def _tier(alert: OpenAlert, added: Iterable[NewOccurrence], lowered: Mapping[UUID, Tier]) -> str:
    """The alert's tier: the maximum over its occurrences, old and new."""
    tiers = [lowered.get(one.id, one.tier) if one.id else one.tier for one in alert.occurrences]
    tier = highest([*tiers, *(each.tier for each in added)])
    return alert.state.severity if tier is None else tier.word


def _occurrence_writes(
    key: AlertKey, patient_id: UUID, occurrences: Sequence[NewOccurrence], revision: int
) -> list[Write]:
    rows = [
        {
            "clinic_id": key.clinic_id,
            "id": new_id(),
            "alert_id": key.alert_id,
            "patient_id": patient_id,
            "entry_id": each.entry_id,
            "rule": each.rule,
            "source": each.source,
            "at": each.at,
            "received_at": each.received_at,
            "item9": each.item9,
            "cssrs": each.cssrs,
            "about_id": each.about_id,
            "first_tier": each.tier.word,
            "tier": each.tier.word,
            "revision": revision,
        }
        for each in occurrences
    ]
    return [new_row(AlertOccurrence, row) for row in rows]


def _tier_writes(key: AlertKey, lowered: Mapping[UUID, Tier]) -> list[Write]:
    return [
        update(AlertOccurrence)
        .where(
            AlertOccurrence.clinic_id == key.clinic_id,
            AlertOccurrence.alert_id == key.alert_id,
            AlertOccurrence.id.in_([one for one, to in lowered.items() if to == tier]),
        )
        .values(tier=tier.word)
        for tier in sorted(set(lowered.values()))
    ]
