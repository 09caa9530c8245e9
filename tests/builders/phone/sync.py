"""Items of a sync, alone and as the single call that each of them stands for."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders.calls import made, post
from tests.builders.entries import ago, phq9
from tests.builders.stored import rows
from tests.builders.world import Person

PATHS: Final = {
    "check_in": "/v1/check-ins",
    "check_in_amendment": "/v1/check-ins/{of}/amend",
    "side_effects": "/v1/side-effects",
    "side_effects_amendment": "/v1/side-effects/{of}/amend",
    "help_request": "/v1/help-requests",
}
Item = dict[str, Any]


def check_in(item9: int | str | None = 0, others: int = 1, **changes: Any) -> Item:
    """A PHQ-9."""
    return {"type": "check_in", **phq9(item9, others, **changes)}


def amendment(of: Item, item9: int = 0, others: int = 1, **changes: Any) -> Item:
    """Other answers to a PHQ-9, or to an amendment of it."""
    answers = phq9(item9, others)["answers"]
    return {
        "type": "check_in_amendment",
        "id": str(uuid4()),
        "of": of["id"],
        "answers": answers,
        "reason": "a slip of the finger, quagga",
        **changes,
    }


def report(*codes: str, grade: int = 1, **changes: Any) -> Item:
    """Side effects."""
    return {
        "type": "side_effects",
        "id": str(uuid4()),
        "recorded_at": ago(minutes=3),
        "effects": [{"code": code, "grade": grade} for code in codes or ("nausea",)],
        **changes,
    }


def report_amendment(of: Item, *codes: str, **changes: Any) -> Item:
    """Other side effects than were reported."""
    effects = [{"code": code, "grade": 2} for code in codes or ("headache",)]
    kind = "side_effects_amendment"
    one = {"type": kind, "id": str(uuid4()), "of": of["id"], "effects": effects}
    return one | {"reason": "not quite, quagga", **changes}


def asks_for_help(**changes: Any) -> Item:
    """A press on the button."""
    return {
        "type": "help_request",
        "id": str(uuid4()),
        "recorded_at": ago(minutes=1),
        **changes,
    }


def sync(client: FlaskClient, person: Person, *items: Any) -> list[dict[str, Any]]:
    """The results of items that are sent in one request."""
    found: list[dict[str, Any]] = made(post(client, person, {"items": items}, "/v1/sync"), 200)[
        "results"
    ]
    return found


def alone(client: FlaskClient, person: Person, item: Item) -> TestResponse:
    """The same item as a single call."""
    body = {name: value for name, value in item.items() if name not in ("type", "of")}
    return post(client, person, body, PATHS[item["type"]].format(of=item.get("of")))


def statuses(results: list[dict[str, Any]]) -> list[int]:
    """What each was answered."""
    return [one["status"] for one in results]


def entries(person: Person) -> set[str]:
    """The ids of what is stored of this patient."""
    query = " UNION ALL ".join(
        f"SELECT id FROM {table} WHERE patient_id = :id"  # noqa: S608 - names of our tables
        for table in ("check_ins", "side_effect_reports", "help_requests")
    )
    return {str(row["id"]) for row in rows(person, query, id=person.patient_id)}
