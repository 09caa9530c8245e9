"""The numbers of rules A1, B1 and U1, read once from `data/form_rules.toml`."""

from dataclasses import dataclass
from pathlib import Path

from services.rules.threshold_files import DATA, read_thresholds


@dataclass(frozen=True, slots=True)
class A1Thresholds:
    """Rule A1, in points of the GAD-7 (0-21) and the PCL-5 (0-80) and days."""

    reference_days: int
    reference_readings: int
    gad7_rise: int
    gad7_total: int
    pcl5_rise: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class B1Thresholds:
    """Rule B1, in points of the ASRM (0-20), CTCAE grades (1-4) and days."""

    reference_days: int
    asrm_total: int
    asrm_rise: int
    effect_grade: int
    effect_days: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class U1Thresholds:
    """Rule U1, in points of an item (0-3) or of the form (0-15), CTCAE grades, sessions, days."""

    item: int
    blood_item: int
    total_rise: int
    effect_grade: int
    blood_grade: int
    new_after_sessions: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class FormRuleThresholds:
    """One version of the three rules."""

    version: str
    a1: A1Thresholds
    b1: B1Thresholds
    u1: U1Thresholds


def read_form_rule_thresholds(path: Path = DATA / "form_rules.toml") -> FormRuleThresholds:
    """Read one version of the numbers. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    return FormRuleThresholds(
        version=file.version,
        a1=file.table("a1", A1Thresholds),
        b1=file.table("b1", B1Thresholds),
        u1=file.table("u1", U1Thresholds),
    )


FORM_RULE_THRESHOLDS = read_form_rule_thresholds()
