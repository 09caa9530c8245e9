"""What the template of a patient's page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from html import escape
from typing import Any, Final

from api.console.patient import words
from api.console.patient.chart import Chart, draw_chart
from api.console.patient.chart_rows import HEADS
from api.console.patient.facts import answered_by, facts
from api.page.clock import Clock
from services.access import Action
from services.overview.patient import Content, Overview
from services.reports.drawing.words import number_words, title_of, validation_words
from services.reports.pictures.figures_in_words import figures_in_words
from services.reports.pictures.highlights import highlights
from services.rules.instruments.definition import load_instruments
from services.rules.mood_days import find_zone, mood_day_at
from services.rules.session_day.screening import SCREENING_LIST

# name in the address: (words, days back)
RANGES: Final[Mapping[str, tuple[str, int | None]]] = {
    "30": ("30 days", 30),
    "90": ("90 days", 90),
    "365": ("A year", 365),
    "all": ("All", None),
}
USUAL_RANGE: Final = "90"
NEXT: Final = 5  # what comes next of what is due
FORMS: Final = (("pdf", "PDF"), ("png", "PNG"), ("csv", "CSV"))


def since(span: str, today: date) -> date | None:
    """The first day of a range; None for all."""
    days = RANGES[span][1]
    return None if days is None else today - timedelta(days=days - 1)


def shown(found: Overview, span: str, clock: Clock) -> dict[str, Any]:
    """The page as this person sees it."""
    patient, content = found.patient, found.content
    today = mood_day_at(clock.now, find_zone(patient["timezone"]) or UTC)
    return {
        "patient": patient,
        "born": patient["born_on"] and f"{patient['born_on']:%d %b %Y}",
        "age": patient["born_on"] and words.age(patient["born_on"], today),
        "team": found.team,
        "dial": found.dial,
        "clinic": found.clinic,
        "may": {action.name.lower() for action in found.may},
        "accepted": patient["accepted_at"] and clock.at(patient["accepted_at"]),
        "writes_entries": Action.WRITE_ENTRIES in found.may,
        "content": content is not None,
        **(clinical(found, content, span, today, clock) if content else {}),
    }


def clinical(
    found: Overview, content: Content, span: str, today: date, clock: Clock
) -> dict[str, Any]:
    """What is clinical."""
    report = content.report
    return {
        "facts": facts(found, content, clock),
        "instrument": report.instrument,
        "instrument_title": title_of(report.instrument),
        "caution": validation_words(report.instrument),
        "instruments": [
            (one.code, words.short(one.code))
            for one in load_instruments().values()
            if not one.triage
        ],
        "ranges": [(name, text) for name, (text, _) in RANGES.items()],
        "span": span,
        "chart": chart(content, today),
        "heads": HEADS,
        "highlights": highlights(report),
        "figures": figures_in_words(report),
        "cut": {"revision": report.revision, "hash": report.content_hash},
        "forms": FORMS,
        "alerts": [_alert(one, clock) for one in content.alerts],
        **due_now(content.due["items"], clock),
        "sessions": [_session(one, clock) for one in content.sessions],
        "courses": [_course(one) for one in content.courses],
        "screenings": [_screening(one, today) for one in content.screenings],
        "treatments": [_treatment(one) for one in content.treatments],
        "notes": [
            (words.short(one["about"]), clock.at(one["at"]), one["text"]) for one in content.notes
        ],
    }


def chart(content: Content, today: date) -> Chart | None:
    """The drawing of the days asked for; None where nothing is known of them."""
    known = content.report.span
    if known is None:
        return None
    first = content.report.from_day or known[0]
    return draw_chart(content, (first, max(known[1], today)))


def table(drawn: Chart) -> str:
    """The rows of the table, the newest first, as HTML: there may be thousands. Each carries its
    place in the drawing, per mille across and px down.
    """
    kept = columns(drawn)
    return "\n".join(
        f'<tr data-x="{x}"{_down(y)}><th scope="row">{words.day(day.on)}</th>'
        f'<td class="figure">{number_words(day.value)}</td>'
        + "".join(f"<td>{escape(day.cells[place])}</td>" for place in kept)
        + "</tr>"
        for day, (x, y) in zip(reversed(drawn.days), reversed(drawn.places), strict=True)
    )


def _down(y: str) -> str:
    return f' data-y="{y}"' if y else ""


def columns(drawn: Chart) -> Sequence[int]:
    """The columns that have anything in them."""
    return [place for place in range(len(HEADS)) if any(day.cells[place] for day in drawn.days)]


def due_now(items: Sequence[Mapping[str, Any]], clock: Clock) -> dict[str, list[dict[str, Any]]]:
    """What is due and what comes next, apart from what was and what comes later."""
    shown_items = [_due(one, clock) for one in items]
    now = [one for one in shown_items if one["status"] in ("due", "overdue")]
    coming = [one for one in shown_items if one["status"] == "upcoming"]
    past = [one for one in shown_items if one["status"] in ("answered", "expired")]
    return {"due": [*now, *coming[:NEXT]], "due_later": [*coming[NEXT:], *reversed(past)]}


def _alert(one: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    return {
        "id": str(one["id"]),
        "tone": "resolved" if one["status"] == "resolved" else one["severity"],
        "severity": one["severity"],
        "about": words.about(one["family"]),
        "opened": clock.at(one["triggered_at"]),
        "answered": answered_by(one, clock),
    }


def _due(one: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    by = clock.ahead(one["due_at"]) if one["status"] == "due" else clock.at(one["due_at"])
    if one["status"] == "answered":
        by = clock.at(one["answered_at"])
    elif one["status"] == "upcoming":
        by = clock.at(one["opens_at"])
    return {
        "form": words.short(one["instrument"]),
        "why": words.REASON[one["reason"]],
        "status": one["status"],
        "at": by,
    }


def _session(one: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    planned = one["started_at"] > clock.now
    return {
        "id": str(one["id"]),
        "number": one["number"],
        "at": clock.at(one["started_at"]),
        "given": words.given(one),
        "state": "cancelled" if one["cancelled"] else "planned" if planned else "",
        "decided": ", ".join(
            words.DECIDED[one[kind]] for kind in ("clearance", "discharge") if one[kind]
        ),
        "flags": [words.FLAG.get(flag, flag) for flag in one["flags"]],
    }


def _course(one: Mapping[str, Any]) -> dict[str, Any]:
    count = one["sessions"]
    return {
        "id": str(one["id"]),
        "what": f"{words.product(one['product'])}, {one['phase']}",
        "from": words.day(one["started_on"]),
        "to": words.day(one["ended_on"]),
        "sessions": f"{count} session" + ("" if count == 1 else "s"),
        "indication": one["indication"] or "",
    }


def _screening(one: Mapping[str, Any], today: date) -> dict[str, Any]:
    known = SCREENING_LIST.contraindications
    found = [known[code].label if code in known else code for code in one["contraindications"]]
    return {
        "on": words.day(one["screened_on"]),
        "until": words.day(one["expires_on"]),
        "expired": one["expires_on"] < today,
        "found": found,
        "absolute": bool(one["absolute"]),
        "note": one["note"] or "",
    }


def _treatment(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(one["id"]),
        "name": one["name"],
        "kind": words.product(one["kind"]),
        "from": words.day(one["started_on"]),
        "to": words.day(one["stopped_on"]),
    }
