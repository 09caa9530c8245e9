"""A refused log-in leaves 1 s after it came, and the header that says so never leaves."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from api.http.hold import HEADER, DelayedAnswers
from tests.builders.world import made_up_email


class Clock:
    """Time passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 50.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def served(clock: Clock, hold: str, takes_s: float, at_once: int = 1) -> Any:
    def application(_environ: Any, start_response: Any) -> list[bytes]:
        clock.now += takes_s
        start_response("401 No", [("A", "1"), (HEADER, hold), ("B", "2")])
        return [b"no"]

    return Client(DelayedAnswers(application, at_once, clock.wait, clock)).get("/")


@pytest.mark.parametrize(("takes_s", "waits"), [(0.0, [1.0]), (0.25, [0.75]), (1.5, [])])
def test_it_leaves_a_second_after_it_came(takes_s: float, waits: list[float]) -> None:
    clock = Clock()
    answer = served(clock, "1.0", takes_s)
    assert clock.waits == waits
    assert [name for name, _ in answer.headers] == ["A", "B"]


def test_what_cannot_wait_takes_no_thread() -> None:
    clock = Clock()
    assert HEADER not in served(clock, "1.0", 0.0, at_once=0).headers
    assert clock.waits == []


def test_every_refused_log_in_asks_for_it(app: Flask, clinic: Any) -> None:
    client = app.test_client()
    body = {"email": made_up_email(), "password": "wrong"}
    assert client.post("/v1/auth/login", json=body).headers[HEADER] == "1.0"
    assert HEADER not in client.get("/v1/me").headers
