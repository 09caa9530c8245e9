"""The cohort on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from services.evaluation.simulation.outcomes import Truth
from services.rules.cohort.course import Fate
from services.rules.cohort.document import CAUTION, PUBLISHED_OF, all_figures
from services.rules.cohort.figures import GroupFigures, Share, SurvivalMark, figures_of
from services.rules.cohort.tally import Cohort, CohortGroup, OutcomeTally, ShareName
from services.rules.measures import Change

WIDTH: Final = 240
INDUCTIONS: Final = CohortGroup("phase", "induction")
STRICT: Final = CohortGroup("strict", "induction")
SHARES: Final[tuple[ShareName, ...]] = (
    "response",
    "remission",
    "worsened",
    "item9_lower",
    "item9_higher",
)
WITHOUT_OUTCOME: Final[tuple[tuple[str, Fate], ...]] = (
    ("missing", "missing"),
    ("treated again before", "retreated"),
    ("no baseline", "baseline_missing"),
    ("window not closed", "pending"),
)
SHORT: Final = ("missing", "again", "no baseline", "pending")


def wide_console() -> Console:
    """The terminal, or lines wide enough for the tables where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def print_groups(console: Console, cohort: Cohort, title: str) -> None:
    """One line per group, for a clinic."""
    marks = cohort.thresholds.sustained
    days = (f"{days} days" for days in (marks.first_mark_days, marks.second_mark_days))
    names = (name.replace("_", " ") for name in SHARES)
    table = _table(title, ("group", "courses", *SHORT, "n", *names, *days))
    for column in table.columns:
        column.no_wrap = True
    for found in all_figures(cohort):
        fates = [str(found.tally.fates[fate]) for _, fate in WITHOUT_OUTCOME]
        shares = [_short(found.shares[name]) for name in SHARES]
        counts = [str(found.tally.courses), *fates, str(found.n)]
        table.add_row(_label(found), *counts, *shares, *map(_short_mark, found.sustained.marks))
    console.print(table)
    width = cohort.thresholds.shown.interval_percent
    console.print(
        f"Shares with {width} % intervals; days: still responding so long (how many were observed)."
    )


def _share_words(change: Change) -> dict[ShareName, str]:
    """What the rows of shares are called."""
    return {
        "response": f"response (at least {change.response_percent} %)",
        "remission": f"remission (below {change.remission_below})",
        "worsened": "worsened (any rise)",
        "item9_lower": "item 9 lower",
        "item9_higher": "item 9 higher",
    }


def print_published(console: Console, cohort: Cohort, truth: Truth, title: str) -> None:
    """The published table beside what was counted and what is true of the simulated people."""
    strict, every = (
        figures_of(group, cohort.tallies.get(group, OutcomeTally()), cohort.thresholds)
        for group in (STRICT, INDUCTIONS)
    )
    table = _table(
        title, ("induction", "McInnes 2022", "true (simulated)", "schedule as published", "all")
    )
    published, chosen = cohort.thresholds.published, (strict, every)
    table.add_row(
        "courses", str(published.people_treated), "", *(str(c.tally.courses) for c in chosen)
    )
    table.add_row("with an outcome (n)", str(published.people), "", *(str(c.n) for c in chosen))
    for words, fate in WITHOUT_OUTCOME:
        table.add_row(words, "", "", *_counts(chosen, fate))
    for name, words in _share_words(cohort.thresholds.measures.change).items():
        stated, true = getattr(published, name), 100 * getattr(truth, name)
        counted = (_share(one.shares[name]) for one in chosen)
        table.add_row(words, f"{stated:.1f} %", f"{true:.1f} %", *counted)
    marks = zip(strict.sustained.marks, every.sustained.marks, strict=True)
    stated_marks = (
        (published.sustained_first_mark, truth.sustained_first_mark),
        (published.sustained_second_mark, truth.sustained_second_mark),
    )
    for (one, other), (stated, true) in zip(marks, stated_marks, strict=True):
        words = f"still responding, {one.days} days"
        cells = (f"about {stated:g} %", f"{100 * true:.1f} %", _mark(one), _mark(other))
        table.add_row(words, *cells)
    console.print(table)
    console.print(f"The counted people are made up. {PUBLISHED_OF}")


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", caption=CAUTION, caption_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    return table


def _label(found: GroupFigures) -> str:
    group = found.group
    if group.by == "overall":
        return "all courses"
    words = ["on published schedule"] if group.by == "strict" else []
    words += [word for word in (group.phase, group.product, group.route) if word is not None]
    return ", ".join([*words, "small"] if found.small else words)


def _counts(chosen: Sequence[GroupFigures], fate: Fate) -> list[str]:
    return [str(one.tally.fates[fate]) for one in chosen]


def _share(share: Share) -> str:
    return f"{_short(share)} of {share.n}"


def _short(share: Share) -> str:
    if share.percent is None or share.low is None or share.high is None:
        return "-"
    return f"{float(share.percent):.1f} % ({share.low:.1f}-{share.high:.1f})"


def _mark(mark: SurvivalMark) -> str:
    return f"{_percent(mark)} ({mark.at_risk} at risk)"


def _short_mark(mark: SurvivalMark) -> str:
    return f"{_percent(mark)} ({mark.at_risk})"


def _percent(mark: SurvivalMark) -> str:
    return "not known" if mark.share is None else f"{float(100 * mark.share):.1f} %"
