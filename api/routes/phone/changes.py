"""What has changed since a phone last asked: for the copy that it keeps."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes
from api.http.polled import IF_NONE_MATCH, TAG, polled, polled_answer
from schemas.phone.changes import ChangesOut, ChangesQuery
from services.intake.changes import list_changes

routes = Routes("changes", __name__, description="What has changed since a phone last asked")


@routes.reads("/v1/changes", ChangesOut, ChangesQuery, [IF_NONE_MATCH], headers=TAG)
@polled(routes)
def get_changes(query: dict[str, Any]) -> Response:
    """What is new or otherwise than at the cursor, all of it without one; an empty page is the end
    for now.
    """
    return polled_answer(list_changes(current_actor(), now=now(), **query))
