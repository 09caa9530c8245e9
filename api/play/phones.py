"""Sending the forms over HTTP, several phones at a time."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Final

import orjson

from api.play.wire import Wire
from services.access import Actor
from services.evaluation.played_forms import ZONE, Player

PATH: Final = "/v1/check-ins"
NO_ANSWER: Final = "no answer"

Outcome = int | str
MakeToken = Callable[[Actor], str]
Play = tuple[Player, Mapping[str, Any]]


def content(player: Player, answers: Mapping[str, Any]) -> bytes:
    """The request of one form: the same bytes every time it is played."""
    return orjson.dumps(
        {
            "id": player.form_id,
            "instrument": "phq9",
            "answers": dict(answers),
            "recorded_at": player.since,
            "timezone": ZONE,
        }
    )


def send_all(
    url: str, plays: Sequence[Play], make_token: MakeToken, connections: int
) -> Iterator[Outcome]:
    """Send every form once over so many connections; yields each status (or `NO_ANSWER`)."""
    free: SimpleQueue[Wire] = SimpleQueue()
    for _ in range(connections):
        free.put(Wire(url))

    def send(play: Play) -> Outcome:
        wire = free.get()
        player, answers = play
        try:
            return wire.post(PATH, make_token(player.actor), content(player, answers)).status
        except (OSError, http.client.HTTPException):
            return NO_ANSWER
        finally:
            free.put(wire)

    with ThreadPoolExecutor(connections) as pool:
        yield from pool.map(send, plays)
    for _ in range(connections):
        free.get().close()
