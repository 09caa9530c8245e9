"""What is asked for: the requests of each workload, made before its clock starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any, Final
from uuid import uuid4

import orjson

from benchmarks.over_http.client import request
from benchmarks.over_http.contenders import Contender

ZONE: Final = "Europe/Paris"
CHECK_INS: Final = "/v1/check-ins"
WRITERS: Final = "writers"
# A harmless daily form with a total of 6, and one with thoughts of death on several days.
HARMLESS: Final = {f"q{item}": int(item <= 6) for item in range(1, 10)}
RISKY: Final = HARMLESS | {"q9": 1}
CREATED: Final = frozenset({201})
READ: Final = frozenset({200})

Make = Callable[[Contender, int], list[bytes]]


@dataclass(frozen=True, slots=True)
class Workload:
    """So many clients that send what `make` makes; `for_peers`: the toys can take it too."""

    name: str
    clients: int
    make: Make
    wanted: frozenset[int] = CREATED
    for_peers: bool = True
    items: int = 1


def posts(clients: int, *, new_tokens: bool = True) -> Workload:
    """Harmless daily forms, by tokens that were never used or by one of each patient."""

    def make(contender: Contender, count: int) -> list[bytes]:
        tokens = contender.tokens(WRITERS, count if new_tokens else min(count, WRITERS_TOKENS))
        return [_post(token, HARMLESS) for token in islice(cycle(tokens), count)]

    kind = "new" if new_tokens else "known"
    return Workload(f"post, {clients} client{'s' * (clients > 1)}, {kind} tokens", clients, make)


WRITERS_TOKENS: Final = 64


def duplicate_storm(clients: int) -> Workload:
    """Every form is sent ten times: a phone that never sees an answer."""
    times = 10

    def make(contender: Contender, count: int) -> list[bytes]:
        once = [_post(token, HARMLESS) for token in contender.tokens(WRITERS, -(-count // times))]
        return [one for one in once for _ in range(times)][:count]

    return Workload("duplicate storm, each form ten times", clients, make)


def risky(clients: int) -> Workload:
    """Every form with an item 9 of 1: an alert, or one more occurrence of an open one."""

    def make(contender: Contender, count: int) -> list[bytes]:
        return [_post(token, RISKY) for token in contender.tokens(WRITERS, count)]

    return Workload("risky answers", clients, make)


def reads(name: str, who: str, path: str, clients: int = 1) -> Workload:
    """The same page again and again, by somebody whose token is known."""

    def make(contender: Contender, count: int) -> list[bytes]:
        (token,) = contender.tokens(who, 1)
        return [request("GET", path, token)] * count

    return Workload(name, clients, make, READ, for_peers=False)


def _post(token: str, answers: dict[str, int]) -> bytes:
    return request("POST", CHECK_INS, token, orjson.dumps(form(answers)))


def form(answers: dict[str, int]) -> dict[str, Any]:
    """A daily form of now."""
    return {
        "id": str(uuid4()),
        "instrument": "phq9-daily",
        "answers": answers,
        "recorded_at": datetime.now(UTC).isoformat(),
        "timezone": ZONE,
    }
