"""Would the rule files on disk load? The process works with those it read at its start.

A file that was edited and no longer loads changes nothing for a running process, which keeps the
last good set, and stops the next start. So it is said here, before that happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from services.reports.drawing.numbers import PictureNumbers
from services.rules.cards.lines import CrisisLines
from services.rules.catalogue import Catalogue
from services.rules.cohort.numbers import CohortThresholds
from services.rules.danger.body_words import RefusedWords
from services.rules.danger.notes import NoteNumbers, NoteTerms, RealWords
from services.rules.danger.numbers import RULES_VERSION, RuleSet
from services.rules.danger.silence import SilenceThresholds
from services.rules.escalation.numbers import EscalationNumbers
from services.rules.figures.numbers import FigureNumbers
from services.rules.indications import Indications
from services.rules.instruments.definition import Instrument
from services.rules.languages.consent import ConsentText
from services.rules.languages.texts import Texts
from services.rules.measures import Measures
from services.rules.numbers import DATA, read
from services.rules.schedule.numbers import ScheduleNumbers
from services.rules.schedule.reminders import ReminderNumbers
from services.rules.session_day.numbers import SessionNumbers
from services.rules.session_day.screening import ScreeningList
from services.rules.session_day.vital_signs import VitalThresholds
from services.rules.side_effects.coded_list import SideEffectList
from services.rules.trend.numbers import ReportNumbers
from services.rules.worsening.numbers import (
    CourseRuleThresholds,
    FormRuleThresholds,
    WorseningThresholds,
)

KINDS: Final[Mapping[str, type[Any]]] = {
    "catalogue.toml": Catalogue,
    "triage.toml": RuleSet,
    "silence.toml": SilenceThresholds,
    "indications/*.toml": Indications,
    "notes.toml": NoteNumbers,
    "note_terms/*.toml": NoteTerms,
    "note_spelling.toml": RealWords,
    "refused_bodies.toml": RefusedWords,
    "crisis_lines.toml": CrisisLines,
    "texts/*.toml": Texts,
    "consents/*.toml": ConsentText,
    "escalation.toml": EscalationNumbers,
    "instruments/*.toml": Instrument,
    "screening.toml": ScreeningList,
    "vital_signs.toml": VitalThresholds,
    "sessions.toml": SessionNumbers,
    "measures/*.toml": Measures,
    "worsening.toml": WorseningThresholds,
    "course_rules/*.toml": CourseRuleThresholds,
    "form_rules.toml": FormRuleThresholds,
    "side_effects/*.toml": SideEffectList,
    "schedule/*.toml": ScheduleNumbers,
    "reminders.toml": ReminderNumbers,
    "figures/*.toml": FigureNumbers,
    "trend/*.toml": ReportNumbers,
    "cohort.toml": CohortThresholds,
    "pictures.toml": PictureNumbers,
}


def running_version() -> str:
    """The version of the safety rules that this process decides with."""
    return RULES_VERSION


def unloadable(folder: Path = DATA) -> tuple[str, ...]:
    """The rule files that would not load, by name; read again only when one was changed."""
    return _unloadable(folder, _state(folder))


def _state(folder: Path) -> tuple[tuple[str, int, int], ...]:
    stats = ((str(path), path.stat()) for path in sorted(folder.rglob("*.toml")))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


@lru_cache(maxsize=2)
def _unloadable(folder: Path, _state: tuple[tuple[str, int, int], ...]) -> tuple[str, ...]:
    bad = {
        path.relative_to(folder).as_posix()
        for pattern, kind in KINDS.items()
        for path in folder.glob(pattern)
        if not _loads(path, kind, folder)
    }
    missing = {pattern for pattern in KINDS if not any(folder.glob(pattern))}
    return tuple(sorted(bad | missing))


def _loads(path: Path, kind: type[Any], folder: Path) -> bool:
    try:
        read(path, kind, folder)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it would not load
        return False
    return True
