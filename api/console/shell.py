"""What every page of the console stands in: its guard, its frame, and how it is rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from functools import wraps
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, redirect, request
from jinja2 import Environment, StrictUndefined

from api.browser.guard import csrf_token, init_guard, is_own_origin
from api.browser.headers import page_headers
from api.browser.refusals import PageRefusals, Words, init_refusals
from api.browser.session import (
    ALERT_PAGE,
    CONSOLE,
    COOKIE,
    PageSession,
    below,
    end_session,
    reader,
    settings,
)
from api.browser.typed import sent_or_carried
from api.console.files import file_address
from api.http.auth import now, public
from api.http.client_address import is_loopback
from api.http.problems import problem_of
from api.page.clock import Clock
from services import exceptions as refused
from services.access import Action, scopes
from services.accounts.reader import STAFF_ROLES, Reader, get_reader
from services.demo.staff import has_demo
from services.rules.mood_days import find_zone

View = TypeVar("View", bound=Callable[..., Response])

HEADERS: Final = page_headers(
    "'self'",
    form_action="'self'",
    scripts="script-src 'self'; img-src 'self' data:; connect-src 'self'; ",
)


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """A page of the navigation: who sees it there, and what else belongs to it."""

    name: str
    path: str
    roles: frozenset[str]
    beside: tuple[str, ...] = ()


STAFF: Final = frozenset(STAFF_ROLES)
NAVIGATION: Final[Sequence[NavigationEntry]] = (
    NavigationEntry("Today", "/today", frozenset({"clinician"}), beside=("/patients",)),
    NavigationEntry("Alerts", "/alerts", STAFF),
    NavigationEntry("On call", "/on-call", STAFF),
    NavigationEntry("Clinic", "/clinic", frozenset({"admin"})),
    NavigationEntry("Rules", "/rules", STAFF),
)
# Open to whoever has no session yet; every other page asks for one.
OPEN: Final = frozenset(
    f"console.{view}"
    for view in (
        *("show_entrance", "post_log_in", "post_demo", "show_join", "post_join"),
        *("show_sign_in", "begin", "come_back", "post_code"),
    )
)
# What answers staff who have to add a second factor first.
WHILE_ENROLLING: Final = ("/account", "/alerts", "/log-out")
# What a proxy on this machine adds when it speaks for another one.
FORWARDED: Final = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")
WORDS: Final[dict[type[Exception], Words]] = {
    refused.NotFound: (404, "Nothing here", "There is nothing here that you may see."),
    refused.Forbidden: (403, "Not yours", "Your role has no business with this page."),
    refused.AlreadyResolved: (
        409,
        "Already resolved",
        "Somebody has resolved this alert in the meantime. Nothing was changed.",
    ),
}

console = Blueprint("console", __name__, template_folder="templates", url_prefix=CONSOLE)


def shows(rule: str, action: Action) -> Callable[[View], View]:
    """A page at this address below `/console`, for those whose roles may do this at all."""
    return _route("GET", rule, action)


def takes(rule: str, action: Action) -> Callable[[View], View]:
    """What a form sends to this address, likewise."""
    return _route("POST", rule, action)


def _route(method: str, rule: str, action: Action) -> Callable[[View], View]:
    def add(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **values: Any) -> Response:
            scopes(reader().actor, action)
            return view(*args, **values)

        # Two modules may have views of one name.
        module = view.__module__.removeprefix("api.console.").replace(".", "_")
        name = f"{module}_{view.__name__}"
        console.add_url_rule(rule, name, public(checked), methods=[method])
        return view

    return add


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Render a page in the console's frame.

    Beside what is given its template has `session`, `reader` (names of person and clinic), `clock`
    and `now`, and the functions `csrf`, `at` (an address below `/console`) and `file`. Raises
    `Unauthenticated`.
    """
    named = who_reads()
    session = reader()
    frame = {
        "session": session,
        "reader": named,
        "navigation": navigation(session),
        "clock": clock(),
        "now": now(),
    }
    return _html(render(template, **frame, **values), status)


def who_reads() -> Reader:
    """Who reads, asked once a request; the session's actor then has to enrol by what the clinic
    asks for now, whatever it asked for when the log-in began. Raises `Unauthenticated`.
    """
    found: Reader | None = g.get("page_reader")
    if found is None:
        session = reader()
        found = g.page_reader = get_reader(session.actor, now())
        actor = replace(session.actor, must_enrol=found.must_enrol)
        g.page_session = replace(session, actor=actor)
    return found


def fragment(template: str, **values: Any) -> Response:
    """Render a part of a page that is asked for again and again: with an ETag, 304 if unchanged.

    Its template has what was given, and the functions; what changes by itself (an age) is better
    left to the browser, or rounded.
    """
    response = _html(render(template, **values), 200)
    response.add_etag()
    response.make_conditional(request)
    return response


def render(template: str, **values: Any) -> str:
    """A template of the console as text."""
    return _templates().get_template(template).render(**values)


