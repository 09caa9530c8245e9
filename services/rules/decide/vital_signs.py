"""All rules on one set of vital signs of a session: E2, E3, E4 and E7; none is ever suppressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.rules.courses import Session
from services.rules.decision import Decision, RuleId
from services.rules.session_day.after_dosing import e4
from services.rules.session_day.blood_pressure import e2, e3
from services.rules.session_day.collapse import e7
from services.rules.session_day.vital_signs import SessionVitals
from services.rules.side_effects.report import EffectsReport, Pressure


@dataclass(frozen=True, slots=True)
class VitalsCase:
    """One set of vital signs and what is known around it.

    `series`: all sets of this session (`taken` may be among them). `pressures`: the patient's other
    recent readings. `reports`: the current versions of their recent reports of side effects, from
    which the emergency symptoms of the same session or the same 4 h are read.
    """

    session: Session
    taken: SessionVitals
    series: Sequence[SessionVitals] = ()
    pressures: Sequence[Pressure] = ()
    reports: Sequence[EffectsReport] = ()


def vitals_decisions(case: VitalsCase) -> list[Decision]:
    """Return the decision of every rule in `DECIDE`, yes and no alike, about the session."""
    return [decide(case) for decide in DECIDE.values()]


def _e2(case: VitalsCase) -> Decision:
    reported = [one.vitals for one in case.reports if one.vitals is not None]
    measured = [one.pressure for one in case.series]
    return e2(
        case.taken.pressure,
        None,
        [*case.pressures, *measured, *reported],
        case.reports,
        [case.session],
        about=case.session.id,
    )


DECIDE: Final[Mapping[RuleId, Callable[[VitalsCase], Decision]]] = {
    "E2": _e2,
    "E3": lambda case: e3(case.taken),
    "E4": lambda case: e4(case.session, case.taken, case.series),
    "E7": lambda case: e7(case.taken),
}
