"""How members of staff are reached."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, current_app

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.settings import Settings
from schemas.base import page_of
from schemas.contact_methods import (
    MethodCodeIn,
    MethodIn,
    MethodOrderIn,
    MethodOut,
    NewMethodOut,
    PagerIn,
    PushKeyOut,
    SentPageOut,
)
from services.contact_methods.listing import list_of, list_own
from services.contact_methods.order import order_of, order_own
from services.contact_methods.own import (
    add_method,
    new_code,
    remove_method,
    try_method,
    verify,
)
from services.contact_methods.pagers import add_pager, remove_pager

METHODS = page_of(MethodOut)
routes = Routes("contact methods", __name__, description="How members of staff are reached")
ONE = "/v1/me/contact-methods/<uuid:method_id>"
ALL_OF = "/v1/users/<uuid:user_id>/contact-methods"


@routes.reads("/v1/me/contact-methods", METHODS)
def get_own_methods() -> Response:
    """My contact methods, in the order in which they are paged; the account's mail comes last."""
    return json_answer(list_own(current_actor(), now()))


@routes.writes("/v1/me/contact-methods", MethodIn, NewMethodOut, status=201)
def post_method(body: dict[str, Any]) -> Response:
    """Add one; a code is sent there, and nobody is paged there before it came back."""
    settings: Settings = current_app.config["INTERLUDE"]
    made = add_method(
        current_actor(),
        **body,
        served=settings.method_kinds,
        now=now(),
        push_services=settings.push_services,
    )
    return json_answer(made, 201)


@routes.writes("/v1/me/contact-methods/order", MethodOrderIn, METHODS, method="PUT")
def put_own_order(body: dict[str, Any]) -> Response:
    """The order in which mine are tried; all of them, once each."""
    return json_answer(order_own(current_actor(), body["method_ids"], now()))


@routes.reads("/v1/me/push-key", PushKeyOut)
def get_push_key() -> Response:
    """What a browser subscribes with (`applicationServerKey`)."""
    settings: Settings = current_app.config["INTERLUDE"]
    return json_answer({"public_key": settings.push_key.public})


@routes.writes(f"{ONE}/verify", MethodCodeIn, MethodOut)
def verify_method(body: dict[str, Any], method_id: UUID) -> Response:
    """Prove it with the code."""
    return json_answer(verify(current_actor(), method_id, body["code"], now()))


@routes.writes(f"{ONE}/code", status=204)
def send_new_code(method_id: UUID) -> None:
    """Send another code; the one before is void."""
    new_code(current_actor(), method_id, now())


@routes.writes(f"{ONE}/test", None, SentPageOut, status=202)
def send_test_page(method_id: UUID) -> Response:
    """Send a marked page about nobody."""
    return json_answer(try_method(current_actor(), method_id, now()), 202)


@routes.writes(ONE, status=204, method="DELETE")
def delete_method(method_id: UUID) -> None:
    """Remove it, its address with it."""
    remove_method(current_actor(), method_id, now())


@routes.reads(ALL_OF, METHODS)
def get_methods_of(user_id: UUID) -> Response:
    """A member of staff's contact methods; addresses are cut short."""
    return json_answer(list_of(current_actor(), user_id, now()))


@routes.writes(ALL_OF, PagerIn, MethodOut, status=201)
def post_pager(body: dict[str, Any], user_id: UUID) -> Response:
    """Add a method by Apprise for a member of staff: they get the code, and are not paged before
    they have entered it. The URL is a secret and never shown.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    private = settings.method_private
    made = add_pager(current_actor(), user_id, body["address"], now(), private=private)
    return json_answer(made, 201)


@routes.writes(f"{ALL_OF}/<uuid:method_id>", status=204, method="DELETE")
def delete_pager(user_id: UUID, method_id: UUID) -> None:
    """Remove a method by Apprise, its URL with it."""
    remove_pager(current_actor(), user_id, method_id, now())


@routes.writes(f"{ALL_OF}/order", MethodOrderIn, METHODS, method="PUT")
def put_order_of(body: dict[str, Any], user_id: UUID) -> Response:
    """The order in which a member of staff's are tried; all of them, once each."""
    return json_answer(order_of(current_actor(), user_id, body["method_ids"], now()))
