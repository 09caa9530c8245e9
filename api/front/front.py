"""The ASGI application that a server runs: it awaits a body, then gives a thread to the request.

What could be refused here is refused by the application instead: only it can look for danger in
what has arrived, and add the card.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from enum import StrEnum
from typing import Any, Final

import orjson
import structlog

from api.front.arriving import Arrivals, Body, Limits, Receive
from api.front.watchdog import Watchdog
from api.front.wsgi_call import Application, WsgiCall, environ_of
from api.http.auth import NEAR_CRISIS_ROUTE, WITH_A_BODY
from api.http.bodies import SEARCHED_BYTES
from api.http.client_address import address_of
from api.http.edge import security_headers
from api.http.languages import READ_AT_MOST, languages_of
from api.http.problems import MEDIA_TYPE, document
from api.settings import Settings
from services.operations.safety import REASONS
from services.rules.cards.crisis import generic_card
from services.rules.languages.wording import chosen_language, wording

log = structlog.get_logger()

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# Who does not take a part of an answer for so long has gone.
SEND_WITHIN_S: Final = 60.0
LOG_IN: Final = re.compile(r"(/.*)?/a(/[^/]+)?/log-in")
ALERT_WORK: Final = re.compile(
    r"(/.*)?/(readyz|safetyz|a(/.*)?|v1/alerts/[^/]+/(acknowledge|hand-over|resolve|notes))"
)
BROKEN: Final = document(
    500, "internal_error", "Internal error", "We do not know whether this arrived."
)


class Lane(StrEnum):
    """Threads that wait for each other only among themselves."""

    HEALTH = "health"
    CRISIS = "crisis"
    ORDINARY = "ordinary"


def lane_of(method: str, path: str) -> Lane:
    """Whose threads a request takes. A log-in hashes a password: it never takes the crisis lane."""
    if path.rstrip("/") == "/healthz":
        return Lane.HEALTH
    if LOG_IN.fullmatch(path):
        return Lane.ORDINARY
    is_crisis = ALERT_WORK.fullmatch(path) or _carries_danger(method, path)
    return Lane.CRISIS if is_crisis else Lane.ORDINARY


def _carries_danger(method: str, path: str) -> bool:
    """A crisis route, also with a slip in its method: its refusal is searched, which takes time."""
    return method in WITH_A_BODY and NEAR_CRISIS_ROUTE.fullmatch(path) is not None


class Front:
    """An ASGI application around a WSGI one; `alive` says that this process is at work."""

    def __init__(
        self, app: Application, settings: Settings, alive: Callable[[], object] = bool
    ) -> None:
        self._app, self._trusted = app, settings.trusted_proxies
        self._has_address = bool(settings.public_url)
        self._headers = security_headers(settings)
        self._arrivals = Arrivals(
            Limits(
                first_s=settings.body_first_s,
                longest_s=settings.body_longest_s,
                kept_bytes=max(settings.max_body_bytes, SEARCHED_BYTES) + 1,
                read_bytes=settings.max_drain_bytes,
            )
        )
        threads = {
            Lane.HEALTH: 1,
            Lane.CRISIS: settings.crisis_threads,
            Lane.ORDINARY: settings.api_threads,
        }
        self._lanes: dict[Lane, Executor] = {
            lane: ThreadPoolExecutor(count, f"{lane}-lane") for lane, count in threads.items()
        }
        self._watchdog = Watchdog(self, settings.deaf_s, settings.data_dir, alive=alive)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            body = self._expected(scope)
            if body is not None:
                await self._arrivals.read(body, receive)
            call = WsgiCall(self._app, environ_of(scope, body))
            await self._answer(scope, call, send)

    def _expected(self, scope: Scope) -> Body | None:
        """The body that a request announces."""
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"").decode("latin-1")
        declared = int(length) if length.isdecimal() else None
        if b"transfer-encoding" not in headers and not declared:
            return None
        peer = (scope.get("client") or ("",))[0]
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        client = address_of(peer, forwarded, self._trusted)
        # A proxy that we trust buffers, and sends for many.
        return Body(client if client == address_of(peer, "", ()) else None, declared)

    async def _answer(self, scope: Scope, call: WsgiCall, send: Send) -> None:
        """Run the application and send what it answers, part by part."""
        lane = self._lanes[lane_of(scope["method"], scope["path"])]
        # The request's context variables go with it from thread to thread, and end with it.
        context, loop = copy_context(), asyncio.get_running_loop()

        def run(step: Callable[[], tuple[bytes, bool]]) -> Awaitable[tuple[bytes, bool]]:
            return loop.run_in_executor(lane, context.run, step)

        came = loop.time()
        try:
            part, is_last = await run(call.begin)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client is answered
            log.error("request_lost", kind=type(error).__name__)
            danger = _carries_danger(scope["method"], scope["path"])
            await _send_broken(send, self._headers, _last_card(scope) if danger else {})
            return
        try:
            if call.hold_s:
                await asyncio.sleep(came + call.hold_s - loop.time())
            await send(
                {"type": "http.response.start", "status": call.status, "headers": call.headers}
            )
            while not is_last:
                async with asyncio.timeout(SEND_WITHIN_S):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                part, is_last = await run(call.more)
            await send({"type": "http.response.body", "body": part, "more_body": False})
        finally:
            if not is_last:
                lane.submit(context.copy().run, call.close)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._watchdog.start(asyncio.get_running_loop())
                if not self._has_address:
                    log.warning("no_public_url", meaning=REASONS["no_public_url"])
                await send({"type": "lifespan.startup.complete"})
            else:
                self._watchdog.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _last_card(scope: Scope) -> dict[str, Any]:
    """With whom to call, in the language that the request asks for."""
    asked = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    words = wording(chosen_language(*languages_of(asked[:READ_AT_MOST])), {})
    return {"safety": generic_card(committed=None, level="crisis", wording=words)}


async def _send_broken(send: Send, headers: dict[str, str], card: dict[str, Any]) -> None:
    """The last words when the application had none; on a crisis route, with the card."""
    sent = headers | {"Content-Type": MEDIA_TYPE}
    raw = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": 500, "headers": raw})
    await send(
        {"type": "http.response.body", "body": orjson.dumps(BROKEN | card), "more_body": False}
    )
