"""A shadow run: one history under the rules in force and under a change, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from services.evaluation.simulation.replay import Episode, History, replay
from services.rules.decision import RuleId
from services.rules.measures import Measures
from services.rules.numbers import NumbersError, build, load
from services.rules.worsening.numbers import (
    RULE_NUMBERS,
    CourseRuleThresholds,
    FormRuleThresholds,
    RuleNumbers,
    WorseningThresholds,
)

FileKind = Literal["measures", "worsening", "course", "form"]

KINDS: Final[Mapping[FileKind, type[Any]]] = {
    "measures": Measures,
    "worsening": WorseningThresholds,
    "course": CourseRuleThresholds,
    "form": FormRuleThresholds,
}
# A file is known by any of its tables; one with none of them must be one of M1 and M2.
KIND_OF_TABLE: Final[Mapping[str, FileKind]] = {
    "change": "measures",
    "m3": "course",
    "m4": "course",
    "m5": "course",
    "a1": "form",
    "b1": "form",
    "u1": "form",
}


def changed_numbers(files: Iterable[Path]) -> RuleNumbers:
    """Return the numbers in force with those of the files in their place.

    Each file is a whole changed copy of `worsening.toml`, `form_rules.toml` or a version of the
    course rules or the measures. Raises ``NumbersError`` as the loader of the service does, and
    when two are of one kind.
    """
    changed: dict[FileKind, Any] = {}
    for path in files:
        content = load(path)
        kinds = [KIND_OF_TABLE[name] for name in content if name in KIND_OF_TABLE]
        kind: FileKind = kinds[0] if kinds else "worsening"
        if kind in changed:
            raise NumbersError(f"a second file of {kind} rules", file=path.name)
        changed[kind] = build(content, KINDS[kind], path.name)
    measures = changed.pop("measures", None)
    numbers = replace(RULE_NUMBERS, **changed)
    return numbers if measures is None else numbers.measured_by(measures)


Side = Literal["both", "only_now", "only_then"]


@dataclass(frozen=True, slots=True)
class EpisodeDifference:
    """An episode of one patient that opens under both, only now, or only after the change.

    The same means the same rule, mood day and subject: an episode that moves by a day counts once
    on either side.
    """

    patient: str
    side: Side
    episode: Episode


def compare(
    history: History,
    change: RuleNumbers,
    now: RuleNumbers = RULE_NUMBERS,
    since: date | None = None,
) -> list[EpisodeDifference]:
    """Return every episode from the day `since` on, by day and rule. Earlier answers are replayed
    too: they are the rules' memory.
    """
    before = {_key(one): one for one in replay(history, now) if since is None or one.on >= since}
    after = {_key(one): one for one in replay(history, change) if since is None or one.on >= since}
    found = []
    for key, episode in (after | before).items():
        side: Side = "both" if key in before and key in after else "only_then"
        if key not in after:
            side = "only_now"
        found.append(EpisodeDifference(history.patient, side, episode))
    return sorted(found, key=lambda one: (one.episode.on, one.episode.rule))


def _key(episode: Episode) -> tuple[RuleId, date, str | None]:
    return episode.rule, episode.on, episode.about


@dataclass(slots=True)
class ShadowTally:
    """Counts the episodes of many patients by rule and side, and the days they were watched."""

    patients: int = 0
    days: int = 0
    episodes: Counter[tuple[RuleId, Side]] = field(default_factory=Counter)

    def add(
        self, history: History, differences: Iterable[EpisodeDifference], since: date | None = None
    ) -> None:
        """Count one patient; without an answer since the day only the patient is counted."""
        self.patients += 1
        self.days += history.days_watched(since)
        self.episodes.update((one.episode.rule, one.side) for one in differences)

    @property
    def rules(self) -> list[RuleId]:
        """The rules with an episode on either side, by name."""
        return sorted({rule for rule, _ in self.episodes})

    def now(self, rule: RuleId) -> int:
        """Episodes under the rules in force."""
        return self.episodes[rule, "both"] + self.episodes[rule, "only_now"]

    def then(self, rule: RuleId) -> int:
        """Episodes after the change."""
        return self.episodes[rule, "both"] + self.episodes[rule, "only_then"]

    def per_week(self, episodes: int) -> float:
        """So many episodes per user-week; 0 when nobody was watched."""
        return 7 * episodes / self.days if self.days else 0.0
