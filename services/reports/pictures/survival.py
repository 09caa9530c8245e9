"""Kaplan-Meier as a picture: steps, censored follow-ups, how many were at risk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.reports.drawing.axes import Frame, Scale, span_ticks
from services.reports.drawing.paint import INK, LINE, SOFT, Painting, Point
from services.reports.drawing.symbols import cross
from services.reports.drawing.words import counted, number_words
from services.reports.pictures.captions import (
    ROW,
    LegendEntry,
    draw_legend,
    heading,
    legend_rows,
    line_sample,
)
from services.rules.statistics import Step
from services.rules.trend.document import TrendReport

# Distinguished by dashes and width as well as by colour.
STYLES: Final = (
    (LINE, 2.2, ""),
    (INK, 1.8, "7 3"),
    (SOFT, 1.8, "2 2"),
    ("#9c3d00", 1.8, "9 3 2 3"),
    ("#3d6b00", 1.0, ""),
    ("#6a3d9a", 1.2, "4 4"),
)
NOTHING: Final = "Nothing to follow yet"
_RISK_ROW: Final = 15.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan-Meier curve with its name. It starts at day 0 with all of `n`."""

    label: str
    n: int
    steps: tuple[Step, ...]

    def share_at(self, day: float) -> float:
        """The share (0-1) that still holds after a day."""
        return next((float(one.survival) for one in reversed(self.steps) if one.days <= day), 1.0)

    def at_risk(self, day: float) -> int:
        """How many were still followed on a day."""
        return next((one.at_risk for one in self.steps if one.days >= day), 0) if day else self.n

    @property
    def censored(self) -> tuple[int, ...]:
        """The days on which follow-ups ended censored."""
        return tuple(one.days for one in self.steps if one.censored)


@dataclass(frozen=True, slots=True)
class Reference:
    """A published point to lay beside the curves: day, share 0-1, and where it is from."""

    day: float
    share: float
    label: str


def effect_curves(report: TrendReport) -> list[Curve]:
    """How long effects held after sessions; both bounds, where losses fell into gaps."""
    found = report.figures.treatment.effect_duration
    latest = Curve("sessions", found.n, found.curve)
    if found.earliest is None or found.earliest.curve == found.curve:
        return [latest]
    earliest = Curve("losses at the start of their gap", found.n, found.earliest.curve)
    return [replace(latest, label="losses at the end of their gap"), earliest]


def draw_effects(report: TrendReport, size: tuple[float, float]) -> Painting:
    """The curves of a report's sessions, not yet written."""
    curves, found = effect_curves(report), report.figures.treatment.effect_duration
    painting = Painting(*size, "How long the effect of a session held", _describe(curves))
    losses = counted(found.events, "loss", "losses")
    heading(painting, f"{counted(found.n, 'effect')} followed  ·  {losses} seen")
    box = ((60, 60), (size[0] - 80, size[1] - 70))
    draw_survival(painting, box, curves, ("days since treatment", "still holding"))
    return painting


def survival_svg(
    curves: Sequence[Curve],
    *,
    title: str,
    across: str,
    up: str,
    width: int = 640,
    height: int = 380,
    references: Sequence[Reference] = (),
) -> str:
    """The curves as SVG; `across` and `up` say what the axes measure (days, and a share)."""
    painting = Painting(width, height, title, _describe(curves))
    under = ", ".join(f"{curve.label}: n = {curve.n}" for curve in curves)
    heading(painting, under or NOTHING)
    draw_survival(painting, ((60, 60), (width - 80, height - 70)), curves, (across, up), references)
    return painting.svg()


def draw_survival(
    painting: Painting,
    box: tuple[Point, Point],
    curves: Sequence[Curve],
    axes: tuple[str, str],
    references: Sequence[Reference] = (),
) -> None:
    """The curves within a box (left upper corner, size); axis words outside of it to the left."""
    (left, top), (width, height) = box
    legend = legend_rows(_legend(curves, references), width + 40)
    below = 50 + _RISK_ROW * (len(curves) + 1) + ROW * len(legend)
    ends = [curve.steps[-1].days for curve in curves if curve.steps]
    last = max([28.0, *ends, *(one.day for one in references)])
    frame = Frame(
        painting,
        Scale(0, last, left, left + width),
        Scale(0, 1, top + max(40.0, height - below), top),
    )
    days = span_ticks(last, int(width / 46))
    frame.value_axis([(share / 4, f"{25 * share} %") for share in range(5)], axes[1])
    frame.across_axis([(day, str(day)) for day in days])
    middle = (left + width / 2, frame.bottom + 32)
    painting.text(middle, axes[0], size=11, anchor="middle", colour=SOFT)
    frame.axes()
    for place, curve in enumerate(curves):
        _draw_curve(frame, curve, STYLES[place % len(STYLES)])
    for reference in references:
        _draw_reference(painting, (frame.x(reference.day), frame.y(reference.share)))
    _draw_at_risk(frame, curves, days)
    draw_legend(painting, legend, (left - 40, top + height - ROW * len(legend)))
    if not any(curve.steps for curve in curves):
        frame.note(NOTHING, 13)


def _draw_curve(frame: Frame, curve: Curve, style: tuple[str, float, str]) -> None:
    if not curve.steps:
        return
    colour, width, dash = style
    data = f"M{frame.x(0):.2f} {frame.y(1):.2f}"
    for step in curve.steps:
        data += f"H{frame.x(step.days):.2f}V{frame.y(float(step.survival)):.2f}"
    frame.painting.path(data, stroke=colour, width=width, dash=dash)
    ticks = (
        f"M{frame.x(day):.2f} {frame.y(curve.share_at(day)) - 5:.2f}v10" for day in curve.censored
    )
    frame.painting.path("".join(ticks), stroke=colour, width=1.4)


def _draw_reference(painting: Painting, at: Point) -> None:
    painting.path(cross(at, 4.5), stroke=INK, width=2)


def _draw_at_risk(frame: Frame, curves: Sequence[Curve], days: Sequence[int]) -> None:
    y = frame.bottom + 50
    frame.painting.text((frame.left - 44, y), "at risk", size=10.5, colour=SOFT)
    for place, curve in enumerate(curves):
        y += _RISK_ROW
        line_sample(*STYLES[place % len(STYLES)])(frame.painting, (frame.left - 34, y - 4))
        for day in days:
            words = str(curve.at_risk(day))
            frame.painting.text((frame.x(day), y), words, size=10.5, anchor="middle")


def _legend(curves: Sequence[Curve], references: Sequence[Reference]) -> Iterator[LegendEntry]:
    for place, curve in enumerate(curves):
        sample = line_sample(*STYLES[place % len(STYLES)])
        yield LegendEntry(f"{curve.label} (n = {curve.n})", sample)
    if any(curve.censored for curve in curves):
        yield LegendEntry("tick: follow-up ended before the event (censored)")
    for reference in references:
        yield LegendEntry(reference.label, _draw_reference)


def _describe(curves: Sequence[Curve]) -> str:
    sentences = []
    for curve in curves:
        end = ""
        if curve.steps:
            last = curve.steps[-1].days
            end = f", {number_words(100 * curve.share_at(last))} % after {last} days"
        sentences.append(f"{curve.label}: n = {curve.n}{end}.")
    return " ".join(sentences) or f"{NOTHING}."
