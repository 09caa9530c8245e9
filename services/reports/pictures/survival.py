"""Kaplan-Meier as a picture: steps, censored follow-ups, how many were at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.reports.drawing.frame import Frame
from services.reports.drawing.paint import INK, LINE, SOFT, Painting, Point
from services.reports.drawing.scales import Scale, span_ticks
from services.reports.drawing.symbols import cross
from services.reports.drawing.words import number_words
from services.reports.pictures.captions import ROW, Entry, draw_legend, heading, legend_rows
from services.reports.pictures.reading import Json, number, rows, table

# Told apart by dashes and width as well as by colour.
STYLES: Final = (
    (LINE, "", 2.2),
    (INK, "7 3", 1.8),
    (SOFT, "2 2", 1.8),
    ("#9c3d00", "9 3 2 3", 1.8),
    ("#3d6b00", "", 1.0),
    ("#6a3d9a", "4 4", 1.2),
)
_RISK_ROW: Final = 15.0
_SHARES: Final = ("survival", "share")


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: steps (day, share 0-1, at risk), and the days on which follow-ups ended
    censored. It starts at day 0 with all of `n`.
    """

    label: str
    n: int
    steps: tuple[tuple[float, float, int], ...]
    censored: tuple[float, ...] = ()

    def share_at(self, day: float) -> float:
        """The share that still holds after a day."""
        return next((share for at, share, _ in reversed(self.steps) if at <= day), 1.0)

    def at_risk(self, day: float) -> int:
        """How many were still followed on a day."""
        return next((risk for at, _, risk in self.steps if at >= day), 0) if day else self.n


@dataclass(frozen=True, slots=True)
class Reference:
    """A published point to lay beside the curves: day, share 0-1, and where it is from."""

    day: float
    share: float
    label: str


def read_curve(label: str, steps: Sequence[object], n: float | None = None) -> Curve:
    """Steps as triples (day, share, at risk) or as objects with `days`, `survival`, `at_risk` and
    `censored`; what has no day or share is left out.
    """
    read = [found for step in steps if (found := _step(step)) is not None]
    read.sort()
    first = read[0][2] if read else 0
    return Curve(
        label=label,
        n=first if n is None else int(n),
        steps=tuple((day, share, risk) for day, share, risk, _ in read),
        censored=tuple(day for day, _, _, censored in read if censored),
    )


def effect_curve(document: Json) -> Curve:
    """How long effects held after sessions, from `effect_duration` of the trend JSON."""
    found = table(document, "effect_duration")
    return read_curve("sessions", rows(found, "curve"), number(found.get("n")))


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
    heading(painting, under or "Nothing to follow yet", 16)
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
    legend = legend_rows(list(_legend(curves, references)), width + 40)
    below = 50 + _RISK_ROW * (len(curves) + 1) + ROW * len(legend)
    last = max([28.0, *(s[0] for c in curves for s in c.steps), *(r.day for r in references)])
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
        at = (left + width / 2, (frame.top + frame.bottom) / 2)
        painting.text(at, "Nothing to follow yet", size=13, anchor="middle", colour=SOFT)


def _step(found: object) -> tuple[float, float, int, float] | None:
    """(day, share, at risk, censored) of one step."""
    if isinstance(found, Mapping):
        day, share = (found.get(a, found.get(b)) for a, b in (("days", "day"), _SHARES))
        risk, censored = found.get("at_risk"), found.get("censored")
    elif isinstance(found, Sequence) and len(found) == 3:
        day, share, risk = found
        censored = 0
    else:
        return None
    at, left = number(day), number(share)
    if at is None or left is None:
        return None
    return at, left, int(number(risk) or 0), number(censored) or 0


def _draw_curve(frame: Frame, curve: Curve, style: tuple[str, str, float]) -> None:
    if not curve.steps:
        return
    colour, dash, width = style
    data = f"M{frame.x(0):.2f} {frame.y(1):.2f}"
    for day, share, _ in curve.steps:
        data += f"H{frame.x(day):.2f}V{frame.y(share):.2f}"
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
        _sample(STYLES[place % len(STYLES)])(frame.painting, (frame.left - 34, y - 4))
        for day in days:
            words = str(curve.at_risk(day))
            frame.painting.text((frame.x(day), y), words, size=10.5, anchor="middle")


def _legend(curves: Sequence[Curve], references: Sequence[Reference]) -> list[Entry]:
    entries = [
        Entry(f"{curve.label} (n = {curve.n})", _sample(STYLES[place % len(STYLES)]))
        for place, curve in enumerate(curves)
    ]
    if any(curve.censored for curve in curves):
        entries.append(Entry("tick: follow-up ended before the event (censored)"))
    entries += [Entry(reference.label, _draw_reference) for reference in references]
    return entries


def _sample(style: tuple[str, str, float]) -> Any:
    """Draws a short piece of a line in a style."""
    colour, dash, width = style

    def draw(painting: Painting, at: Point) -> None:
        x, y = at
        painting.line((x - 11, y), (x + 11, y), stroke=colour, width=width, dash=dash)

    return draw


def _describe(curves: Sequence[Curve]) -> str:
    said = []
    for curve in curves:
        last = curve.steps[-1] if curve.steps else None
        end = (
            f", {number_words(100 * last[1])} % after {number_words(last[0])} days" if last else ""
        )
        said.append(f"{curve.label}: n = {curve.n}{end}.")
    return " ".join(said) or "Nothing to follow yet."
