"""What is asked for: the requests of each workload, made before its clock starts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any, Final
from uuid import uuid4

import orjson

from benchmarks.over_http.client import request
from benchmarks.over_http.contenders import Contender
from benchmarks.syncs import gathered
from tests.builders.phone.sync import PATHS

ZONE: Final = "Europe/Paris"
WRITERS: Final = "writers of 1"
NEW: Final = "new patients"
# A harmless daily form with a total of 6, and one with thoughts of death on several days.
HARMLESS: Final = {f"q{item}": int(item <= 6) for item in range(1, 10)}
RISKY: Final = HARMLESS | {"q9": 1}
CREATED: Final = frozenset({201})
READ: Final = frozenset({200})
SYNCED: Final = 500
KNOWN_TOKENS: Final = 64
TIMES: Final = 10
PDFS, COHORTS = 20, 4
# One of these posts may take a second.
LONGER: Final = 5.0
TREND: Final = "trend?instrument=phq9-daily"
# Of a hundred requests of a day: five forms, and what phones and staff look at.
DAY: Final = {
    "post": 5,
    "/v1/bootstrap": 45,
    "/v1/me/due": 10,
    f"/v1/me/{TREND}": 15,
    "caseload": 15,
    "trend": 10,
}

Make = Callable[[Contender, int], list[bytes]]


@dataclass(frozen=True, slots=True)
class Workload:
    """So many clients that send what `make` makes. `items`: of what is counted, in a request;
    `once`: the requests of a round, where that is not as many as its seconds allow; `beside`: what
    other clients ask for again and again meanwhile; `longer`: than other rounds, so many times.
    """

    make: Make
    clients: int = 1
    wanted: frozenset[int] = CREATED
    items: int = 1
    once: int | None = None
    beside: Make | None = None
    longer: float = 1.0


def posts(
    clients: int, answers: dict[str, int] = HARMLESS, who: str = WRITERS, *, known: bool = False
) -> Workload:
    """Daily forms, by tokens that were never used before, or by a `known` one of each patient."""

    def make(contender: Contender, count: int) -> list[bytes]:
        tokens = contender.tokens(who, min(count, KNOWN_TOKENS) if known else count)
        return [_post(token, form(answers)) for token in islice(cycle(tokens), count)]

    return Workload(make, clients)


def posts_beside_reports(cohort: str) -> Workload:
    """One phone that posts while 20 pages to print and 4 cohorts are asked for at every moment."""

    def reports(contender: Contender, _count: int) -> list[bytes]:
        (staff,), (reader,) = (contender.tokens(who, 1) for who in ("trend 1", cohort))
        page = f"/v1/patients/{contender.about('trend 1')}/{TREND}"
        pdf = request("GET", page, staff, accept="application/pdf")
        return [pdf] * PDFS + [request("GET", "/v1/cohort/outcomes", reader)] * COHORTS

    return replace(posts(1), beside=reports, longer=LONGER)


def duplicate_storm(clients: int) -> Workload:
    """Every form is sent ten times in a row, by as many clients at once as there are."""

    def make(contender: Contender, count: int) -> list[bytes]:
        tokens = contender.tokens(WRITERS, -(-count // TIMES))
        once = [_post(token, form(HARMLESS)) for token in tokens]
        return [one for one in once for _ in range(TIMES)][:count]

    return Workload(make, clients, CREATED | READ)


def reads(who: str, path: str) -> Workload:
    """The same page again and again, by somebody whose token is known; `{of}`: whom it is about."""

    def make(contender: Contender, count: int) -> list[bytes]:
        (token,) = contender.tokens(who, 1)
        return [request("GET", path.format(of=contender.about(who)), token)] * count

    return Workload(make, wanted=READ)


def mixed_day(clients: int) -> Workload:
    """95 of 100 are reads; in an order of its own, the same each time."""

    def make(contender: Contender, count: int) -> list[bytes]:
        dice = random.Random(count)
        kinds = dice.choices(list(DAY), list(DAY.values()), k=count)
        tokens = cycle(contender.tokens(WRITERS, KNOWN_TOKENS))
        staff = {who: contender.tokens(who, 1)[0] for who in ("caseload 50", "trend 1")}
        pages = {
            "caseload": request("GET", "/v1/patients?limit=50", staff["caseload 50"]),
            "trend": request(
                "GET", f"/v1/patients/{contender.about('trend 1')}/{TREND}", staff["trend 1"]
            ),
        }
        found = []
        for kind in kinds:
            if kind in pages:
                found.append(pages[kind])
            elif kind == "post":
                found.append(_post(next(tokens), form(HARMLESS)))
            else:
                found.append(request("GET", kind, next(tokens)))
        return found

    return Workload(make, clients, READ | CREATED)


def syncs() -> Workload:
    """What a phone has gathered in a fortnight, in one request; by patients who are new."""

    def make(contender: Contender, count: int) -> list[bytes]:
        tokens = contender.tokens(NEW, count)
        return [_post(token, {"items": gathered(SYNCED)}, "/v1/sync") for token in tokens]

    return Workload(make, wanted=READ, items=SYNCED, once=1)


def one_by_one(count: int) -> Workload:
    """The first of the same items, each as the call that it stands for, on one connection."""

    def make(contender: Contender, _count: int) -> list[bytes]:
        (token,) = contender.tokens(NEW, 1)
        return [_single(token, item) for item in gathered(SYNCED)[:count]]

    return Workload(make, once=count)


def form(answers: dict[str, int]) -> dict[str, Any]:
    """A daily form of now."""
    return {
        "id": str(uuid4()),
        "instrument": "phq9-daily",
        "answers": answers,
        "recorded_at": datetime.now(UTC).isoformat(),
        "timezone": ZONE,
    }


def _single(token: str, item: dict[str, Any]) -> bytes:
    body = {name: value for name, value in item.items() if name not in ("type", "of")}
    return _post(token, body, PATHS[item["type"]].format(of=item.get("of", "")))


def _post(token: str, body: dict[str, Any], path: str = PATHS["check_in"]) -> bytes:
    return request("POST", path, token, orjson.dumps(body))
