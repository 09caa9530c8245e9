"""The report on paper for a visit: one or two A4 pages, its text selectable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Final

from services.reports.drawing.numbers import DRAWING
from services.reports.drawing.words import (
    counted,
    day_words,
    dose_words,
    duration_words,
    number_words,
    plain,
    title_of,
    validation_words,
)
from services.reports.pictures.captions import made_words
from services.reports.pictures.figures_in_words import figures_in_words
from services.reports.pictures.overlay import NO_SESSION, draw_overlay
from services.reports.pictures.survival import draw_effects
from services.reports.pictures.trend_layers import bands_of
from services.reports.pictures.trend_picture import draw_trend
from services.reports.pictures.visit_sheet import Visit, draw_sheet
from services.rules.catalogue import CATALOGUE, NBSP
from services.rules.figures.session_effect import Duration
from services.rules.mood_days import wall_clock
from services.rules.side_effects.burden import Burden
from services.rules.trend.document import OpenedAlert, TrendReport
from services.rules.trend.treatment import SessionFigures
from services.rules.wire import instant

if TYPE_CHECKING:
    from services.reports.drawing.paper import Paper

# CSS px of the drawings: small, so that their words are large enough on paper.
_TREND: Final = (760, 420)
_WITHOUT_BANDS: Final = (760, 380)
_OVERLAY: Final = (600, 310)
_LASTING: Final = (560, 300)
_OVERLAY_WIDTH: Final = 140.0  # mm
_LONG: Final = 70  # letters of a title that would take two lines
_SESSION_WIDTHS: Final = (8, 22, 41, 12, 22, 13, 14, 30, 18)
_SESSION_HEADS: Final = (
    "no.", "day", "treatment", "before", "best (day)", "effect", "days held", "status", "side eff.",
)  # fmt: skip
_ALERT_WIDTHS: Final = (38, 20, 122)
CENSORED: Final = (
    "Censored: the effect still held when the next session came or the answers ended, so it lasted"
    " at least so long. The Kaplan-Meier median counts such sessions as long as they were followed."
    " Who is treated again because it wears off is censored, so the curve flatters."
)
AS_OPENED: Final = "Alerts as they were opened up to the data cut, without what became of them."
GLYPHS: Final = "Characters that this font lacks are shown as “?”: the record has the full name."


def visit_pdf(
    report: TrendReport, *, name: str = "", mrn: str = "", visit: Visit | None = None
) -> bytes:
    """The report as PDF; `name` and `mrn` are printed as given on every page, and nowhere else in
    the file. With a `visit` its sheet comes first.

    The same report makes the same bytes.
    """
    from services.reports.drawing.paper import Paper

    title = f"Trend report: {title_of(report.instrument)}"
    made_at = report.generated_at.astimezone(UTC)
    known = visit or Visit()
    born = f"born {day_words(known.born_on)}" if known.born_on else ""
    whose = "   ".join(part for part in (name, f"MRN {mrn}" if mrn else "", born) if part)
    foot = f"Content hash {report.content_hash}"
    paper = Paper(title, foot, made_at, whose=whose, place=known.clinic)
    _head(paper, report, title)
    if paper.lacks_glyphs:
        # Two names of another script may both read "????": the paper must still tell whose it is.
        paper.line_of(f"Record {report.patient_id}", 9)
    if not report.numbers.figures.is_first_edition:
        _open_alerts(paper, report)
    if visit is not None:
        draw_sheet(paper, report, visit)
    paper.section("In figures")
    paper.pairs(figures_in_words(report))
    if visit is not None:
        paper.add_page()
    paper.ln(3)
    size = _TREND if bands_of(report.instrument) else _WITHOUT_BANDS
    paper.ln(paper.picture(draw_trend(report, size, alone=False), 15, 180) + 1)
    _sessions(paper, report)
    _alerts(paper, report)
    paper.section("Notes")
    for note in _notes(report, paper):
        paper.line_of(note, 7.5, soft=True)
    return bytes(paper.output())


def _head(paper: Paper, report: TrendReport, title: str) -> None:
    paper.line_of(title, 15 if len(title) < _LONG else 12.5, bold=True)
    paper.ln(0.8)
    cut = f"data cut: revision {report.revision} of {instant(report.cut_at)}"
    made = made_words(report.numbers.version, report.generated_at)
    if mark := validation_words(report.instrument):
        paper.line_of(mark, 9, bold=True)
    paper.line_of(f"Time zone {report.timezone}  ·  {cut}  ·  {made}", 8, soft=True)


def _sessions(paper: Paper, report: TrendReport) -> None:
    if not report.sessions:
        paper.section("Treatment sessions")
        paper.line_of(f"{NO_SESSION}.")
        return
    overlay = draw_overlay(report, _OVERLAY, alone=False)
    paper.ln(paper.picture(overlay, 15 + (180 - _OVERLAY_WIDTH) / 2, _OVERLAY_WIDTH) + 1)
    shown = report.sessions[-DRAWING.latest_sessions :]
    among = counted(len(report.sessions), "session")
    paper.section(f"Latest {len(shown)} of {among}, newest first", len(shown) + 1)
    burdens = {burden.session_id: burden for burden in report.figures.burdens}
    lost = report.numbers.figures.session.lost_percent
    lines = [_session_row(one, burdens.get(one.session.id), lost) for one in reversed(shown)]
    paper.rows(_SESSION_WIDTHS, [_SESSION_HEADS, *lines])
    _lasting(paper, report)
    if report.figures.burdens:
        paper.ln(1)
        paper.line_of(
            _resolved(report.figures.burdens, report.numbers.measures.session.acute_hours)
        )


def _lasting(paper: Paper, report: TrendReport) -> None:
    """How long effects held, with both bounds, once there are enough of them."""
    if report.figures.treatment.effect_duration.curve:
        paper.ln(paper.picture(draw_effects(report, _LASTING), 15 + (180 - 120) / 2, 120) + 1)


def _session_row(one: SessionFigures, burden: Burden | None, lost_percent: int) -> Sequence[str]:
    session, effect = one.session, one.effect
    best = number_words(effect.nadir)
    if effect.nadir_on is not None:
        best = f"{best} (day {(effect.nadir_on - one.day).days})"
    return (
        str(one.number),
        day_words(one.day),
        " ".join(part for part in (session.product, session.route, dose_words(session)) if part),
        number_words(effect.pre),
        best,
        number_words(effect.effect),
        _days(one.duration),
        duration_words(one.duration.status, lost_percent),
        _burden(burden),
    )


def _days(lasted: Duration) -> str:
    """Days as one number, or from - to when the loss is only known to lie between."""
    return number_words(lasted.days) if lasted.low is None else f"{lasted.low}–{lasted.high}"


def _burden(burden: Burden | None) -> str:
    if burden is None:
        return "–"
    grade = burden.total.max_grade
    return f"{burden.total.count}" if grade is None else f"{burden.total.count}, gr. {grade}"


def _resolved(burdens: Sequence[Burden], hours: int) -> str:
    """Side effects over all sessions in one sentence."""
    resolved, known = sum(one.resolved for one in burdens), sum(one.known for one in burdens)
    grades = [grade for one in burdens if (grade := one.total.max_grade) is not None]
    worst = f", highest grade {max(grades)} (CTCAE)" if grades else ""
    course = ""
    if known:
        course = f"; {resolved} of {known} with a known course were gone within {hours} h"
    effects = counted(sum(one.total.count for one in burdens), "effect")
    return f"Side effects: {effects} over all sessions{worst}{course}."


def _open_alerts(paper: Paper, report: TrendReport) -> None:
    """First of all: what nobody had ended. Later than the cut nothing is known."""
    shown = [alert for alert in report.alerts if alert.is_open]
    paper.section(f"Alerts open at the data cut ({len(shown)})", len(shown) + 1)
    if shown:
        _alert_rows(paper, report, shown)
    else:
        paper.line_of("None.")


def _alert_rows(paper: Paper, report: TrendReport, shown: Sequence[OpenedAlert]) -> None:
    """Newest first, in the patient's own time."""
    lines = []
    for alert in reversed(shown):
        local = wall_clock(alert.triggered_at, report.zone)
        when = f"{day_words(local.date())}, {local:%H:%M}"
        lines.append((when, alert.severity, _why(alert)))
    paper.rows(_ALERT_WIDTHS, [("opened", "severity", "why"), *lines])


def _why(alert: OpenedAlert) -> str:
    """In words, never the id of a rule; one that the catalogue does not have any more by its
    family.
    """
    known = CATALOGUE.get(alert.rule)
    words = known.words if known else plain(alert.family)
    return f"{words[:1].upper()}{words[1:]}".replace(NBSP, " ")


def _alerts(paper: Paper, report: TrendReport) -> None:
    shown = report.alerts[-DRAWING.latest_alerts :]
    paper.section("Alerts", len(shown) + 1)
    if not shown:
        paper.line_of("None opened up to the data cut.")
        return
    _alert_rows(paper, report, shown)
    if len(shown) < len(report.alerts):
        paper.line_of(f"The newest {len(shown)} of {len(report.alerts)}.", 8, soft=True)


def _notes(report: TrendReport, paper: Paper) -> Iterator[str]:
    if mark := validation_words(report.instrument):
        yield mark
    if report.sessions:
        yield CENSORED
    yield AS_OPENED
    if paper.lacks_glyphs:
        yield GLYPHS
