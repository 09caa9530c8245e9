"""An escalation policy: steps with waits, each of schedules, people or everybody; and the people
whom its steps page at one instant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PageTarget:
    """One target of a step: whoever is on call in a schedule, a person, or (neither) everybody."""

    schedule_id: UUID | None = None
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """Whom a step pages, and how long it waits for them before the next."""

    wait: timedelta
    targets: tuple[PageTarget, ...]


@dataclass(frozen=True, slots=True)
class StepPeople:
    """Who a step pages now, each once; nobody: it is passed over at once."""

    wait: timedelta
    people: tuple[UUID, ...]


def steps_of(
    policy: Sequence[PolicyStep],
    on_call: Mapping[UUID, UUID | None],
    everybody: Sequence[UUID],
    reachable: Collection[UUID],
) -> tuple[StepPeople, ...]:
    """The steps as people. `on_call`: who is on call in each schedule now; a schedule that is not
    named has nobody. `reachable`: the accounts that are active.

    A step keeps its number, also when it pages nobody: who is on call changes while an alert
    climbs, and its place in the policy must not.
    """

    def of(target: PageTarget) -> Iterator[UUID | None]:
        if target.schedule_id is not None:
            yield on_call.get(target.schedule_id)
        elif target.user_id is not None:
            yield target.user_id
        else:
            yield from everybody

    return tuple(
        StepPeople(
            step.wait,
            tuple(
                dict.fromkeys(
                    one
                    for target in step.targets
                    for one in of(target)
                    if one is not None and one in reachable
                )
            ),
        )
        for step in policy
    )