def _templates() -> Environment:
    """The application's templates, strict about names; made once for each application."""
    known: Environment | None = current_app.extensions.get("console_templates")
    if known is not None:
        return known
    base = current_app.jinja_env
    made = base.overlay(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    made.globals = {**base.globals, "csrf": csrf_token, "at": at, "file": file_address}
    current_app.extensions["console_templates"] = made
    return made


def at(path: str) -> str:
    """An address below `/console`, as browsers see it."""
    return below(CONSOLE) + path


def clock() -> Clock:
    """Instants in the zone of whoever reads."""
    return Clock(now(), find_zone(reader().timezone) or UTC)


def back_to(path: str) -> Response:
    """Go on to a page of the console by GET, so that nothing is sent twice."""
    response: Response = redirect(at(path), 303)  # type: ignore[assignment] # werkzeug's base
    return response


def navigation(session: PageSession) -> list[dict[str, Any]]:
    """The pages that the reader's roles have business with, and which one is open."""
    open_now = f"{request.path.removeprefix(CONSOLE)}/"
    return [
        {
            "name": entry.name,
            "path": entry.path,
            "current": any(open_now.startswith(f"{path}/") for path in (entry.path, *entry.beside)),
        }
        for entry in NAVIGATION
        if entry.roles & session.actor.roles and f"{CONSOLE}{entry.path}" in _addresses()
        if entry.path == "/alerts" or not session.actor.must_enrol
    ]


def _addresses() -> frozenset[str]:
    """The addresses of all pages."""
    known: frozenset[str] | None = current_app.extensions.get("console_addresses")
    if known is None:
        known = frozenset(rule.rule for rule in current_app.url_map.iter_rules())
        current_app.extensions["console_addresses"] = known
    return known


def message(status: int, title: str, text: str) -> Response:
    """A page that says one thing. It asks no database: it may say that there is none."""
    session: PageSession | None = g.get("page_session")
    shown = navigation(session) if session else []
    values = {"title": title, "text": text, "navigation": shown, "session": session}
    return _html(render("shell/message.html", **values), status)


def log_in_form(
    status: int = 200,
    problem: str | None = None,
    email: str = "",
    code: bool = False,
    clinics: Sequence[Mapping[str, Any]] = (),
    passkey: str = "",
) -> Response:
    """The log-in, which comes back to where somebody wanted to go with what they typed."""
    kept = sent_or_carried() if is_own_origin() else None
    g.page_session = None
    asked = {"problem": problem, "email": email, "code": code, "clinics": clinics}
    asked["passkey"] = passkey
    forgot = below(f"{ALERT_PAGE}/forgot")
    given = {"kept": kept, "wanted": wanted_page(), "forgot": forgot, "demo": offers_demo()}
    response = frame("shell/log_in.html", status, **asked, **given)
    if COOKIE in request.cookies:
        end_session(response)
    return response


def frame(template: str, status: int = 200, **values: Any) -> Response:
    """Render a page for whoever has no session: without navigation, and asking no database."""
    return _html(render(template, **values), status)


def offers_demo() -> bool:
    """May whoever asks log in as the demo's staff? On the machine that it runs on, and only where
    the settings say that it is the demo. Not by a name that leads here from elsewhere, nor for
    whom a proxy speaks.
    """
    called = urlsplit(f"//{request.host}").hostname or ""
    is_local = called == "localhost" or is_loopback(called)
    is_forwarded = any(name in request.headers for name in FORWARDED)
    is_near = is_loopback(request.remote_addr or "") and is_local and not is_forwarded
    return settings().demo and not settings().trusted_proxies and is_near and has_demo()


def wanted_page() -> str:
    """Where somebody wanted to go, below `/console`: what they opened, or their form carries."""
    if request.method == "GET":
        asked = request.full_path.rstrip("?").removeprefix(CONSOLE)
    else:
        asked = request.form.get("wanted", "")
    return own_page(asked)


def own_page(asked: str) -> str:
    """A page of ours below `/console`, whoever named it; else none."""
    plain = asked.startswith("/") and not asked.startswith("//") and "\\" not in asked
    return asked if plain and asked.isprintable() else ""


def _html(text: str, status: int) -> Response:
    response: Response = current_app.response_class(text, status=status, mimetype="text/html")
    return response


def _headers() -> Mapping[str, str]:
    found: Mapping[str, str] = g.get("page_headers", HEADERS)
    return found


def _needs_session() -> None:
    if request.endpoint not in OPEN:
        # The cookie names the roles; the services compare them with the account.
        if not reader().actor.roles & set(STAFF_ROLES):
            raise refused.Forbidden
        path = request.path.removeprefix(CONSOLE)
        if not path.startswith(WHILE_ENROLLING) and who_reads().must_enrol:
            raise refused.EnrolFirst


def _refused(error: refused.ServiceError) -> Response:
    """What has no words of its own here says what the API does."""
    if isinstance(error, refused.Unavailable):
        return REFUSALS.fault(error)
    problem = problem_of(error)
    return message(problem["status"], problem["title"], problem["detail"])


def _enrol_first(error: refused.ServiceError) -> Response:
    """Whoever opens a page is led to where a second factor is added."""
    return back_to("/account") if request.method == "GET" else _refused(error)


def _first_log_in(error: Exception) -> Response:
    """Whoever has no session is asked for one, and not told that it has ended."""
    if COOKIE not in request.cookies and request.method == "GET":
        return log_in_form(401)
    return REFUSALS.log_in_again(error)


REFUSALS: Final = PageRefusals(WORDS, message, log_in_form, "Open the page again to see.")
init_guard(console, "post_log_in", _headers)
console.before_request(_needs_session)
init_refusals(console, REFUSALS)
console.register_error_handler(refused.Unauthenticated, _first_log_in)
console.register_error_handler(refused.EnrolFirst, _enrol_first)
console.register_error_handler(refused.ServiceError, _refused)
