"""How `flask rules simulate` and `flask rules shadow` show their figures on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from services.evaluation.simulation.comparison import EpisodeDifference, ShadowTally
from services.evaluation.simulation.figures import (
    MeasuredValue,
    SimulationTally,
    Target,
    burden,
    found_by_course,
    rows,
    targets,
)
from services.evaluation.simulation.patients import Noise

VERDICTS = {True: "met", False: "NOT MET", None: "nobody to see it in"}
SIDES = {"both": "both", "only_now": "only now", "only_then": "only then"}


def print_simulation(
    console: Console, tally: SimulationTally, noise: Noise, is_judged: bool
) -> None:
    """Every table for one noise; the targets only where they are judged."""
    figures = (
        f"SD {noise.sd:g}, autocorrelation {noise.autocorrelation:g}, {noise.missing:.0%} missing"
    )
    console.print(_table(f"SIMULATED patients, {figures}: rules", rows(tally)))
    console.print(_table("New episodes per user-week by kind of SIMULATED patient", burden(tally)))
    title = "Lasting rises of 6 found within 5 days, by what the SIMULATED patient was before"
    console.print(_table(title, found_by_course(tally)))
    if is_judged:
        console.print(_targets(targets(tally)))


def print_shadow(console: Console, tally: ShadowTally, title: str) -> None:
    """Episodes of each rule now and after the change."""
    table = Table(title=title, title_justify="left")
    headings = ("rule", "now", "then", "only now", "only then", "now/week", "then/week")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for rule in tally.rules:
        now, then = tally.now(rule), tally.then(rule)
        only = tally.episodes[rule, "only_now"], tally.episodes[rule, "only_then"]
        rates = (f"{tally.per_week(count):.4f}" for count in (now, then))
        table.add_row(rule, *(str(count) for count in (now, then, *only)), *rates)
    console.print(table)
    console.print(f"{tally.patients} patients, {tally.days / 7:.1f} user-weeks")


def difference_line(one: EpisodeDifference) -> str:
    """One episode of one patient, for `--list`; ids and days only."""
    about = f" about {one.episode.about}" if one.episode.about else ""
    return f"{one.patient} {one.episode.rule} {one.episode.on} {SIDES[one.side]}{about}"


def _table(title: str, lines: Sequence[Mapping[str, MeasuredValue]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in lines[0] if lines else ():
        table.add_column(name.replace("_", " "))
    for line in lines:
        table.add_row(*(_cell(value) for value in line.values()))
    return table


def _targets(found: Iterable[Target]) -> Table:
    table = Table(title="Targets on SIMULATED patients", title_justify="left")
    for heading in ("target", "aim", "seen", ""):
        table.add_column(heading)
    for one in found:
        verdict = VERDICTS[one.met] if one.judged else "shown, not judged"
        table.add_row(one.claim, one.aim, _cell(one.seen), verdict)
    return table


def _cell(value: MeasuredValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{round(value, 4):g}"
    return "-" if value is None else str(value)
