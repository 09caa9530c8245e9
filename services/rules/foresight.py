"""Coverage foresight: what is wrong with whom the next nights would page, before they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.rules.escalation.policy import PageTarget, PolicyStep, steps_of
from services.rules.rota.schedule import Schedule, gaps, on_call_at, spans

# When the nights are looked at, on the clinic's clock.
LOOKED_AT: Final = time(16, 0)
DAYS_AHEAD: Final = 2
SEVERITIES: Final = ("critical", "high")
SENTENCES: Final = {
    "schedule_gap": "{name}: nobody is on call {span}.",
    "step_empty": "Step {step} of the {severity} policy pages nobody {span}.",
    "last_resort_only": "A {severity} alert reaches nobody but the last resort {span}.",
    "methods_fail": "{name} can be paged only by the mail of their account: all their methods"
    " refuse.",
    "person_unreachable": "{name} cannot be paged: every way to reach them refuses.",
    "contact_fails": "What was last sent to {name} did not get through.",
    "last_resort_fails": "What was last sent to the last resort did not get through.",
    "no_last_resort": "There is no last resort.",
}


@dataclass(frozen=True, slots=True)
class PersonReach:
    """One active person. `works`, `fails`: how many verified methods do; `mail_fails`: the mail of
    their account, which everybody has, does not get through.
    """

    name: str
    works: int = 0
    fails: int = 0
    mail_fails: bool = False

    @property
    def is_reachable(self) -> bool:
        """By some way."""
        return self.works > 0 or not self.mail_fails


@dataclass(frozen=True, slots=True)
class ChainLink:
    """A contact of the chain that is switched on."""

    name: str
    fails: bool = False
    last_resort: bool = False


@dataclass(frozen=True, slots=True)
class Duty:
    """All that decides whom an alert pages. `policies`: by severity; one without a policy goes
    along `links`. `reach`: those who may act. `everybody`: in the order of their accounts.
    """

    zone: ZoneInfo
    links: Sequence[ChainLink]
    policies: Mapping[str, Sequence[PolicyStep]] = field(default_factory=dict)
    names: Mapping[UUID, str] = field(default_factory=dict)
    schedules: Mapping[UUID, Schedule] = field(default_factory=dict)
    everybody: Sequence[UUID] = ()
    reach: Mapping[UUID, PersonReach] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NightFinding:
    """One thing that is wrong in a span without its end: a word of `SENTENCES`."""

    kind: str
    from_at: datetime
    to_at: datetime
    name: str = ""
    severity: str = ""
    step: int = 0
    standing: bool = False

    @property
    def key(self) -> str:
        """What makes it the same finding; of what stands, not when."""
        span = () if self.standing else (f"{self.from_at:%FT%T}", f"{self.to_at:%FT%T}")
        return "|".join((self.kind, self.severity, str(self.step), self.name, *span))

    def words(self, zone: ZoneInfo, now: datetime) -> str:
        """A sentence, on the clinic's clock; what has passed of its span is left out."""
        start, end = (at.astimezone(zone) for at in (max(self.from_at, now), self.to_at))
        span = f"from {start:%a %d %b %H:%M} to {end:%a %d %b %H:%M}"
        return SENTENCES[self.kind].format(
            name=self.name, severity=self.severity, step=self.step, span=span
        )


def window(zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """From the last 16:00 on the clinic's clock to that two days later, in UTC: at any instant the
    coming night is in it, and it only grows at 16:00.
    """
    day = now.astimezone(zone).date()
    begin = datetime.combine(day, LOOKED_AT, zone).astimezone(UTC)
    if begin > now:
        day -= timedelta(days=1)
        begin = datetime.combine(day, LOOKED_AT, zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=DAYS_AHEAD), LOOKED_AT, zone)
    return begin, end.astimezone(UTC)


def foresee(duty: Duty, now: datetime) -> tuple[NightFinding, ...]:
    """What is wrong with the chains from now to the end of the window, each thing once."""
    begin, end = window(duty.zone, now)
    found = [*_links(duty, begin, end)]
    for severity in SEVERITIES:
        policy = duty.policies.get(severity)
        if policy is not None:
            found += _climb(duty, severity, policy, begin, end)
        elif not any(not link.last_resort and not link.fails for link in duty.links):
            found.append(
                NightFinding("last_resort_only", begin, end, severity=severity, standing=True)
            )
    found += _gaps(duty, begin, end)
    found += _people(duty, begin, end, now)
    return tuple(each for each in found if each.to_at > now)


