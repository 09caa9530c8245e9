"""The rules on one report of side effects: E1, E2, E5, E6, U1 and B1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import SideEffectReport
from models.statements import Query, Statement
from services.alerts.alert_history import history_on, past_occurrences
from services.intake.deciding.known import Known
from services.intake.deciding.outcome import Outcome
from services.patients.history.side_effects import EpisodeQuery, rule_report
from services.rules.danger.fallback import fallback_tier
from services.rules.decide.side_effects import EffectsCase, effects_decisions
from services.rules.decision import Decision, Tier
from services.rules.mood_days import find_zone, shift
from services.rules.side_effects.report import EffectsReport
from services.unit_of_work import ask

log = structlog.get_logger()

# Reports on the mood days beside it, emergencies and pressures of the same episode.
AROUND: Final = timedelta(days=3)
# Those of every other report of the patient.
_CODES: Final = Statement(
    select(func.jsonb_array_elements(SideEffectReport.effects).op("->>")("code").label("code"))
    .distinct()
    .where(
        SideEffectReport.patient_id
        == bindparam("patient_id", type_=SideEffectReport.patient_id.type),
        SideEffectReport.root_id != bindparam("root_id", type_=SideEffectReport.root_id.type),
        ~SideEffectReport.superseded,
    )
)


def with_side_effects(
    session: Session,
    known: Known,
    outcome: Outcome,
    row: Mapping[str, Any],
    earlier_versions: Sequence[Any],
) -> Outcome:
    """The outcome with what the rules find in one report, of which the columns are given. A fault
    in them never stops it: then an emergency still pages, and the rest is reported as failed rules.

    Of an amendment only what no earlier version reported already is new.
    """
    try:
        case = _case(session, known, rule_report(row))
        decisions = effects_decisions(case)
        earlier = [replace(case, report=rule_report(one._asdict())) for one in earlier_versions]
        reported = {
            finding
            for version in earlier
            for decision in effects_decisions(version)
            if decision.fired
            for finding in _findings_reported(decision, version.report)
        }
        repeated = tuple(
            each
            for each in decisions
            if each.fired and _findings_reported(each, case.report) <= reported
        )
        others = tuple(
            each.suppressed("earlier_version") if each in repeated else each for each in decisions
        )
        so_far = replace(known.so_far, reports=(*known.so_far.reports, case.report))
        return replace(outcome, others=others, already_reported=repeated, so_far=so_far)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault in these rules must not cost the answer
        log.error("side_effect_rules_failed", kind=type(error).__name__)
        return replace(outcome, others=_by_fallback(row["effects"]), failed=True)


def _case(session: Session, known: Known, report: EffectsReport) -> EffectsCase:
    patient, root = known.patient, UUID(report.id)
    since, until = shift(report.recorded_at, -AROUND), shift(report.recorded_at, AROUND)
    beside = EpisodeQuery.of(patient.patient_id, since, until)
    codes = Query(_CODES, {"patient_id": patient.patient_id, "root_id": root})
    alerts = past_occurrences(patient.patient_id)
    ask(session, beside.reports, beside.pressures, codes, alerts)
    unwritten = known.so_far.reports
    before = (effect.code for one in unwritten for effect in one.effects)
    return EffectsCase(
        report=report,
        zone=find_zone(patient.timezone) or UTC,
        earlier=[
            *beside.reports_found(but=root),
            *(one for one in unwritten if since <= one.recorded_at <= until),
        ],
        pressures=beside.pressures_found(),
        treatment=known.treatment,
        indications=tuple(patient.indications),
        seen_before=frozenset([*(row.code for row in codes.rows), *before]),
        alert_history=history_on(report.mood_day, alerts),
    )


def _findings_reported(decision: Decision, report: EffectsReport) -> set[tuple[object, ...]]:
    """What a decision reports: the rule, how grave and what less grave, of which effects, in which
    grade and those below. What was reported in full by earlier versions is no news.
    """
    rule, gravest = decision.rule, decision.tier or Tier.LOW
    tiers = {(rule, tier) for tier in Tier if tier <= gravest}
    codes = [str(decision.inputs.get(name) or "").split(",") for name in ("severe", "still_there")]
    effects = report.emergencies() if rule == "E1" else ()
    return {
        *tiers,
        *((rule, place, code) for place, listed in enumerate(codes) for code in listed),
        *((rule, one.code, grade) for one in effects for grade in range(one.grade + 1)),
    }


def _by_fallback(stored: list[dict[str, Any]]) -> tuple[Decision, ...]:
    if fallback_tier("side_effects", None, stored) is None:
        return ()
    return (Decision.with_tier("E1", "fallback", Tier.CRITICAL, {"fallback": True}),)
