"""What every request of a page passes: headers that allow nothing, CSRF token, Origin check."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, request

from api.browser.session import page_keys, read_session, set_cookie, settings
from schemas.base import NOTE_LIMIT

FORM_COOKIE: Final = "interlude_form"
# Two texts of the longest that is taken, of letters that take 4 bytes, each written as 3.
FORM_LIMIT: Final = 2 * 12 * NOTE_LIMIT + 16_000
AUTHOR: Final = "."
NONCE_BYTES: Final = 32


class FormRefused(Exception):
    """A form that did not come from our own page, or from one that is too old."""


def init_guard(page: Blueprint, log_in: str, headers: Callable[[], Mapping[str, str]]) -> None:
    """Guard every view of the blueprint, whose log-in is this view; `headers`: of every answer."""

    @page.before_request
    def check() -> None:
        check_form(is_log_in=request.endpoint == f"{page.name}.{log_in}")

    @page.after_request
    def complete(response: Response) -> Response:
        response.headers.update(headers())
        # The cookie that the next form is checked against.
        if FORM_COOKIE not in request.cookies and "page_nonce" in g:
            set_cookie(response, FORM_COOKIE, g.page_nonce)
        return response


def check_form(*, is_log_in: bool) -> None:
    """Before a POST is looked at: does it come from our page? Raises `FormRefused`."""
    request.max_content_length = FORM_LIMIT
    g.page_nonce = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(NONCE_BYTES)
    # Whoever logs in is nobody yet, also when another tab has logged in meanwhile.
    g.page_session = None if is_log_in else read_session()
    if request.method != "POST":
        return
    sent = request.form.get("csrf", "").partition(AUTHOR)[0].encode()
    known = FORM_COOKIE in request.cookies
    ours = any(hmac.compare_digest(sent, token.encode()) for token in _csrf_tokens())
    if not (known and is_own_origin() and ours):
        raise FormRefused


def is_own_origin() -> bool:
    """Does the Origin header name us, by our public address or by the one that was called?"""
    origin = request.headers.get("Origin", "")
    public = urlsplit(settings().public_url)
    ours = {f"{request.scheme}://{request.host}"}
    if public.netloc:
        ours.add(f"{public.scheme}://{public.netloc}")
    return origin in ours


def csrf_token() -> str:
    """The token of this browser and this log-in; the same as long as both and the key last. Behind
    it stands who is logged in.
    """
    token = _csrf_tokens()[-1]
    return f"{token}{AUTHOR}{g.page_session.actor.user_id}" if g.page_session else token


def author_of_form() -> str:
    """Who was shown the form that was sent, by its token; empty where nobody was logged in. Nothing
    is opened by it: it only keeps what was typed from everybody else.
    """
    return request.form.get("csrf", "").partition(AUTHOR)[2]


def _csrf_tokens() -> list[str]:
    """By each key that holds, the newest last."""
    session = g.page_session
    bound_to = str(session.actor.family_id) if session else "nobody"
    content = f"{g.page_nonce}.{bound_to}".encode()
    return [hmac.new(key, content, hashlib.sha256).hexdigest() for key in page_keys(b"forms")]
