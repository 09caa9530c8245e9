"""What every request leaves behind: a line of log and counts.

Routes are named by their pattern, never by their values; a body or an id is in none of it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Final

import orjson
import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars
from uuid_utils import uuid7

from api.observability.losses import unnoticed
from api.observability.metrics import FLAGS, RECORDS, REQUESTS, SECONDS

log = structlog.get_logger()

# Where a 201 means that a record was stored: end of the route's pattern -> kind.
STORING: Final = {
    "/check-ins": "check_in",
    "/amend": "amendment",
    "/side-effects": "side_effects",
    "/help-requests": "help_request",
}
# The same of a sync: type of the item -> kind.
SYNCED: Final = {
    "check_in": "check_in",
    "check_in_amendment": "amendment",
    "side_effects": "side_effects",
    "side_effects_amendment": "amendment",
    "help_request": "help_request",
}
# What must never happen there is counted from the first scrape on: 0, then 1.
CRISIS_ROUTE: Final = re.compile(r"/v1/(check-ins|side-effects|help-requests|sync)\b.*")
NEVER: Final = ("500", "503")
# Each process asks itself, and a load balancer asks them all: no line for every time.
ASKED_ALL_THE_TIME: Final = frozenset({"/healthz"})
REQUEST_ID: Final = "X-Request-Id"
# An id, and nothing that could be a name, an address or words.
IS_AN_ID: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9._-]{1,64}")
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def init_requests(app: Flask) -> None:
    """Log, count and time every request.

    An answer may stand on a commit: what fails here is only counted.
    """
    for kind in set(STORING.values()):
        RECORDS.labels(kind)

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()
        g.request_id = request_id(request.headers.get(REQUEST_ID, ""))
        clear_contextvars()
        bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        with unnoticed("request"):
            response.headers[REQUEST_ID] = g.request_id
            _observe(response)
        return response


def expect_no_faults(app: Flask) -> None:
    """Count faults of the crisis routes from 0 on; call it when every route is known."""
    for rule in app.url_map.iter_rules():
        if CRISIS_ROUTE.fullmatch(rule.rule) and "POST" in (rule.methods or ()):
            for status in NEVER:
                REQUESTS.labels(rule.rule, "POST", status)


def count_synced(items: Iterable[tuple[str | None, int]]) -> None:
    """Count what a sync stored for the first time: type of each item, and how it was answered."""
    with unnoticed("request"):
        for kind, status in items:
            if status == 201 and kind in SYNCED:
                RECORDS.labels(SYNCED[kind]).inc()


def request_id(given: str) -> str:
    """The client's own, where it is one, so that both sides find the same line; else a new one."""
    return given if IS_AN_ID.fullmatch(given) else str(uuid7())


def _observe(response: Response) -> None:
    route = request.url_rule.rule if request.url_rule else "unmatched"
    started = g.get("started")
    seconds = 0.0 if started is None else time.perf_counter() - started
    method = request.method if request.method in METHODS else "other"
    status, ms = response.status_code, round(1000 * seconds, 1)
    if route not in ASKED_ALL_THE_TIME:
        log.info("request", method=method, route=route, status=status, ms=ms)
    REQUESTS.labels(route, method, str(status)).inc()
    if started is not None:
        SECONDS.labels(route, method).observe(seconds)
    if status == 201 and method == "POST":
        _count_record(route, response)


def _count_record(route: str, response: Response) -> None:
    kind = STORING.get(route[route.rfind("/") :])
    if kind is None or response.direct_passthrough:
        return
    RECORDS.labels(kind).inc()
    for flag in orjson.loads(response.get_data()).get("flags", ()):
        FLAGS.labels(flag).inc()
