"""Templates to answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask import Response, current_app, g, render_template, request

from api.browser.guard import csrf_token, is_own_origin
from api.browser.session import ALERT_PAGE, COOKIE, below, end_session, prefix
from api.page.style import ALERT_STYLE
from api.page.typed import typed


def answer(template: str, status: int = 200, **values: Any) -> Response:
    """Render a page; every form in it carries the token of this browser."""
    html = render_template(
        template,
        style=ALERT_STYLE,
        csrf=csrf_token(),
        alert_path=alert_path(),
        root=below(ALERT_PAGE),
        **values,
    )
    response: Response = current_app.response_class(html, status=status, mimetype="text/html")
    return response


def alert_path() -> str:
    """`/a/<alert id>` of this request, as it was called: it tells nobody whether that exists; `/a`
    of the forms that are about none. Behind the path of the public URL.
    """
    parts = request.path.split("/")[:3]
    about_none = parts[2:] in (["log-in"], ["log-out"], ["forgot"], ["push"])
    return prefix() + quote("/".join(parts[:2] if about_none else parts))


def log_in_form(
    status: int = 200,
    problem: str | None = None,
    email: str = "",
    code: bool = False,
    clinics: Sequence[Mapping[str, Any]] = (),
    passkey: str = "",
) -> Response:
    """The log-in: the same for every alert, known or not. `code` asks for the second factor, a
    `passkey` by script, `clinics` which one is meant.
    """
    kept = typed() if is_own_origin() else None
    g.page_session = None
    g.with_scripts = bool(passkey)
    asked = {"problem": problem, "email": email, "code": code, "clinics": clinics}
    asked["passkey"] = passkey
    response = answer("log_in.html", status, **asked, kept=kept)
    if COOKIE in request.cookies:
        end_session(response)
    return response


def message(status: int, title: str, text: str) -> Response:
    """A page that says one thing."""
    return answer("message.html", status, title=title, text=text)
