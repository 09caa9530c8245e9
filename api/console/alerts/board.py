"""The board of the alerts: what is open, most urgent first, live while it is on a screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from flask import Response, current_app, request

from api.browser.session import reader
from api.console.shell import clock, page, render, shows
from api.http.auth import now
from api.page.clock import Clock, span
from api.page.evidence import rule
from api.page.words import DISPOSITION, SEVERITY, family, next_due
from services.access import Action, Actor
from services.alerts.handling.board import Board, read_board
from services.channels.base import short_id

EVERY_S: Final = 3
DRILL: Final = "drill"
NOBODY_HAS_IT: Final = "Nobody has it"


@shows("/alerts", Action.READ_ALERTS)
def show_board() -> Response:
    """The board in its page."""
    found = read_board(reader().actor, now())
    return page("alerts/alerts.html", board=shown_board(found), tag=found.version, every=EVERY_S)


@shows("/alerts/board", Action.READ_ALERTS)
def show_board_part() -> Response:
    """The board alone; 304 without a body while what is on the screen still holds."""
    asked = request.headers.get("If-None-Match", "").removeprefix("W/").strip('"')
    found = read_board(reader().actor, now(), asked)
    response: Response = current_app.response_class(mimetype="text/html")
    response.set_etag(found.version)
    if found.items is None:
        response.status_code = 304
    else:
        response.set_data(render("alerts/board.html", board=shown_board(found)))
    return response


def shown_board(found: Board) -> dict[str, Any]:
    """The rows in words; ages and times to go are as of this minute."""
    actor, times = reader().actor, clock()
    items = found.items or ()
    rows = [open_row(each, actor, times) for each in items if each["status"] != "resolved"]
    return {
        "tiers": list(_tiers(rows)),
        "ended": [ended_row(each, times) for each in items if each["status"] == "resolved"],
        "alarms": " ".join(each["alarm"] for each in rows if each["alarm"]),
    }


def open_row(alert: Mapping[str, Any], actor: Actor, times: Clock) -> dict[str, Any]:
    """An alert that nobody has resolved."""
    nobody = alert["status"] == "triggered"
    mine = not nobody and alert["acknowledged_by"] == actor.user_id
    return {
        "id": str(alert["id"]),
        "number": short_id(alert["id"]),
        "tier": alert["severity"],
        "patient": alert["patient"],
        "about_nobody": alert["patient_id"] is None,
        "family": family(alert["family"]),
        "rule": None if alert["family"] == DRILL else rule(alert["rule"]),
        "entries": alert["occurrence_count"],
        "waits": span(times.now - alert["triggered_at"]),
        "opened": times.at(alert["triggered_at"]),
        "newest": times.ago(alert["newest_occurrence_at"]),
        "nobody": nobody,
        "mine": mine,
        "state": _state(alert, times, mine=mine),
        "owner": "" if nobody else str(alert["acknowledged_by"]),
        "owner_name": None if nobody else alert["acknowledged_by_name"],
        "next": next_due(alert, times),
        "may_act": alert["may_act"],
        "alarm": _alarm(alert),
    }


def ended_row(alert: Mapping[str, Any], times: Clock) -> dict[str, Any]:
    """One that ended today; a drill may have ended by itself."""
    how = alert["disposition"]
    return {
        "id": str(alert["id"]),
        "tier": alert["severity"],
        "patient": alert["patient"],
        "family": family(alert["family"]),
        "at": times.at(alert["resolved_at"]),
        "how": None if how is None else DISPOSITION[how].partition(" (")[0],
        "by": alert["resolved_by_name"],
    }


def _state(alert: Mapping[str, Any], times: Clock, *, mine: bool) -> str:
    if alert["status"] == "triggered":
        return NOBODY_HAS_IT
    since = times.at(alert["acknowledged_at"])
    return f"You have it since {since}" if mine else f"Taken at {since}"


def _alarm(alert: Mapping[str, Any]) -> str:
    """Another one when a critical alert that nobody has comes, comes again, or pages anew."""
    if alert["severity"] != "critical" or alert["status"] != "triggered":
        return ""
    return f"{alert['id']}.{alert['page_round']}.{alert['occurrence_count']}"


def _tiers(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for tier, words in SEVERITY.items():
        found = [each for each in rows if each["tier"] == tier]
        if found:
            yield {"tier": tier, "words": words, "rows": found}
