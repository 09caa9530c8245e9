"""A refused log-in is answered 1 s after it came, whatever was looked up.

The application only says so, in a header that never leaves the server. Whoever serves it takes the
header away and waits: an asynchronous front without a thread, `DelayedAnswers` on one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import BoundedSemaphore
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HEADER: Final = "Interlude-Hold-Until-S"
REFUSED_AFTER_S: Final = 1.0


def take_hold(headers: list[tuple[str, str]]) -> float:
    """Remove the header; how many seconds after the request came its answer may leave, or 0."""
    for place, (name, value) in enumerate(headers):
        if name.lower() == HEADER.lower():
            del headers[place]
            return float(value)
    return 0.0


class DelayedAnswers:
    """WSGI middleware for a server with threads: `at_once` of them may wait, no more, so that
    refused log-ins never take the thread of a check-in. What cannot wait leaves at once.
    """

    def __init__(
        self,
        application: WSGIApplication,
        at_once: int,
        wait: Callable[[float], None] = sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.application = application
        self.waiting = BoundedSemaphore(at_once)
        self.wait = wait
        self.clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        came = self.clock()

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            left = came + take_hold(headers) - self.clock()
            if left > 0 and self.waiting.acquire(blocking=False):
                try:
                    self.wait(left)
                finally:
                    self.waiting.release()
            return start_response(status, headers, *rest)

        return self.application(environ, start)
