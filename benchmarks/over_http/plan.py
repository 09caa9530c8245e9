"""Which workloads there are, and who takes part in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks.over_http.contenders import Contender
from benchmarks.over_http.measure import Entrant, Pace
from benchmarks.over_http.workloads import (
    LONGER,
    RISKY,
    TREND,
    Workload,
    duplicate_storm,
    mixed_day,
    one_by_one,
    posts,
    posts_beside_reports,
    reads,
    syncs,
)

OURS: Final = "Interlude"
SYNC: Final = "items, sent together or one by one"
REPORTS: Final = "post, 1 client, alone and beside 20 PDFs and 4 cohorts"
TOY: Final = "toy: FastAPI + asyncpg"
# Of the items of a sync, so many are posted one by one; and the longest page of a caseload.
SINGLE: Final = 100
PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is, and how long it is looked at; the people of `seed.py`."""

    people: dict[str, Any]
    pace: Pace


SIZES: Final = {
    "tiny": Size(
        {"clinics": [1], "writers": 2, "new": 4, "trends": [], "caseloads": [], "cohorts": []},
        Pace(rounds=1, seconds=0.1),
    ),
    "quick": Size(
        {
            "clinics": [1, 20],
            "writers": 160,
            "new": 16,
            "trends": [1, 10],
            "caseloads": [50, 500],
            "cohorts": [300],
        },
        Pace(rounds=6, seconds=0.3),
    ),
    "full": Size(
        {
            "clinics": [1, 20, 1000],
            "writers": 400,
            "new": 40,
            "trends": [1, 10],
            "caseloads": [50, 500, 5000],
            "cohorts": [1000],
        },
        Pace(rounds=15, seconds=1.0),
    ),
}


def groups(
    contenders: Sequence[Contender], people: dict[str, Any]
) -> Iterator[tuple[str, list[Entrant]]]:
    """Ours first in each group; what the toys cannot do is measured against older ones of us."""
    ours = [one for one in contenders if one.is_ours]

    def of(workload: Workload, taking_part: Sequence[Contender]) -> list[Entrant]:
        return [Entrant(one.name, one, workload) for one in taking_part]

    for clients in (1, 8, 32):
        yield named(clients), of(posts(clients), contenders)
    yield f"{named(8)}, known tokens", of(posts(8, known=True), contenders)
    yield "risky answers, 8 clients", of(posts(8, RISKY), contenders)
    yield "each form ten times, 8 clients", of(duplicate_storm(8), contenders)
    for clinics in people["clinics"][1:]:
        workload = posts(8, who=f"writers of {clinics}")
        yield f"{named(8)}, {clinics:,} clinics", of(workload, ours)
    for years in people["trends"]:
        workload = reads(f"trend {years}", f"/v1/patients/{{of}}/{TREND}")
        yield f"trend of {years} year{'s' * (years > 1)}", of(workload, ours)
    for patients in people["caseloads"]:
        page = reads(f"caseload {patients}", f"/v1/patients?limit={min(patients, PAGE)}")
        first = f"first {PAGE} of " if patients > PAGE else ""
        yield f"caseload, {first}{patients:,}", of(page, ours)
    if people["caseloads"]:
        largest = people["caseloads"][-1]
        few = reads(f"caseload {largest}", "/v1/patients?limit=50")
        yield f"caseload, first 50 of {largest:,}", of(few, ours)
    for patients in people["cohorts"]:
        yield (
            f"cohort of {patients:,}",
            of(reads(f"cohort {patients}", "/v1/cohort/outcomes"), ours),
        )
    if people["trends"] and people["caseloads"]:
        yield "mixed day, 2 clients", of(mixed_day(2), ours)
        yield "mixed day, morning peak of 16", of(mixed_day(16), ours)
    if people["trends"] and people["cohorts"]:
        yield REPORTS, list(beside_reports(ours, f"cohort {people['cohorts'][0]}"))
    yield SYNC, list(synced(contenders))


def names(people: dict[str, Any]) -> list[str]:
    """Of all groups that these people make possible."""
    return [name for name, _ in groups([], people)]


def named(clients: int) -> str:
    """A harmless daily form by so many clients."""
    return f"post, {clients} client{'s' * (clients > 1)}"


def beside_reports(ours: Sequence[Contender], cohort: str) -> Iterator[Entrant]:
    """The same post alone and beside reports."""
    for one in ours:
        yield Entrant(f"{one.name}, alone", one, replace(posts(1), longer=LONGER))
        yield Entrant(f"{one.name}, beside", one, posts_beside_reports(cohort))


def synced(contenders: Sequence[Contender]) -> Iterator[Entrant]:
    """One request of 500 items; beside it single posts on one connection, ours and the toy's."""
    for ours in contenders[:1]:
        yield Entrant("one sync of 500", ours, syncs())
        yield Entrant("our single posts", ours, one_by_one(SINGLE))
    for one in contenders[1:]:
        if one.is_ours:
            yield Entrant(f"one sync of 500, {one.name}", one, syncs())
        elif one.name == TOY:
            yield Entrant(f"single posts, {one.name}", one, posts(1))
