"""Sending the forms over HTTP, several phones at a time, with blind repetition when one breaks."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from services.access import Actor
from services.evaluation.played_forms import ZONE, Player

TIMEOUT_S: Final = 30.0
TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers (names in lower case) and bytes of one answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as a JSON object; raises `ValueError` when it is none."""
        document: dict[str, object] = orjson.loads(self.body)
        return document


@dataclass
class Wire:
    """One connection to `base_url`; not to be shared by threads."""

    base_url: str
    tries: int = TRIES
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def post(self, path: str, token: str, body: bytes) -> Reply:
        """POST JSON, again on a fresh connection when the line breaks: repeating does no harm.

        Raises `OSError` or `http.client.HTTPException` when every try fails.
        """
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return self.send("POST", path, headers, body)

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """One request, tried up to `tries` times; raises as `post` does."""
        for left in reversed(range(self.tries)):
            try:
                return self._once(method, path, headers, body)
            except (OSError, http.client.HTTPException):
                self.close()
                if not left:
                    raise
        raise AssertionError("no try was made")

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        if self._connection is None:
            self._connection = _connection_to(self.base_url)
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        shown = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, shown, answer.read())


def _connection_to(base_url: str) -> http.client.HTTPConnection:
    parts = urlsplit(base_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)


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
