"""Reports to draw, and reading a drawing back: what an SVG holds, as plain values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time
from typing import Any
from xml.etree import ElementTree

import pypdfium2

from services.reports.pictures.visit import visit_pdf
from services.rules.courses import Session
from services.rules.day_series import DayRow
from services.rules.figures.session_effect import Duration, SessionEffect, session_windows
from services.rules.trend.document import TrendReport
from services.rules.trend.numbers import REPORT_NUMBERS
from services.rules.trend.report import trend
from services.rules.trend.treatment import SessionFigures, TreatmentFigures
from tools.simulated_reports import report

__all__ = ["bare", "commands", "pages", "parsed", "paths", "report", "session", "texts"]

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ElementTree.Element:
    """The picture as a tree; fails on what is no XML."""
    return ElementTree.fromstring(svg)  # noqa: S314 -- drawn by us


def texts(svg: str) -> list[str]:
    """Every line of text in it."""
    return [element.text or "" for element in parsed(svg).iter(f"{SVG}text")]


def paths(svg: str, **attributes: str) -> list[str]:
    """The data of the paths with these attributes (`stroke_width` is `stroke-width`)."""
    wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
    return [
        str(element.get("d"))
        for element in parsed(svg).iter(f"{SVG}path")
        if all(element.get(name) == value for name, value in wanted.items())
    ]


def commands(data: str) -> list[tuple[str, tuple[float, ...]]]:
    """Path data as (letter, numbers)."""
    found = re.findall(r"([A-Za-z])([^A-Za-z]*)", data)
    return [
        (letter, tuple(float(number) for number in re.findall(r"-?[\d.]+", rest)))
        for letter, rest in found
    ]


def bare(
    series: Sequence[tuple[str, float | None]],
    *,
    instrument: str = "phq9-daily",
    q9: Sequence[int | None] = (),
    from_day: date | None = None,
    to_day: date | None = None,
    **figures: Any,
) -> TrendReport:
    """A report with nothing but a series, its answers to item 9 and the figures that are named."""
    days = [date.fromisoformat(day) for day, _ in series]
    cut_at = datetime.combine(max(days, default=date(2026, 3, 1)), time(12), tzinfo=UTC)
    nothing = trend(instrument, [], timezone="UTC", data_cut_at=cut_at)
    highest = [*q9, *[None] * len(days)]
    rows = zip(days, series, highest, strict=False)
    of_treatment = {field.name for field in fields(TreatmentFigures)} & figures.keys()
    treatment = replace(nothing.treatment, **{name: figures.pop(name) for name in of_treatment})
    found = replace(
        nothing,
        **{"status": None, "item9": replace(nothing.item9, days=None), **figures},
        series=tuple(DayRow(day, value, answer, 1, False) for day, (_, value), answer in rows),
        treatment=treatment,
    )
    return TrendReport(
        patient_id="p",
        instrument=instrument,
        generated_at=cut_at,
        revision=len(days),
        cut_at=cut_at,
        timezone="UTC",
        numbers=REPORT_NUMBERS,
        figures=found,
        from_day=from_day,
        to_day=to_day,
    )


def session(
    number: int, at: datetime, dose: float | None = None, *, pre: float | None = None
) -> SessionFigures:
    """A session `s1`, `s2` … and the level before it."""
    one = Session(f"s{number}", "c", at, "ketamine", "iv", dose_value=dose, dose_unit="mg")
    (window,) = session_windows([one])
    effect = SessionEffect(pre, False, None, None, 0)
    return SessionFigures(one, one.day(UTC), number, window, effect, Duration("unknown"))


def pages(found: TrendReport, **who: Any) -> list[str]:
    """The words of each page."""
    made = pypdfium2.PdfDocument(visit_pdf(found, **who))
    return [page.get_textpage().get_text_range() for page in made]
