"""All rules on one report of side effects: E1, E2, E5, E6 always, U1 and B1 unless they repeat.

No E rule is ever suppressed: not by time, not by a late report, not by earlier alerts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Final

from services.rules.catalogue import CATALOGUE
from services.rules.courses import UNTREATED, Session, Treatment
from services.rules.decision import Decision, RuleId
from services.rules.session_day.acute_effects import e5
from services.rules.session_day.blood_pressure import e2, session_around
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

    @property
    def begun(self) -> Sequence[Session]:
        """The sessions that had started when the report was answered."""
        return self.treatment.until(self.report.recorded_at).sessions

    @property
    def reports(self) -> Sequence[EffectsReport]:
        """This report and the earlier ones."""
        return [self.report, *self.earlier]


def effects_decisions(case: EffectsCase) -> list[Decision]:
    """Return the decision of every rule in `DECIDE`, in this order, yes and no alike."""
    decided = [decide(case) for decide in DECIDE.values()]
    return [_unless_repeated(one, case) for one in decided]


def _unless_repeated(decision: Decision, case: EffectsCase) -> Decision:
    if not CATALOGUE[decision.rule].repeats.is_suppressed:
        return decision
    return decision.suppressed(repeat_suppression(decision, case.alert_history))


def _e2(case: EffectsCase) -> Decision:
    report = case.report
    measured = [one.vitals for one in case.reports if one.vitals is not None]
    around = session_around(report.recorded_at, case.begun)
    about = None if around is None else around.id
    return e2(report.vitals, report, [*case.pressures, *measured], case.earlier, case.begun, about)


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


DECIDE: Final[Mapping[RuleId, Callable[[EffectsCase], Decision]]] = {
    "E1": lambda case: e1(case.report),
    "E2": _e2,
    "E5": lambda case: e5(case.report, case.treatment),
    "E6": lambda case: e6(case.report, case.treatment, case.zone),
    "U1": lambda case: u1_effects(
        _highest(case.report), case.report.mood_day, _seen_before(case), len(case.begun)
    ),
    "B1": lambda case: b1_effects(_elevated(case.reports), case.report.mood_day, case.indications),
}
