"""What a session cost in side effects: how many, how bad, and how soon they were gone.

Acute effects, those that were still there a day later, and those of long use are kept apart: each
means something else to the one who reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from services.rules.courses import Session, session_before
from services.rules.measures import MEASURES, SessionSpans
from services.rules.side_effects.coded_list import SIDE_EFFECTS, SideEffectList
from services.rules.side_effects.report import EffectsReport, ReportedEffect

Kind = Literal["acute", "persistent", "long_term"]

# Groups of the list that tell of long use, whenever they begin.
LONG_TERM_GROUPS = frozenset({"urinary", "long_term"})


@dataclass(frozen=True, slots=True)
class Tally:
    """How many different effects, and the worst CTCAE grade (1-4); None without any."""

    count: int
    max_grade: int | None


@dataclass(frozen=True, slots=True)
class Burden:
    """The unwelcome effects of one session; `session_id` is None for those before any session.

    `resolved`: gone within 24 h of the end of the session, of the `known` ones, acute and
    persistent, whose course is known; `percent_resolved` is None without any.
    """

    session_id: str | None
    total: Tally
    acute: Tally
    persistent: Tally
    long_term: Tally
    resolved: int
    known: int

    @property
    def percent_resolved(self) -> Fraction | None:
        """Of those whose course is known, in percent."""
        return Fraction(100 * self.resolved, self.known) if self.known else None


@dataclass(frozen=True, slots=True)
class _Episode:
    """One code after one session, over all reports: the worst grade, and its end or last sight."""

    grade: int
    ended_at: datetime | None
    seen_at: datetime


def side_effect_burden(
    reports: Iterable[EffectsReport],
    sessions: Sequence[Session],
    limits: SessionSpans = MEASURES.newest.session,
    known: SideEffectList = SIDE_EFFECTS,
) -> tuple[Burden, ...]:
    """Return the burden of every session with a report, in the order of the sessions.

    `sessions` are those that had started, ascending. An effect belongs to the session that the
    reporter named, else to the last one before its onset, else before the report. The same code
    in several reports about one session counts once.
    """
    by_id = {session.id: session for session in sessions}
    found: dict[str | None, dict[str, _Episode]] = {}
    for report in sorted(reports, key=lambda one: (one.recorded_at, one.received_at, one.id)):
        for effect in report.effects:
            if not _is_pleasant(effect.code, known):
                session_id = _session_id(report, effect, sessions, by_id)
                codes = found.setdefault(session_id, {})
                codes[effect.code] = _joined(codes.get(effect.code), effect, report)
    order: list[str | None] = [None, *by_id]
    return tuple(
        _burden(one, found[one], by_id.get(one or ""), limits, known)
        for one in order
        if one in found
    )


def _session_id(
    report: EffectsReport,
    effect: ReportedEffect,
    sessions: Sequence[Session],
    by_id: dict[str, Session],
) -> str | None:
    if report.session_id in by_id:
        return report.session_id
    session = session_before(effect.onset_at or report.recorded_at, sessions)
    return session.id if session else None


def _joined(before: _Episode | None, effect: ReportedEffect, report: EffectsReport) -> _Episode:
    """The newest report says whether it has ended; no grade is forgotten."""
    now = _Episode(effect.grade, effect.ended_at, report.recorded_at)
    return now if before is None else replace(now, grade=max(before.grade, now.grade))


def _burden(
    session_id: str | None,
    episodes: dict[str, _Episode],
    session: Session | None,
    limits: SessionSpans,
    known: SideEffectList,
) -> Burden:
    kinds: dict[Kind, list[_Episode]] = {"acute": [], "persistent": [], "long_term": []}
    resolved = open_ended = 0
    for code, episode in episodes.items():
        gone = None if session is None else _is_gone_in_time(episode, session, limits)
        if _is_long_term(code, known):
            kinds["long_term"].append(episode)
            continue
        kinds["persistent" if gone is False else "acute"].append(episode)
        resolved += gone is True
        open_ended += gone is None
    passing = kinds["acute"] + kinds["persistent"]
    return Burden(
        session_id=session_id,
        total=_tally(episodes.values()),
        acute=_tally(kinds["acute"]),
        persistent=_tally(kinds["persistent"]),
        long_term=_tally(kinds["long_term"]),
        resolved=resolved,
        known=len(passing) - open_ended,
    )


def _is_gone_in_time(episode: _Episode, session: Session, limits: SessionSpans) -> bool | None:
    """None while nobody can know: it had not ended, and the day was not over."""
    day_over = session.over_at + timedelta(hours=limits.acute_hours)
    if episode.ended_at is not None:
        return episode.ended_at < day_over
    return None if episode.seen_at < day_over else False


def _tally(episodes: Iterable[_Episode]) -> Tally:
    grades = [episode.grade for episode in episodes]
    return Tally(len(grades), max(grades, default=None))


def _is_pleasant(code: str, known: SideEffectList) -> bool:
    effect = known.effects.get(code)
    return effect is not None and effect.valence == "pleasant"


def _is_long_term(code: str, known: SideEffectList) -> bool:
    effect = known.effects.get(code)
    return effect is not None and effect.group in LONG_TERM_GROUPS
