"""Costly requests, of an account or of nobody, wait for each other and stop no one else (A5b)."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from math import ceil
from uuid import uuid4

import pytest

from api.play.phones import Reply
from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import Person, made_up_email
from tests.fixtures.running import RunningService

COSTLY = 20
POSTS = 10


def picture(running: RunningService, pat: Person) -> Reply:
    return running.send("GET", "/v1/me/trend", {**pat.headers, "Accept": "image/png"})


def guess(running: RunningService, _pat: Person) -> Reply:
    body = f'{{"email": "{made_up_email()}", "password": "wrong"}}'.encode()
    return running.send("POST", "/v1/auth/login", {}, body)


KINDS: dict[str, tuple[Callable[[RunningService, Person], Reply], set[int]]] = {
    "pictures of one account": (picture, {200, 503}),
    "log-ins of nobody": (guess, {401, 429, 503}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_costly_requests_take_no_crisis_route_s_place(
    running: RunningService,
    kind: str,
    costly: int = COSTLY,
    posts: int = POSTS,
    aim: float | None = None,
) -> None:
    """`aim`: how many times its quiet p99 a help request may take beside them."""
    pat = running.clinic().patient()
    assert running.post(pat, phq9()).status == 201
    quiet = p99(help_requests(running, pat, posts))
    send, allowed = KINDS[kind]
    with ThreadPoolExecutor(costly) as pool:
        sent = [pool.submit(partial(send, running, pat)) for _ in range(costly)]
        beside = p99(help_requests(running, pat, posts))
        replies = [one.result() for one in sent]
    assert {reply.status for reply in replies} <= allowed
    saw(f"p99 quiet {1000 * quiet:.0f} ms, beside {1000 * beside:.0f} ms")
    assert aim is None or beside <= aim * quiet


def help_requests(running: RunningService, pat: Person, count: int) -> list[float]:
    """Seconds that each took."""
    took = []
    for _ in range(count):
        body = {"id": str(uuid4()), "recorded_at": datetime.now(UTC).isoformat()}
        began = time.monotonic()
        assert running.post(pat, body, "/v1/help-requests").status == 201
        took.append(time.monotonic() - began)
    return took


def p99(took: list[float]) -> float:
    return sorted(took)[ceil(0.99 * len(took)) - 1]
