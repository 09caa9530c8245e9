"""Requests of a person, what the answers must be, and many of them at the same moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.rules.languages.texts import TEXTS
from tests.builders.world import Person

T = TypeVar("T")
LANGUAGES = "/v1/clinic/languages"


def post(
    client: FlaskClient, person: Person, body: Any, path: str = "/v1/check-ins", **headers: str
) -> TestResponse:
    """Send as this person; `body` is a document or bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(
        path,
        data=data,
        content_type="application/json",
        headers={**person.headers, **{name.replace("_", "-"): v for name, v in headers.items()}},
    )


def made(answer: TestResponse, status: int = 201) -> dict[str, Any]:
    """The document of an answer that must have this status."""
    assert answer.status_code == status, answer.json
    found: dict[str, Any] = answer.get_json()
    return found


def refused(answer: TestResponse, status: int = 422) -> dict[str, Any]:
    """What stood against it: the errors of a 422, or the problem's code."""
    problem = made(answer, status)
    found: dict[str, Any] = problem.get("errors") or {"code": problem["code"]}
    return found


def at_once(work: Sequence[Callable[[], T]]) -> list[T]:
    """Run all of it in threads that start together; results in the same order."""
    gate = Barrier(len(work))

    def begin(task: Callable[[], T]) -> T:
        gate.wait(30)
        return task()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


def review(
    client: FlaskClient, admin: Person, language: str, version: str | None = None
) -> TestResponse:
    """The clinic calls a language reviewed, in the present version of its texts."""
    body = {"name": "Dr. Ann Weiß", "version": version or TEXTS[language].version}
    address = f"{LANGUAGES}/{language}/review"
    return client.put(address, json=body, headers=admin.headers)


def end_review(client: FlaskClient, admin: Person, language: str) -> TestResponse:
    """It takes the review back."""
    return client.delete(f"{LANGUAGES}/{language}/review", headers=admin.headers)
