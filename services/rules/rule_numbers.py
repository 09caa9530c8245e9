"""All numbers of the M, A, B and U rules together: one set to decide with, or to try out."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.rules.course_rule_thresholds import COURSE_RULE_THRESHOLDS, CourseRuleThresholds
from services.rules.form_rule_thresholds import FORM_RULE_THRESHOLDS, FormRuleThresholds
from services.rules.rule_decision import RuleId
from services.rules.worsening_thresholds import WORSENING_THRESHOLDS, WorseningThresholds


@dataclass(frozen=True, slots=True)
class RuleNumbers:
    """One version of each file; a trial run on history takes others than those in force."""

    worsening: WorseningThresholds = WORSENING_THRESHOLDS
    course: CourseRuleThresholds = COURSE_RULE_THRESHOLDS
    form: FormRuleThresholds = FORM_RULE_THRESHOLDS

    @property
    def repeat_days(self) -> Mapping[RuleId, int]:
        """After how many days a rule may speak again; M2 knows when an episode has ended."""
        return {
            "M1": self.worsening.m1.repeat_after_days,
            "A1": self.form.a1.repeat_after_days,
            "B1": self.form.b1.repeat_after_days,
            "U1": self.form.u1.repeat_after_days,
        }


RULE_NUMBERS = RuleNumbers()
