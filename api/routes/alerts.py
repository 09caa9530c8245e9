"""Alerts: read, take, note, resolve."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, bytes_answer, json_answer
from api.http.polled import IF_NONE_MATCH, TAG, known_tags, polled, tagged_answer
from schemas.alerts import (
    AlertListQuery,
    AlertOut,
    AlertRowOut,
    FeedbackIn,
    FeedbackOut,
    HandOverIn,
    NoteIn,
    NoteOut,
    ResolveIn,
)
from schemas.base import page_of
from schemas.rule_burden import RuleBurdenQuery, RuleBurdensOut
from services.alerts.handling.hand_over import hand_over
from services.alerts.handling.listing import list_alerts
from services.alerts.handling.notes import NewNote, add_note, give_feedback
from services.alerts.handling.ownership import acknowledge
from services.alerts.handling.resolve import Ending, resolve
from services.alerts.handling.show_alerts import get_alert
from services.evaluation.rule_burden import get_rule_burden

routes = Routes("alerts", __name__, description="Alerts: who is in danger, and who answers")


@routes.reads("/v1/alerts", page_of(AlertRowOut), AlertListQuery, [IF_NONE_MATCH], headers=TAG)
@polled(routes)
def get_alerts(query: dict[str, Any]) -> Response:
    """The worklist: all that is not resolved on the first page, by tier, then the oldest."""
    found = list_alerts(current_actor(), now(), **query, known=known_tags())
    return tagged_answer(found.version, found.page)


@routes.reads("/v1/alerts/rules", RuleBurdensOut, RuleBurdenQuery)
def get_rules(query: dict[str, Any]) -> Response:
    """What each rule cost and gave: alerts, pages, times to act, share of noise. About nobody."""
    return json_answer(get_rule_burden(current_actor(), now(), **query))


@routes.reads("/v1/alerts/<uuid:alert_id>", AlertOut)
def get_one_alert(alert_id: UUID) -> Response:
    """One alert with its facts, timeline and deliveries; the read is recorded."""
    return json_answer(get_alert(current_actor(), alert_id, now()))


@routes.writes("/v1/alerts/<uuid:alert_id>/acknowledge", None, AlertOut)
def post_acknowledgement(alert_id: UUID) -> Response:
    """Take the alert, or take it over; paging pauses until the acknowledgement ends."""
    return json_answer(acknowledge(current_actor(), alert_id, now()))


@routes.writes("/v1/alerts/<uuid:alert_id>/hand-over", HandOverIn, AlertOut)
def post_hand_over(body: dict[str, Any], alert_id: UUID) -> Response:
    """Page a colleague, who has the alert when they acknowledge; until then nothing else moves."""
    return json_answer(hand_over(current_actor(), alert_id, body["user_id"], now()))


@routes.writes("/v1/alerts/<uuid:alert_id>/resolve", ResolveIn, AlertOut)
def post_resolution(body: dict[str, Any], alert_id: UUID) -> Response:
    """End the alert with a disposition; the same again is 200, a different one 409."""
    return json_answer(resolve(current_actor(), alert_id, Ending(**body), now()))


@routes.writes("/v1/alerts/<uuid:alert_id>/notes", NoteIn, NoteOut, once=True)
def post_note(body: dict[str, Any], alert_id: UUID) -> Response:
    """Write a note, or how an attempt to reach the patient went."""
    return bytes_answer(add_note(current_actor(), alert_id, NewNote(**body), now()))


@routes.writes("/v1/alerts/<uuid:alert_id>/feedback", FeedbackIn, FeedbackOut)
def post_feedback(body: dict[str, Any], alert_id: UUID) -> Response:
    """Was this alert useful? The last answer of a person counts."""
    return json_answer(give_feedback(current_actor(), alert_id, now(), **body))
