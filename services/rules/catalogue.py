"""Every rule that can raise an alert: what it says, how urgent it is, how it repeats, on what.

The rows stand in `data/catalogue.toml`. The function that decides a rule stands where its kind of
entry is decided: the S rules in `danger.triage`, the others in `decide`, and those on which nobody
answered in `services.alerts.monitors`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from services.rules.decision import Tier
from services.rules.numbers import DATA, Basis, NumbersError, read
from services.rules.sources import Value, values_at

SUICIDE_RISK: Final = "suicide_risk"
UNREADABLE_RISK: Final = "unreadable_risk"
EMERGENCY: Final = "e1"
SILENCE: Final = "silence"
RULES_FAILED: Final = "rules_failed"
FALLBACK: Final = "fallback"

ITEM9_HIGHEST: Final = 3
NBSP: Final = "\N{NO-BREAK SPACE}"


class Repeats(Enum):
    """When a rule that was reported before may open, or add to, an alert again."""

    ALWAYS = "always"
    AFTER_DAYS = "after {days} days"
    AFTER_DAYS_OR_GRAVER = "after {days} days, at once when graver"
    AFTER_EPISODE = "when the episode has ended, or after {days} days"
    ONCE_A_COURSE = "once a course"
    ONCE_A_SESSION = "once a session"
    ONCE_A_SILENCE = "once a silence"
    COUNTED = "one alert counts the entries of a clinic and a rule version"

    @property
    def is_suppressed(self) -> bool:
        """Whether what the patient's alerts have been about may suppress the rule."""
        return self not in (Repeats.ALWAYS, Repeats.ONCE_A_SILENCE, Repeats.COUNTED)

    @property
    def is_by_days(self) -> bool:
        """Whether only time decides, and where it says so a graver finding."""
        return self in (Repeats.AFTER_DAYS, Repeats.AFTER_DAYS_OR_GRAVER)

    @property
    def is_once_each(self) -> bool:
        """Whether the rule alerts once about each course or session, and never again."""
        return self in (Repeats.ONCE_A_COURSE, Repeats.ONCE_A_SESSION)


Besides = Literal["nobody", "session staff first", "session staff too", "care team too"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    `words`: what it says, on the alert page; `advice`: what to do, for whoever enters a reading.
    `looks_at`: instruments and kinds of entry that it is decided on. `tiers`: those it may have,
    the highest first; none when it `is_only_recorded`. `cause`: what in the answer fires it.
    `interrupts`: whether an occurrence ends an acknowledgement (contract, "Alerts").
    `opens_only`: on an alert that is open already an occurrence is noted and moves nothing.
    `is_about_worsening`: a late entry and a form without a total then raise no alert. `is_bodily`:
    the answer may carry the card for bodily emergencies. `numbers`: its files, each with a table in
    it where not all is meant. `besides`: whom a page about it goes to besides the chain.
    """

    id: str
    family: str
    words: str
    looks_at: tuple[str, ...]
    source: str
    basis: Basis
    tiers: tuple[Tier, ...] = ()
    is_only_recorded: bool = False
    repeats: Repeats = Repeats.ALWAYS
    cause: str = ""
    interrupts: Literal["never", "when critical", "when item 9 is 3"] = "never"
    opens_only: bool = False
    is_about_worsening: bool = False
    is_bodily: bool = False
    numbers: tuple[str, ...] = ()
    advice: str = ""
    besides: Besides = "nobody"

    def __post_init__(self) -> None:
        """Put the numbers into the words. Raises `NumbersError` for one that no file has, and for a
        rule without a tier, which would page nobody.
        """
        if bool(self.tiers) == self.is_only_recorded:
            raise NumbersError("needs a tier, or is only recorded", "tiers")
        for name in ("words", "advice"):
            object.__setattr__(self, name, self._with_numbers(getattr(self, name), name))

    def _with_numbers(self, words: str, name: str) -> str:
        known = {value.path: value.value for value in self.values()} if "{" in words else {}
        known |= _item9_levels(known)
        try:
            filled = re.sub(r"\{([\w.]+)\}", lambda place: str(known[place[1]]), words)
        except KeyError as error:
            raise NumbersError(f"names {error}, which its files do not have", name) from error
        return filled.replace("~", NBSP)

    @property
    def tier(self) -> Tier | None:
        """The highest of its tiers, None when it is only recorded."""
        return self.tiers[0] if self.tiers else None

    def values(self) -> list[Value]:
        """The values of its files, in their order."""
        return [value for place in self.numbers for value in values_at(place)]


def _item9_levels(known: Mapping[str, Any]) -> dict[str, str]:
    """The answers to item 9 that are critical, and those that are high: `2 or 3`, `1`."""
    positive, critical = known.get("item9_positive_from"), known.get("item9_critical_from")
    above = {"item9_critical": (critical, ITEM9_HIGHEST + 1), "item9_high": (positive, critical)}
    return {
        name: " or ".join(map(str, range(low, end)))
        for name, (low, end) in above.items()
        if low is not None and end is not None
    }


@dataclass(frozen=True, slots=True)
class Family:
    """What an alert is about; a patient has one open of each. `words`: in a list of patients."""

    id: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of them by id. Of two alerts of one tier, a list names the family that stands first."""

    rules: Mapping[str, Rule]
    families: Mapping[str, Family]

    def __post_init__(self) -> None:
        """Check that every rule has a family, and every family a rule."""
        if {rule.family for rule in self.rules.values()} != self.families.keys():
            raise NumbersError("needs the families of its rules, and no other", "families")


_READ: Final = read(DATA / "catalogue.toml", Catalogue)
CATALOGUE: Final = _READ.rules
FAMILIES: Final = _READ.families
