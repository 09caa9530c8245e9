"""How one is paged oneself: the methods, their order, their proof, and a test page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import loaded
from api.browser.once import SENT_BEFORE, sent_form_id, shown_form_id
from api.browser.session import ALERT_PAGE, below, reader, settings
from api.console.alerts.deliveries import BY, reason_words, state_words
from api.console.shell import back_to, clock, page, shows, takes
from api.http.auth import now
from api.page.clock import Clock
from schemas.contact_methods import MethodCodeIn, MethodIn
from services.access import Action
from services.contact_methods.listing import list_own
from services.contact_methods.order import order_own
from services.contact_methods.own import add_method, new_code, remove_method, try_method, verify
from services.exceptions import ContentConflict, Invalid, MethodCodeInvalid, NotFound, RateLimited

METHOD: Final = MethodIn()
CODE: Final = MethodCodeIn()
HOME: Final = "/on-call/contact"
ONE: Final = f"{HOME}/<uuid:method_id>"
# Of a form whose id is used: what is typed in it is another one from then on.
SPENT: Final = 409
PROVED: Final = "This one is proved already: pages go there."
WRONG: Final = "The code was wrong, used or too old."
KINDS: Final = {"sms": "Text message", "email": "Mail", "webhook": "Webhook"}
NAMES: Final = KINDS | {"webpush": "Browser", "apprise": "Pager"}
DONE: Final = {
    "added": "A code is on its way there. Enter it below: until then nobody is paged there.",
    "code": "Another code is on its way; the one before does not work any more.",
    "test": "A test page is on its way. What became of it stands beside the method: load again.",
    "verified": "You are paged there from now on.",
    "removed": "Removed, and its address with it.",
    "moved": "This is the order from the next page on.",
}


@shows(HOME, Action.OWN_METHODS)
def show_methods() -> Response:
    """The reader's own methods, in the order in which they are paged."""
    return methods_page()


def methods_page(
    status: int = 200,
    error: Invalid | None = None,
    about: UUID | None = None,
    secret: str | None = None,
    problem: str | None = None,
) -> Response:
    """The page; what was wrong stands at the method it is `about`, or at the form of a new one.
    `secret`: what a new webhook's pages are signed with, shown this once.
    """
    times = clock()
    methods = [_method(each, times) for each in list_own(reader().actor, now())["items"]]
    served = [(kind, words) for kind, words in KINDS.items() if kind in settings().method_kinds]
    new = error if about is None else None
    return page(
        "on_call/contact.html",
        status,
        methods=methods,
        kinds=served,
        push=below(ALERT_PAGE) if "webpush" in settings().method_kinds else None,
        errors=new.errors if new else {},
        sent=defaultdict(str, request.form.to_dict() if new else {}),
        wrong=defaultdict(str, {str(about): _sentence(error)} if about and error else {}),
        secret=secret,
        form_id=shown_form_id(again=new is not None and status != SPENT),
        problem=problem,
        done=DONE.get(request.args.get("done", "")),
    )


@takes(HOME, Action.OWN_METHODS)
def post_method_added() -> Response:
    """One more, and a code to it."""
    services = settings().push_services
    try:
        sent = loaded(METHOD, "kind", "address")
        kinds = settings().method_kinds
        actor, form_id = reader().actor, sent_form_id()
        made = add_method(
            actor,
            **sent,
            served=kinds,
            now=now(),
            push_services=services,
            method_id=form_id,
        )
    except Invalid as error:
        return methods_page(422, error)
    except ContentConflict:
        return methods_page(409, Invalid({"": [SENT_BEFORE]}))
    except RateLimited as error:
        return _wait(error)
    if "signing_secret" in made:
        return methods_page(201, secret=made["signing_secret"])
    return _back("added")


@takes(f"{ONE}/verify", Action.OWN_METHODS)
def post_method_code(method_id: UUID) -> Response:
    """Prove it with the code."""
    try:
        verify(reader().actor, method_id, loaded(CODE, "code")["code"], now())
    except (Invalid, MethodCodeInvalid):
        if _is_proved(method_id):
            return methods_page(409, problem=PROVED)
        return methods_page(422, Invalid({"code": [WRONG]}), method_id)
    return _back("verified")


@takes(f"{ONE}/code", Action.OWN_METHODS)
def post_new_code(method_id: UUID) -> Response:
    """Send another code."""
    try:
        new_code(reader().actor, method_id, now())
    except Invalid as error:
        return methods_page(422, error, method_id)
    except RateLimited as error:
        return _wait(error)
    return _back("code")


@takes(f"{ONE}/test", Action.OWN_METHODS)
def post_test_page(method_id: UUID) -> Response:
    """Send a marked page about nobody."""
    try:
        try_method(reader().actor, method_id, now())
    except Invalid as error:
        return methods_page(422, error, method_id)
    except RateLimited as error:
        return _wait(error)
    return _back("test")


@takes(f"{ONE}/sooner", Action.OWN_METHODS)
def post_sooner(method_id: UUID) -> Response:
    """Try it one place sooner."""
    actor = reader().actor
    ids = [each["id"] for each in list_own(actor, now())["items"]]
    if method_id not in ids:
        raise NotFound
    place = ids.index(method_id)
    # From the place at which it was shown: the same form again moves it no further.
    if place > 0 and request.form.get("place", str(place)) == str(place):
        ids[place - 1], ids[place] = ids[place], ids[place - 1]
    order_own(actor, ids, now())
    return _back("moved")


@takes(f"{ONE}/remove", Action.OWN_METHODS)
def post_method_removed(method_id: UUID) -> Response:
    """Take it away."""
    remove_method(reader().actor, method_id, now())
    return _back("removed")


def _is_proved(method_id: UUID) -> bool:
    """By the first press of a form that was sent twice, perhaps."""
    own = list_own(reader().actor, now())["items"]
    return any(each["id"] == method_id and each["verified_at"] for each in own)


def _method(each: Mapping[str, Any], times: Clock) -> dict[str, Any]:
    last, failing = each["last_message"], each["failing_since"]
    return {
        "id": str(each["id"]),
        "kind": NAMES[each["kind"]],
        "by": BY[each["kind"]],
        "address": each["address"],
        "verified": each["verified_at"] is not None,
        "confirmed": each["confirmed_at"] and times.ago(each["confirmed_at"]),
        "failing": failing and times.at(failing),
        "reason": failing and reason_words(each["failing_reason"]),
        "last": last and f"{state_words(each['kind'], last['state'])}, {times.ago(last['at'])}",
    }


def _sentence(error: Invalid) -> str:
    return " ".join(words for found in error.errors.values() for words in found)


def _wait(error: RateLimited) -> Response:
    words = f"Too many messages in this hour. Try again in {error.retry_after_s} seconds."
    response = methods_page(429, problem=words)
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _back(done: str) -> Response:
    return back_to(f"{HOME}?done={done}")
