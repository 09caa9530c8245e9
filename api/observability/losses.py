"""What only observes a request, or follows its answer, never changes it: a failure is counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from prometheus_client import Counter

LOST: Final = Counter(
    "interlude_observations_lost_total",
    "Log lines that could not be written, and steps beside an answer that failed, by kind.",
    ("what",),
)
for kind in ("log_line", "request", "after_request", "teardown", "refused_with_danger"):
    LOST.labels(kind)


def count_loss(what: str) -> None:
    """One more of a kind; also when it cannot be counted."""
    with suppress(Exception):
        LOST.labels(what).inc()


@contextmanager
def unnoticed(what: str) -> Iterator[None]:
    """Count whatever is raised inside, and go on."""
    try:
        yield
    except Exception:  # noqa: BLE001 - an answer stands, whatever broke beside it
        count_loss(what)
