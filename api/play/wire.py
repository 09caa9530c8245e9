"""A phone's side of HTTP: a connection that is kept, and blind repetition when it breaks."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import orjson

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
