"""Courses of treatment, and other treatment alongside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, bytes_answer, json_answer
from schemas.base import PageQuery, page_of
from schemas.clinicians.treatment import (
    ConcomitantChangeIn,
    ConcomitantIn,
    ConcomitantOut,
    CourseChangeIn,
    CourseIn,
    CourseOut,
)
from services.treatment.concomitant import add_treatment, list_treatments, stop_treatment
from services.treatment.courses import change_course, create_course, list_courses

routes = Routes("courses", __name__, description="Courses of treatment")
COURSES = "/v1/patients/<uuid:patient_id>/courses"
OTHERS = "/v1/patients/<uuid:patient_id>/concomitant-treatments"


@routes.writes(COURSES, CourseIn, CourseOut, once=True)
def post_course(body: dict[str, Any], patient_id: UUID) -> Response:
    """Begin a course; with an `id` of the client's, exactly once."""
    record_id = body.pop("id", None)
    return bytes_answer(create_course(current_actor(), patient_id, record_id, body, now()))


@routes.reads(COURSES, page_of(CourseOut), PageQuery)
def get_courses(query: dict[str, Any], patient_id: UUID) -> Response:
    """A patient's courses, newest first."""
    return json_answer(list_courses(current_actor(), patient_id, now=now(), **query))


@routes.writes(f"{COURSES}/<uuid:course_id>", CourseChangeIn, CourseOut, method="PATCH")
def patch_course(body: dict[str, Any], patient_id: UUID, course_id: UUID) -> Response:
    """Correct or end a course; every earlier report keeps what was known then."""
    return json_answer(change_course(current_actor(), patient_id, course_id, body, now()))


@routes.writes(OTHERS, ConcomitantIn, ConcomitantOut, once=True)
def post_treatment(body: dict[str, Any], patient_id: UUID) -> Response:
    """Note another treatment, with its dates."""
    record_id = body.pop("id", None)
    return bytes_answer(add_treatment(current_actor(), patient_id, record_id, body, now()))


@routes.reads(OTHERS, page_of(ConcomitantOut), PageQuery)
def get_treatments(query: dict[str, Any], patient_id: UUID) -> Response:
    """Other treatment alongside, newest first."""
    return json_answer(list_treatments(current_actor(), patient_id, now=now(), **query))


@routes.writes(f"{OTHERS}/<uuid:record_id>", ConcomitantChangeIn, ConcomitantOut, method="PATCH")
def patch_treatment(body: dict[str, Any], patient_id: UUID, record_id: UUID) -> Response:
    """Say when it stopped."""
    return json_answer(
        stop_treatment(current_actor(), patient_id, record_id, body["stopped_on"], now())
    )
