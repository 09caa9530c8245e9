"""The report on paper for a visit: one or two A4 pages, its text selectable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date
from typing import TYPE_CHECKING, Final

from services.reports.drawing.numbers import DRAWING
from services.reports.drawing.words import (
    DAILY_FORM,
    DURATIONS,
    NOT_VALIDATED,
    counted,
    day_words,
    number_words,
    plain,
    title_of,
)
from services.reports.pictures.figures_in_words import figures_in_words
from services.reports.pictures.overlay import NO_SESSION, draw_overlay
from services.reports.pictures.reading import (
    Json,
    Report,
    Treated,
    moment,
    number,
    read_report,
    rows,
    table,
)
from services.reports.pictures.trend_lines import bands_of
from services.reports.pictures.trend_picture import draw_trend
from services.rules.mood_days import find_zone

if TYPE_CHECKING:
    from services.reports.drawing.paper import Paper

# CSS px of the drawings: small, so that their words are large enough on paper.
_TREND: Final = (760, 420)
_WITHOUT_BANDS: Final = (760, 380)
_OVERLAY: Final = (600, 310)
_OVERLAY_WIDTH: Final = 140.0  # mm
_LONG: Final = 70  # letters of a title that would take two lines
_SESSION_WIDTHS: Final = (8, 22, 41, 12, 22, 13, 14, 30, 18)
_SESSION_HEADS: Final = (
    "no.", "day", "treatment", "before", "best (day)", "effect", "days held", "status", "side eff.",
)  # fmt: skip
_ALERT_WIDTHS: Final = (38, 24, 24, 94)
CENSORED: Final = (
    "Censored: the effect still held when the next session came or the answers ended, so it lasted"
    " at least so long. The Kaplan-Meier median counts such sessions as long as they were followed."
)
AS_OPENED: Final = "Alerts as they were opened up to the data cut, without what became of them."
GLYPHS: Final = "Characters that this font lacks are shown as “?”: the record has the full name."


def visit_pdf(
    document: Json,
    *,
    name: str = "",
    mrn: str = "",
    first: date | None = None,
    last: date | None = None,
) -> bytes:
    """The trend JSON as PDF; `name` and `mrn` are printed as given, and nowhere else in the file.

    The same document makes the same bytes. Raises KeyError without `instrument`.
    """
    from services.reports.drawing.paper import Paper

    whole = read_report(document)
    report = whole.between(first, last)
    title = f"Trend report: {title_of(report.instrument)}"
    paper = Paper(title, f"Content hash {report.content_hash or '–'}", moment(report.generated_at))
    _head(paper, report, title, name, mrn)
    if paper.lacks_glyphs:
        # Two names of another script may both read "????": the paper must still tell whose it is.
        paper.line_of(f"Record {document.get('patient_id') or '–'}", 9)
    paper.section("In figures")
    paper.pairs(figures_in_words(document))
    paper.ln(3)
    size = _TREND if bands_of(report.instrument) else _WITHOUT_BANDS
    drawn = draw_trend(report, size, bounds=(first, last), alone=False)
    paper.ln(paper.picture(drawn, 15, 180) + 1)
    _sessions(paper, document, report)
    _alerts(paper, document)
    paper.section("Notes")
    for note in _notes(report, paper):
        paper.line_of(note, 7.5, soft=True)
    return bytes(paper.output())


def _head(paper: Paper, report: Report, title: str, name: str, mrn: str) -> None:
    paper.line_of(title, 15 if len(title) < _LONG else 12.5, bold=True)
    who = "   ".join(part for part in (name, f"MRN {mrn}" if mrn else "") if part)
    if who:
        paper.ln(0.5)
        paper.line_of(who, 12, bold=True)
    paper.ln(0.8)
    cut = f"data cut: revision {report.cut_revision or '–'} of {report.cut_at or '–'}"
    made = f"rules version {report.rules_version or '–'}  ·  generated {report.generated_at or '–'}"
    paper.line_of(f"Time zone {report.timezone}  ·  {cut}  ·  {made}", 8, soft=True)


def _sessions(paper: Paper, document: Json, report: Report) -> None:
    if not report.sessions:
        paper.section("Treatment sessions")
        paper.line_of(f"{NO_SESSION}.")
        return
    overlay = draw_overlay(report, _OVERLAY, alone=False)
    paper.ln(paper.picture(overlay, 15 + (180 - _OVERLAY_WIDTH) / 2, _OVERLAY_WIDTH) + 1)
    shown = report.sessions[-DRAWING.latest_sessions :]
    among = counted(len(report.sessions), "session")
    paper.section(f"Latest {len(shown)} of {among}, newest first", len(shown) + 1)
    burdens = {str(row.get("session_id")): row for row in rows(document, "side_effects")}
    lines = [_session_row(one, burdens.get(one.id)) for one in reversed(shown)]
    paper.rows(_SESSION_WIDTHS, [_SESSION_HEADS, *lines])
    if (words := _resolved(list(burdens.values()))) is not None:
        paper.ln(1)
        paper.line_of(words)


def _session_row(one: Treated, burden: Json | None) -> Sequence[str]:
    best = number_words(one.nadir)
    if one.nadir_on is not None:
        best = f"{best} (day {(one.nadir_on - one.day).days})"
    return (
        str(one.number),
        day_words(one.day),
        " ".join(part for part in (one.what, one.dose) if part) or "–",
        number_words(one.pre),
        best,
        number_words(one.effect),
        one.duration_days or "–",
        DURATIONS.get(one.duration_status, plain(one.duration_status)) or "–",
        _burden(burden),
    )


def _burden(row: Json | None) -> str:
    if row is None:
        return "–"
    count, grade = number(row.get("count")), number(row.get("max_grade"))
    words = number_words(count)
    return words if grade is None else f"{words}, gr. {number_words(grade)}"


def _resolved(burdens: Sequence[Json]) -> str | None:
    """Side effects over all sessions in one sentence; None when none were reported."""
    if not burdens:
        return None
    found = [table(row, "resolved_within_24h") for row in burdens]
    gone, known = (int(sum(number(f.get(k)) or 0 for f in found)) for k in ("resolved", "known"))
    effects = int(sum(number(row.get("count")) or 0 for row in burdens))
    grades = [grade for row in burdens if (grade := number(row.get("max_grade"))) is not None]
    worst = f", highest grade {number_words(max(grades))} (CTCAE)" if grades else ""
    course = f"; {gone} of {known} with a known course were gone within 24 h" if known else ""
    return f"Side effects: {counted(effects, 'effect')} over all sessions{worst}{course}."


def _alerts(paper: Paper, document: Json) -> None:
    opened = rows(document, "alerts")
    shown = opened[-DRAWING.latest_alerts :]
    paper.section("Alerts", len(shown) + 1)
    if not opened:
        paper.line_of("None opened up to the data cut.")
        return
    zone = find_zone(str(document.get("timezone") or "UTC")) or UTC
    lines = []
    for row in reversed(shown):
        at = moment(row.get("triggered_at"))
        local = at.astimezone(zone) if at else None
        when = f"{day_words(local.date())}, {local:%H:%M}" if local else "–"
        family = plain(str(row.get("family") or "–"))
        lines.append((when, str(row.get("severity") or "–"), str(row.get("rule") or "–"), family))
    paper.rows(_ALERT_WIDTHS, [("opened", "severity", "rule", "about"), *lines])
    if len(shown) < len(opened):
        paper.line_of(f"The newest {len(shown)} of {len(opened)}.", 8, soft=True)


def _notes(report: Report, paper: Paper) -> Iterator[str]:
    if report.instrument == DAILY_FORM:
        yield NOT_VALIDATED
    if report.sessions:
        yield CENSORED
    yield AS_OPENED
    if paper.lacks_glyphs:
        yield GLYPHS
