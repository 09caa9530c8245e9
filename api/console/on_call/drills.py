"""Drills: a marked alert about nobody goes down the real chain, and its times are measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from api.browser.forms import loaded
from api.browser.session import reader
from api.console.alerts.deliveries import length, seconds_words, state_words, to_whom
from api.console.shell import back_to, clock, page, shows, takes
from api.http.auth import now
from api.page.clock import Clock
from schemas.drills import DrillIn
from services.access import Action, Scope, scopes
from services.alerts.drills import list_drills, start_drill
from services.exceptions import DrillRunning, Forbidden, Invalid
from services.rules.foresight import SEVERITIES

HOME: Final = "/on-call/drills"
DRILL: Final = DrillIn()
SHOWN: Final = 20


@shows(HOME, Action.READ_CLINIC)
def show_drills() -> Response:
    """The drills and what they measured."""
    return drills_page()


def drills_page(status: int = 200, problem: str | None = None) -> Response:
    """The page; `problem`: why none was started."""
    listed, times = list_drills(reader().actor, now(), SHOWN, None), clock()
    return page(
        "on_call/drills.html",
        status,
        drills=[_drill(each, times) for each in listed["items"]],
        figures={
            name: _figure(listed["figures"][name]) for name in ("to_page_s", "to_acknowledge_s")
        },
        count=listed["figures"]["drills"],
        severities=[(each, each) for each in SEVERITIES],
        may_start=_may_start(),
        problem=problem,
    )


@takes(HOME, Action.CHANGE_CLINIC)
def post_drill_started() -> Response:
    """Let one down the real chain."""
    try:
        start_drill(reader().actor, loaded(DRILL, "severity")["severity"], now())
    except DrillRunning as error:
        return drills_page(409, error.detail)
    except Invalid:
        return drills_page(422, "Choose down which chain.")
    return back_to(HOME)


def _may_start() -> bool:
    try:
        return Scope.CLINIC in scopes(reader().actor, Action.CHANGE_CLINIC)
    except Forbidden:
        return False


def _drill(each: Mapping[str, Any], times: Clock) -> dict[str, Any]:
    began = each["started_at"]
    taken = each["acknowledged_at"]
    return {
        "alert_id": each["alert_id"],
        "severity": each["severity"],
        "at": times.at(began),
        "running": each["ended_at"] is None,
        "pages": [_page(one) for one in each["pages"]],
        "taken": None if taken is None else length(taken, began),
        "by": each["acknowledged_by"],
        "step": each["acknowledged_step"],
    }


def _page(one: Mapping[str, Any]) -> dict[str, Any]:
    sent = one["sent_at"]
    return {
        "to": to_whom(one),
        "state": state_words(one["channel"], one["state"]),
        "after": None if sent is None else length(sent, one["queued_at"]),
    }


def _figure(figure: Mapping[str, Any]) -> dict[str, Any]:
    seconds = {name: figure[name] for name in ("median", "max")}
    words = {name: each and seconds_words(each) for name, each in seconds.items()}
    return {"answered": figure["answered"], **words}
