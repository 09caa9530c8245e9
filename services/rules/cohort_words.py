"""What the figures of a cohort mean, in words that go out with them."""

from collections.abc import Mapping

from services.rules.cohort_thresholds import CohortThresholds
from services.rules.trend_thresholds import TREND_THRESHOLDS

CAUTION = "Self-selected completers; not a patient's expected chance."
SMALL_GROUPS = (
    "Groups with few outcomes are marked `small` and not hidden: whoever may see this page may see"
    " each of these patients or the whole clinic's numbers already, and nothing leaves the clinic."
)
PUBLISHED_OF = (
    "McInnes 2022 (PMID 35027209): IV ketamine in routine care; lay beside it an induction of"
    " ketamine by iv on the same schedule (group 'strict')."
)


def definitions(thresholds: CohortThresholds) -> Mapping[str, str]:
    """How each figure is made; the numbers are those of the thresholds in use."""
    window, strict, marks = thresholds.window, thresholds.strict, thresholds.sustained
    status = TREND_THRESHOLDS.status
    return {
        "unit": "A course with at least one session; cancelled and planned sessions do not count."
        " `from` and `to` bound the mood day of its last session. A patient with two courses"
        " counts twice; `patients` counts her once.",
        "baseline": "The two-week PHQ-9 before the course (status `established`); a course within"
        f" {TREND_THRESHOLDS.baseline.keep_days} days of another keeps its baseline. Else"
        " `baseline_missing`.",
        "outcome": f"The last complete two-week PHQ-9 {window.first_day}-{window.last_day} mood"
        " days after the last session and before any further session; forms entered late count on"
        " their day.",
        "pending": f"Not yet {window.last_day} days since the last session, or more are planned in"
        " the course: early answers would stand for all.",
        "retreated": "Another session, of any course, came before such a form.",
        "missing": "No such form, and no further session within the window.",
        "n": "Courses with a baseline and an outcome. courses = n + pending + baseline_missing +"
        " retreated + missing; percentages are of those observed, nothing is imputed.",
        "response": f"At least {status.response_percent} % below a baseline of at least"
        f" {status.percent_from_baseline}, among `n` of these (`below_limit`: lower baselines).",
        "remission": f"Below {status.remission_below}, among the same.",
        "worsened": "Any rise above the baseline, among all with an outcome.",
        "worsened_reliably": f"A rise of at least {status.worse_rise}, among all with an outcome.",
        "item9_lower": "Item 9 lower than at baseline, among those with item 9 >= 1 there; item 9"
        " is the highest of the day.",
        "item9_zero": "Item 9 of 0, among those with item 9 >= 1 at baseline.",
        "item9_higher": "Item 9 higher than at baseline, among all with both.",
        "interval": "95 % Wilson score interval; courses are taken as independent.",
        "sustained": "Kaplan-Meier from the first response reading (at most"
        f" {window.last_day} days after the last session) to the loss of the response (rule M3),"
        " censored at the last form before any further session and after"
        f" {marks.horizon_days} days. Who is treated again because it wears off is censored, so"
        " the curve may flatter. Shares are null once nobody is observed.",
        "maintenance": "Counted likewise from the last session of the maintenance course; the"
        " published table is about induction.",
        "strict": f"Inductions of {strict.min_sessions}-{strict.max_sessions} sessions in"
        f" {strict.min_days}-{strict.max_days} days, as published.",
        "route": "`mixed`: the sessions of the course differ; `none`: a treatment without a route.",
    }
