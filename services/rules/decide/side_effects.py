"""All rules on one report of side effects: E1, E2, E5, E6 always, U1 and B1 unless they repeat.

No E rule is ever suppressed: not by time, not by a late report, not by earlier alerts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from services.rules.courses import UNTREATED, Treatment
from services.rules.decision import Decision
from services.rules.session_day.acute_effects import e5
from services.rules.session_day.blood_pressure import e2
from services.rules.session_day.driving import e6
from services.rules.side_effects.report import EffectsReport, Pressure, e1
from services.rules.worsening.mania import ELEVATED_MOOD, b1_effects
from services.rules.worsening.repetition import NO_ALERTS_YET, AlertHistory, repeat_suppression
from services.rules.worsening.urinary import u1_effects


@dataclass(frozen=True, slots=True)
class EffectsCase:
    """One report and what is known around it.

    `earlier`: the current versions of the patient's other recent reports (at least those of the
    mood days beside it and of the last 24 h; no version of `report` itself). `pressures`: recent
    readings of vital signs and reports. `seen_before`: codes of all other reports, however old.
    `alert_history`: of U1 and B1.
    """

    report: EffectsReport
    zone: tzinfo
    earlier: Sequence[EffectsReport] = ()
    pressures: Sequence[Pressure] = ()
    treatment: Treatment = UNTREATED
    indications: Sequence[str] = ()
    seen_before: Collection[str] = frozenset()
    alert_history: AlertHistory = NO_ALERTS_YET


def effects_decisions(case: EffectsCase) -> list[Decision]:
    """Return the decisions E1, E2, E5, E6, U1, B1 in this order, yes and no alike."""
    report, day = case.report, case.report.mood_day
    begun = case.treatment.until(report.recorded_at).sessions
    reports = [report, *case.earlier]
    measured = [one.vitals for one in reports if one.vitals is not None]
    u1 = u1_effects(_highest(report), day, _seen_before(case), len(begun))
    b1 = b1_effects(_elevated(reports), day, case.indications)
    return [
        e1(report),
        e2(report.vitals, report, [*case.pressures, *measured], case.earlier, begun),
        e5(report, case.treatment),
        e6(report, case.treatment, case.zone),
        *(one.suppressed(repeat_suppression(one, case.alert_history)) for one in (u1, b1)),
    ]


def wants_repeat(decisions: Iterable[Decision]) -> bool:
    """Whether the answer should ask for a second measurement of the pressure (E2)."""
    return any(one.inputs.get("repeat_wanted") is True for one in decisions)


def _highest(report: EffectsReport) -> Mapping[str, int]:
    grades: Counter[str] = Counter()
    for effect in report.effects:
        grades[effect.code] = max(grades[effect.code], effect.grade)
    return dict(grades)


def _seen_before(case: EffectsCase) -> frozenset[str]:
    recent = (effect.code for report in case.earlier for effect in report.effects)
    return frozenset(case.seen_before).union(recent)


def _elevated(reports: Sequence[EffectsReport]) -> Mapping[date, int]:
    grades: dict[date, int] = {}
    for report in reports:
        grade = _highest(report).get(ELEVATED_MOOD, 0)
        if grade:
            grades[report.mood_day] = max(grade, grades.get(report.mood_day, 0))
    return grades
