"""The first sheet of a printed report: what a visit begins with, before any curve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from services.reports.drawing.words import counted, day_words, number_words, plain, title_of
from services.reports.pictures.highlights import highlights, session_words
from services.rules.instruments.definition import instrument
from services.rules.session_day.vital_signs import SessionVitals
from services.rules.trend.document import TrendReport

if TYPE_CHECKING:
    from services.reports.drawing.paper import Paper

_WIDTHS: Final = (66, 26, 34, 34, 20)
_HEADS: Final = ("form", "baseline", "best", "now", "days")
_LISTED: Final = 6
PHASE: Final = {"pre": "before", "during": "during", "post": "after", "discharge": "going home"}


@dataclass(frozen=True, slots=True)
class OtherTreatment:
    """What else is given; `stopped_on` None: it goes on."""

    name: str
    started_on: date
    stopped_on: date | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """What the sheet shows beside the report: who it is about, all forms that were answered (the
    report's own among them), vital signs in the order taken, other treatment.
    """

    clinic: str = ""
    born_on: date | None = None
    forms: Sequence[TrendReport] = ()
    vitals: Sequence[SessionVitals] = ()
    treatments: Sequence[OtherTreatment] = ()
    last_visit: date | None = None


def draw_sheet(paper: Paper, report: TrendReport, visit: Visit) -> None:
    """Best, now and since; all forms; item 9 and C-SSRS; the last session; treatment beside."""
    paper.section("Best, now, since")
    paper.pairs(highlights(report, visit.last_visit))
    if visit.forms:
        paper.section("All forms", len(visit.forms) + 1)
        paper.rows(_WIDTHS, [_HEADS, *(_form(one) for one in visit.forms)])
    paper.section("Beside the scores")
    paper.pairs(list(_beside(report, visit)))


def _form(report: TrendReport) -> Sequence[str]:
    values, base = report.values, report.figures.baseline
    worse = instrument(report.instrument).worse
    best = min(reversed(values), key=lambda one: worse * one.value) if values else None
    now = report.figures.current
    return (
        title_of(report.instrument),
        number_words(base.value),
        "–" if best is None else f"{number_words(best.value)} ({day_words(best.day)})",
        "–" if now is None else f"{number_words(now.value)} ({day_words(now.day)})",
        str(len(values)),
    )


def _beside(report: TrendReport, visit: Visit) -> Iterator[tuple[str, str]]:
    positive = [(on, value) for on, value in sorted(report.item9_days.items()) if value]
    shown = [f"{value} on {day_words(on)}" for on, value in reversed(positive[-_LISTED:])]
    yield "Item 9 from 1 on", _listed(shown, len(positive), "none; that is no proof of safety")
    levels = report.figures.item9.levels
    named = [f"{plain(one.level)} on {day_words(one.on)}" for one in reversed(levels[-_LISTED:])]
    yield "C-SSRS", _listed(named, len(levels), "not asked")
    yield "Vital signs", _vitals(report, visit.vitals)
    given = [_treatment(one) for one in visit.treatments]
    yield "Other treatment", "; ".join(given) or "none entered"


def _listed(words: Sequence[str], among: int, none: str) -> str:
    if not words:
        return none
    more = f" (the newest of {counted(among, 'day')})" if among > len(words) else ""
    return f"{'; '.join(words)}{more}"


def _vitals(report: TrendReport, taken: Sequence[SessionVitals]) -> str:
    """Of the last session that has any."""
    sessions = {one.session.id: one for one in report.figures.treatment.sessions}
    known = [one for one in taken if one.session_id in sessions]
    if not known:
        return "none entered"
    last = sessions[known[-1].session_id]
    sets = [one for one in known if one.session_id == last.session.id]
    words = ", ".join(f"{one.systolic}/{one.diastolic} {PHASE[one.phase]}" for one in sets)
    return f"{words} ({session_words(last)}, {day_words(last.day)})"


def _treatment(one: OtherTreatment) -> str:
    until = f" to {day_words(one.stopped_on)}" if one.stopped_on else ""
    return (
        f"{one.name} ({day_words(one.started_on)}{until})"
        if until
        else (f"{one.name} (since {day_words(one.started_on)})")
    )
