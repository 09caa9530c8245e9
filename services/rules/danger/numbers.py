"""The numbers of the safety rules, read once from `data/triage.toml`. No number lives in code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from services.rules.decision import Tier

T = TypeVar("T")


class RuleSetError(ValueError):
    """`triage.toml` lacks a value, a source or a unit, or a value makes no clinical sense."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The safety rules' numbers; units and sources stand beside each value in the TOML."""

    version: str
    item9_positive_from: int
    item9_critical_from: int
    recent_risk: timedelta
    item9_before_cssrs: timedelta
    lowering_reach: timedelta
    lowering_floors: Mapping[str, Tier]
    cssrs_tier: Mapping[str, Tier]
    untrusted_flags: frozenset[str]
    plan_longest: timedelta
    plan_cssrs_age: timedelta
    plan_cssrs_levels: frozenset[str]
    plan_missed_mood_days: int
    morning_mail_hour: int


def parse_rule_set(text: str) -> RuleSet:
    """The rule set in a TOML text; raises `RuleSetError` (never a half-read set)."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleSetError(f"not TOML: {error}") from error
    version = data.get("version")
    if not isinstance(version, str) or not version.strip():
        raise RuleSetError("version: must be a text")
    rules = RuleSet(
        version=version,
        item9_positive_from=_value(data, "item9_positive_from", int),
        item9_critical_from=_value(data, "item9_critical_from", int),
        recent_risk=timedelta(days=_positive(data, "recent_risk")),
        item9_before_cssrs=timedelta(hours=_positive(data, "item9_before_cssrs")),
        lowering_reach=timedelta(hours=_positive(data, "lowering_reach")),
        lowering_floors=_tiers(data, "lowering_floors"),
        cssrs_tier=_tiers(data, "cssrs_tier"),
        untrusted_flags=frozenset(_value(data, "untrusted_flags", list)),
        plan_longest=timedelta(days=_positive(data, "plan_longest")),
        plan_cssrs_age=timedelta(hours=_positive(data, "plan_cssrs_age")),
        plan_cssrs_levels=frozenset(_value(data, "plan_cssrs_levels", list)),
        plan_missed_mood_days=_positive(data, "plan_missed_mood_days"),
        morning_mail_hour=_value(data, "morning_mail", int),
    )
    _check_sense(rules)
    return rules


def _value(data: Mapping[str, object], name: str, kind: type[T]) -> T:
    entry = data.get(name)
    if not isinstance(entry, dict):
        raise RuleSetError(f"{name}: missing")
    for key in ("unit", "source"):
        if not str(entry.get(key, "")).strip():
            raise RuleSetError(f"{name}: needs a {key}")
    value = entry.get("value")
    if not isinstance(value, kind) or isinstance(value, bool):
        raise RuleSetError(f"{name}: value must be of type {kind.__name__}")
    return value


def _positive(data: Mapping[str, object], name: str) -> int:
    value = _value(data, name, int)
    if value <= 0:
        raise RuleSetError(f"{name}: must be above zero")
    return value


def _tiers(data: Mapping[str, object], name: str) -> Mapping[str, Tier]:
    try:
        words = _value(data, name, dict)
        return MappingProxyType({key: Tier.from_word(str(word)) for key, word in words.items()})
    except KeyError as error:
        raise RuleSetError(f"{name}: unknown tier {error}") from error


def _check_sense(rules: RuleSet) -> None:
    """A slip of the pen must not switch a safety rule off."""
    if not 0 < rules.item9_positive_from <= rules.item9_critical_from:
        raise RuleSetError("item9_positive_from: must be above 0 and not above item9_critical_from")
    if set(rules.cssrs_tier) != {"none", "low", "moderate", "high"}:
        raise RuleSetError("cssrs_tier: needs none, low, moderate and high")
    if rules.morning_mail_hour not in range(24):
        raise RuleSetError("morning_mail: must be an hour, 0-23")


RULES = parse_rule_set((Path(__file__).parent.parent / "data" / "triage.toml").read_text("utf-8"))
RULES_VERSION = RULES.version
