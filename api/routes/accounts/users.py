"""The clinic's accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.accounts import UserOut, UserPatchIn
from schemas.base import PageQuery, page_of
from services.membership.reset_factor import reset_factor
from services.membership.users import change_user, list_users

routes = Routes("users", __name__, description="Accounts of the clinic")


@routes.reads("/v1/users", page_of(UserOut), PageQuery)
def get_users(query: dict[str, Any]) -> Response:
    """The clinic's accounts, newest first; patients' accounts for administrators only."""
    return json_answer(list_users(current_actor(), now(), query["limit"], query.get("cursor")))


@routes.writes("/v1/users/<uuid:user_id>", UserPatchIn, UserOut, method="PATCH")
def patch_user(body: dict[str, Any], user_id: UUID) -> Response:
    """Change roles, switch off or on; holds from that person's next request."""
    return json_answer(change_user(current_actor(), user_id, now(), **body))


@routes.writes("/v1/users/<uuid:user_id>/reset-factor", status=204)
def post_factor_reset(user_id: UUID) -> None:
    """Take a lost second factor from a colleague's account; every device of theirs is logged out,
    and they are written to.
    """
    reset_factor(current_actor(), user_id, now())
