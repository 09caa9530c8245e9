"""The caseload on paper: one page without scripts, a line for each patient."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from flask import Response, current_app, render_template

from api.browser.session import CONSOLE, below
from api.page.sparkline import strip
from api.page.style import PRINT_STYLE, headers
from services.caseload.worklist.listing import Printed
from services.caseload.worklist.statement import CaseloadFilter
from services.rules.mood_days import find_zone, wall_clock

HEADERS: Final = headers(PRINT_STYLE, form_action="'none'")
ORDER: Final = {
    "risk": "Most urgent first.",
    "silence": "Longest silent first.",
    "trend": "Worst course first.",
    "name": "By name.",
}


def caseload_page(printed: Printed, wanted: CaseloadFilter) -> Response:
    """The page, as its printer finds it; instants in the clinic's zone."""
    zone = find_zone(printed.timezone) or UTC
    at = printed.at.astimezone(zone)
    number = len(printed.items)
    html = render_template(
        "caseload.html",
        style=PRINT_STYLE,
        clinic=printed.clinic,
        day=day_in_words(at),
        clock=at.strftime("%H:%M"),
        zone=str(zone),
        order=ORDER[wanted.sort],
        part=part_in_words(wanted),
        count="1 patient" if number == 1 else f"{number} patients",
        more=printed.more,
        undrawn=printed.undrawn,
        drawn=any(row["course"] for row in printed.items),
        items=[line(row, zone) for row in printed.items],
        patients=f"{below(CONSOLE)}/patients",
    )
    response: Response = current_app.response_class(html, mimetype="text/html")
    response.headers.update(HEADERS)
    return response


def part_in_words(wanted: CaseloadFilter) -> str:
    """Which part of the caseload this is, where it is not the whole."""
    parts = []
    if wanted.mine:
        parts.append("Only patients of the reader's own teams.")
    if wanted.q:
        parts.append(f"Only names and numbers with “{wanted.q.strip()}”.")
    return "".join(f" {part}" for part in parts)


def line(row: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    """A row with its instants as the clinic's calendar has them, and its course as a picture."""
    last, course = row["last_session"], row["course"]
    shown = {**row, "course": strip(course) if course and course["days"] else None}
    if last is not None:
        shown["session_day"] = f"{wall_clock(last['started_at'], zone):%Y-%m-%d}"
    return shown


def day_in_words(at: datetime) -> str:
    """`Sunday 22 November 2026`, the same on every machine."""
    return f"{at:%A} {at.day} {at:%B %Y}"
