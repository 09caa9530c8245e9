"""One request as WSGI has it: its environment, and its answer in parts.

A thread is taken for each part and given back while the part travels: who reads slowly holds a
generator, and no thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from api.front.arriving import Arrival, Body
from api.http.bodies import ARRIVAL
from api.http.hold import take_hold

Application = Callable[..., Iterable[bytes]]

PART_BYTES: Final = 262_144


def environ_of(scope: dict[str, Any], body: Body | None) -> dict[str, Any]:
    """The environment of a request whose body has arrived."""
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": _path(scope),
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": str(client[0]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": BytesIO(body.kept if body else b""),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        ARRIVAL: str(body.arrival if body else Arrival.WHOLE),
    }
    for name, value in _headers(scope):
        _add(environ, name, value)
    return environ


def _path(scope: dict[str, Any]) -> str:
    """The path's bytes, which WSGI carries as latin-1."""
    raw: bytes | None = scope.get("raw_path")
    path = scope["path"].encode() if raw is None else unquote_to_bytes(raw.partition(b"?")[0])
    return str(path.decode("latin-1"))


def _headers(scope: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in scope["headers"]:
        # `X_Forwarded_For` would become the same variable as the header with hyphens.
        if b"_" not in name:
            yield name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1")


def _add(environ: dict[str, Any], name: str, value: str) -> None:
    key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
    if key == "CONTENT_LENGTH" or key not in environ:
        environ[key] = value
    else:
        environ[key] += ("; " if name == "COOKIE" else ",") + value


class WsgiCall:
    """One call of a WSGI application. Each method runs in a thread, one at a time."""

    def __init__(self, app: Application, environ: dict[str, Any]) -> None:
        self._app, self._environ = app, environ
        self._answer: Iterable[bytes] = ()
        self._parts: Iterator[bytes] = iter(())
        self._turn = Lock()
        self.status, self.hold_s = 500, 0.0
        self.headers: list[tuple[bytes, bytes]] = []

    def begin(self) -> tuple[bytes, bool]:
        """Call the application; the first part of its answer, and whether it is the last."""
        with self._turn:
            self._answer = self._app(self._environ, self._start)
            self._parts = iter(self._answer)
        return self.more()

    def more(self) -> tuple[bytes, bool]:
        """The next part, at most about `PART_BYTES`, and whether it is the last."""
        with self._turn:
            parts, size = [], 0
            for part in self._parts:
                parts.append(part)
                size += len(part)
                if size >= PART_BYTES:
                    return b"".join(parts), False
        self.close()
        return b"".join(parts), True

    def close(self) -> None:
        """Let the application know that nobody reads on; doing so twice is no harm."""
        with self._turn:
            answer, self._answer = self._answer, ()
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def _start(
        self, status: str, headers: list[tuple[str, str]], _error: object = None
    ) -> Callable[[bytes], object]:
        self.status, self.hold_s = int(status.partition(" ")[0]), take_hold(headers)
        self.headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        return _no_writing


def _no_writing(_part: bytes) -> object:
    raise NotImplementedError("the application answers with an iterable")
