"""Schedules, their shifts and overrides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.base import PageQuery, page_of
from schemas.on_call import (
    AtQuery,
    CoverageOut,
    NewOverrideOut,
    OnCallNowOut,
    OverrideIn,
    OverrideOut,
    ScheduleIn,
    ScheduleOut,
    SchedulePatchIn,
    ShiftOut,
    SpanQuery,
)
from services.alerts.monitors.nights import coming_nights
from services.on_call.overrides import add_override, end_override, list_overrides
from services.on_call.schedules import (
    change_schedule,
    create_schedule,
    end_schedule,
    get_schedule,
    list_schedules,
)
from services.on_call.shifts import coverage, list_shifts, on_call_now

routes = Routes("on_call", __name__, description="Who is on call")
SCHEDULES = "/v1/on-call/schedules"
ONE = f"{SCHEDULES}/<uuid:schedule_id>"


@routes.writes(SCHEDULES, ScheduleIn, ScheduleOut, status=201)
def post_schedule(body: dict[str, Any]) -> Response:
    """A new schedule; its first member is on call from the beginning."""
    return json_answer(create_schedule(current_actor(), body, now()), 201)


@routes.reads(SCHEDULES, page_of(ScheduleOut), PageQuery)
def get_schedules(query: dict[str, Any]) -> Response:
    """The clinic's schedules, newest first."""
    return json_answer(list_schedules(current_actor(), now(), **query))


@routes.reads(ONE, ScheduleOut)
def get_one_schedule(schedule_id: UUID) -> Response:
    """One schedule."""
    return json_answer(get_schedule(current_actor(), schedule_id, now()))


@routes.writes(ONE, SchedulePatchIn, ScheduleOut, method="PATCH")
def patch_schedule(body: dict[str, Any], schedule_id: UUID) -> Response:
    """Change it from an instant on; earlier shifts stay, and what was planned later is replaced."""
    return json_answer(change_schedule(current_actor(), schedule_id, body, now()))


@routes.writes(ONE, status=204, method="DELETE")
def delete_schedule(schedule_id: UUID) -> None:
    """End it."""
    end_schedule(current_actor(), schedule_id, now())


@routes.reads(f"{ONE}/shifts", page_of(ShiftOut), SpanQuery)
def get_shifts(query: dict[str, Any], schedule_id: UUID) -> Response:
    """The shifts within a span, ascending, cut at its ends; between two of them nobody is."""
    return json_answer(list_shifts(current_actor(), schedule_id, now(), **query))


@routes.writes(f"{ONE}/overrides", OverrideIn, NewOverrideOut, status=201)
def post_override(body: dict[str, Any], schedule_id: UUID) -> Response:
    """Cover a span, or be away; staff for themselves, administrators for everybody."""
    return json_answer(add_override(current_actor(), schedule_id, body, now()), 201)


@routes.reads(f"{ONE}/overrides", page_of(OverrideOut), PageQuery)
def get_overrides(query: dict[str, Any], schedule_id: UUID) -> Response:
    """The overrides, newest first."""
    return json_answer(list_overrides(current_actor(), schedule_id, now(), **query))


@routes.writes(f"{ONE}/overrides/<uuid:override_id>", status=204, method="DELETE")
def delete_override(schedule_id: UUID, override_id: UUID) -> None:
    """Take it back from now on."""
    end_override(current_actor(), schedule_id, override_id, now())


@routes.reads("/v1/on-call/now", OnCallNowOut, AtQuery)
def get_on_call_now(query: dict[str, Any]) -> Response:
    """Who is on call, and who is next, in every schedule."""
    return json_answer(on_call_now(current_actor(), now(), **query))


@routes.reads("/v1/on-call/coverage", CoverageOut, SpanQuery)
def get_coverage(query: dict[str, Any]) -> Response:
    """The gaps within a span, for every schedule, and what is wrong with the coming nights."""
    actor, at = current_actor(), now()
    gaps = coverage(actor, at, **query)
    return json_answer(gaps | {"findings": coming_nights(actor, at)})
