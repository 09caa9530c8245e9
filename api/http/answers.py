"""Answers that a service has already rendered."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, current_app

from services.exactly_once import FirstAnswer


def bytes_answer(answered: FirstAnswer) -> Response:
    """The kept bytes, as they are."""
    response: Response = current_app.response_class(
        answered.body, status=answered.status, mimetype="application/json"
    )
    return response


def json_answer(document: Any, status: int = 200) -> Response:
    """A document written by orjson in the shape that its schema documents; instants end in Z."""
    body = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    response: Response = current_app.response_class(
        body, status=status, mimetype="application/json"
    )
    return response
