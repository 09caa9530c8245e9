"""What the issues ask to see of these figures, each met or missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.bench import Line
from benchmarks.over_http.figures import Rounds
from benchmarks.over_http.plan import OURS, REPORTS, SYNC, named

# Our rate over theirs, at least.
OVER_PEERS: Final = {
    "same job: FastAPI + asyncpg": 1.0,
    "toy: FastAPI + asyncpg": 0.35,
    "toy: FastAPI + SQLAlchemy": 1.2,
}
OVER_THE_START: Final = 4.0
CPU_MICRO: Final = 1_000
P99_OF_P50: Final = 4.0
BESIDE_REPORTS: Final = 3.0
OVER_SINGLE_POSTS: Final = {"our single posts": 3.0, "single posts, toy: FastAPI + asyncpg": 1.0}


def aims(found: Sequence[Rounds]) -> list[Line]:
    """Of what was measured; nothing about what was not."""
    return [*_posts(found), *_latency(found), *_beside_reports(found), *_syncs(found)]


def of(found: Sequence[Rounds], group: str, name: str) -> Rounds | None:
    """One line of a group."""
    return next((one for one in found if (one.group, one.name) == (group, name)), None)


def _posts(found: Sequence[Rounds]) -> Iterator[Line]:
    for clients in (8, 32):
        ours = of(found, named(clients), OURS)
        for one in found if ours else ():
            if ours is None or one.group != ours.group or one is ours:
                continue
            is_start = one.name.startswith(OURS)
            aim = OVER_THE_START if is_start else OVER_PEERS.get(one.name)
            if aim:
                yield at_least(f"{ours.group}: our rate over {one.name}", ours, one, aim)


def at_least(what: str, ours: Rounds, theirs: Rounds, aim: float) -> Line:
    """Decided by the median of the rounds; beside it where the time goes."""
    seen = ours.over(theirs)
    beside = f"CPU {where(ours)}; theirs {where(theirs)}"
    return Line(what, seen.words(), f">= {aim:g}", seen.median >= aim, beside)


def where(rounds: Rounds) -> str:
    """Microseconds of application, front and PostgreSQL."""
    parts = (rounds.median(part) for part in ("application", "front", "database"))
    return " + ".join(f"{one:,.0f}" for one in parts)


def _latency(found: Sequence[Rounds]) -> Iterator[Line]:
    one, eight, many = (of(found, named(clients), OURS) for clients in (1, 8, 32))
    if eight:
        micro = eight.range("application")
        words = f"{micro.words(0)} microseconds"
        good = micro.median <= CPU_MICRO
        yield Line("CPU of the application, a harmless form", words, f"<= {CPU_MICRO:,}", good)
    for rounds in filter(None, (one, eight)):
        share = rounds.percentile(99) / rounds.percentile(50)
        good = share <= P99_OF_P50
        yield Line(f"{rounds.group}: p99 over p50", f"{share:.2f}", f"<= {P99_OF_P50:g}", good)
    if eight and many:
        share = many.median("rate") / eight.median("rate")
        yield Line("rate of 32 clients over that of 8", f"{share:.2f}", ">= 1", share >= 1)


def _beside_reports(found: Sequence[Rounds]) -> Iterator[Line]:
    alone = of(found, REPORTS, f"{OURS}, alone")
    beside = of(found, REPORTS, f"{OURS}, beside")
    if alone and beside:
        share = beside.percentile(99) / alone.percentile(99)
        what = "p99 of a post beside 20 PDFs and 4 cohorts over p99 alone"
        yield Line(what, f"{share:.2f}", f"<= {BESIDE_REPORTS:g}", share <= BESIDE_REPORTS)


def _syncs(found: Sequence[Rounds]) -> Iterator[Line]:
    ours = of(found, SYNC, "one sync of 500")
    for name, aim in OVER_SINGLE_POSTS.items():
        other = of(found, SYNC, name)
        if ours and other:
            yield at_least(f"items of a sync of 500 over {name}", ours, other, aim)