def _links(duty: Duty, begin: datetime, end: datetime) -> Iterator[NightFinding]:
    last = [link for link in duty.links if link.last_resort]
    if not last:
        yield NightFinding("no_last_resort", begin, end, standing=True)
    if any(link.fails for link in last):
        yield NightFinding("last_resort_fails", begin, end, standing=True)
    if not set(SEVERITIES) <= duty.policies.keys():
        for link in duty.links:
            if link.fails and not link.last_resort:
                yield NightFinding("contact_fails", begin, end, link.name, standing=True)


def _gaps(duty: Duty, begin: datetime, end: datetime) -> Iterator[NightFinding]:
    """Of schedules that a policy pages."""
    for schedule_id in _paged_schedules(duty):
        known = duty.schedules.get(schedule_id, Schedule(()))
        for gap in gaps(known, begin, end):
            name = duty.names.get(schedule_id, "A schedule")
            yield NightFinding("schedule_gap", gap.from_at, gap.to_at, name)


def _climb(
    duty: Duty, severity: str, policy: Sequence[PolicyStep], begin: datetime, end: datetime
) -> list[NightFinding]:
    """Steps that page nobody, and when no step reaches anybody; adjoining spans are one."""
    found: dict[tuple[str, int], list[NightFinding]] = {}
    for start, stop in pairwise(_edges(duty, begin, end)):
        steps = _steps(duty, policy, start)
        wrong = [("step_empty", at) for at, people in enumerate(steps, 1) if not people]
        if not any(duty.reach[one].is_reachable for people in steps for one in people):
            wrong.append(("last_resort_only", 0))
        for kind, step in wrong:
            known = found.setdefault((kind, step), [])
            if known and known[-1].to_at == start:
                known[-1] = replace(known[-1], to_at=stop)
            else:
                known.append(NightFinding(kind, start, stop, severity=severity, step=step))
    return [each for known in found.values() for each in known]


def _people(duty: Duty, begin: datetime, end: datetime, now: datetime) -> Iterator[NightFinding]:
    """Whoever is paged in what is left of the window, and is hard to reach."""
    until: dict[UUID, datetime] = {}
    for start, stop in pairwise(_edges(duty, begin, end)):
        for policy in duty.policies.values():
            for people in _steps(duty, policy, start):
                until |= dict.fromkeys(people, stop)
    for one in sorted(each for each, stop in until.items() if stop > now):
        person = duty.reach[one]
        kind = "" if person.is_reachable else "person_unreachable"
        if person.is_reachable and person.fails and not person.works:
            kind = "methods_fail"
        if kind:
            yield NightFinding(kind, begin, until[one], person.name, standing=True)


def _steps(duty: Duty, policy: Sequence[PolicyStep], at: datetime) -> list[tuple[UUID, ...]]:
    on_call = {each: on_call_at(known, at) for each, known in duty.schedules.items()}
    named = {each: one.user_id if one else None for each, one in on_call.items()}
    return [step.people for step in steps_of(policy, named, duty.everybody, duty.reach)]


def _edges(duty: Duty, begin: datetime, end: datetime) -> list[datetime]:
    found = {begin, end}
    for schedule_id in _paged_schedules(duty):
        known = duty.schedules.get(schedule_id, Schedule(()))
        found.update(each.from_at for each in spans(known, begin, end))
    return sorted(found)


def _paged_schedules(duty: Duty) -> list[UUID]:
    targets: list[PageTarget] = [
        target for policy in duty.policies.values() for step in policy for target in step.targets
    ]
    return sorted({each.schedule_id for each in targets if each.schedule_id is not None})


@dataclass(frozen=True, slots=True)
class News:
    """What the administrators are to hear now, and what they then know: keys, until when each
    matters.
    """

    tell: str | None
    known: dict[str, datetime]


def news(found: Sequence[NightFinding], before: Mapping[str, datetime], now: datetime) -> News:
    """`gaps` when something is wrong that they have not heard of, `repaired` when all that they
    heard of is mended; what has passed by itself is no news.
    """
    known = {each.key: each.to_at for each in found}
    tell = None
    if known.keys() - before.keys():
        tell = "gaps"
    elif not known and any(until > now for until in before.values()):
        tell = "repaired"
    return News(tell, known)
