"""`flask rules`: decide again what failed, measure the rules, try a change before it goes live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import click
import orjson
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import track

from api.cli.clinic import refusals_as_messages
from api.cli.tables.rules import difference_line, print_shadow, print_simulation
from services.clock import utcnow
from services.evaluation.shadow import shadow_simulated, shadow_stored, stored_patients
from services.evaluation.simulation.comparison import ShadowTally, changed_numbers
from services.evaluation.simulation.figures import SimulationTally, document, measure
from services.evaluation.simulation.patients import USUAL_NOISE, WEEKS_AT_LEAST
from services.intake.replay import replay, undecided
from services.rules.numbers import NumbersError
from services.rules.worsening.numbers import RuleNumbers
from services.unit_of_work import clinic_ids

T = TypeVar("T")
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
WEEKS: Final = click.IntRange(min=WEEKS_AT_LEAST, max=520)

rules = AppGroup("rules", help="The safety rules.")
command = rules


@rules.command("replay")
@click.option(
    "--since",
    required=True,
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="UTC; entries received before are left alone.",
)
def replay_rules(since: datetime) -> None:
    """Decide every entry again on which only the fallback spoke; exit 1 while any still fails."""
    found = [
        entry for clinic in clinic_ids() for entry in undecided(clinic, since.replace(tzinfo=UTC))
    ]
    failed = 0
    for entry in track(found, description="Deciding again", disable=not found):
        try:
            replay(entry, utcnow())
        except Exception as error:  # noqa: BLE001 - the others must still be decided
            failed += 1
            click.echo(f"{entry.entry_id}: {type(error).__name__}", err=True)
    click.echo(f"decided again: {len(found) - failed}, still failing: {failed}")
    if failed:
        raise SystemExit(1)


@rules.command("simulate")
@click.option("--patients", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--weeks", type=WEEKS, default=26, show_default=True)
@click.option(
    "--sd",
    "sds",
    type=click.FloatRange(min=0, max=10),
    multiple=True,
    default=(USUAL_NOISE.sd,),
    show_default=True,
    help="Points of day-to-day noise; may be given several times.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--thresholds",
    "files",
    type=FILE,
    multiple=True,
    help="Measure a changed file of rules M, A, B, U or of the measures instead.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each SD.")
def simulate(
    patients: int,
    weeks: int,
    sds: tuple[float, ...],
    seed: int,
    files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Measure M1-M5 on SIMULATED patients: work made, worsenings found, days of lead."""
    numbers = _numbers(files)
    for sd in sds:
        noise, tally = replace(USUAL_NOISE, sd=sd), SimulationTally()
        counted = measure(tally, patients, weeks, seed, noise, numbers)
        for _ in _shown(counted, patients, f"Simulating, SD {sd:g}"):
            pass
        if as_json:
            size = {"patients": patients, "weeks": weeks, "seed": seed}
            click.echo(orjson.dumps(size | document(tally, noise)))
        else:
            print_simulation(Console(), tally, noise, is_judged=noise == USUAL_NOISE)


@rules.command("shadow")
@click.option(
    "--thresholds",
    "files",
    type=FILE,
    multiple=True,
    required=True,
    help="A changed file of rules M, A, B, U or of the measures; one of each.",
)
@click.option("--clinic", "clinic_id", type=click.UUID, help="Only this clinic.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Count from this mood day on.")
@click.option(
    "--simulated",
    type=click.IntRange(min=1),
    help="So many simulated patients over 26 weeks, not what is stored.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulated patients.")
@click.option("--list", "listed", is_flag=True, help="Also every patient id and day.")
def shadow(
    files: tuple[Path, ...],
    clinic_id: UUID | None,
    since: datetime | None,
    simulated: int | None,
    seed: int,
    listed: bool,
) -> None:
    """Replay history through the rules in force and changed ones. Opens and writes nothing."""
    change, first = _numbers(files), since.date() if since else None
    if simulated is None:
        with refusals_as_messages():
            patients = stored_patients(clinic_id)
        replayed, many = shadow_stored(patients, change, utcnow(), first), len(patients)
        title = "Stored"
    else:
        replayed, many = shadow_simulated(simulated, 26, seed, change, first), simulated
        title = "SIMULATED"
    tally = ShadowTally()
    for one in _shown(replayed, many, "Replaying"):
        tally.add(one.history, one.differences, first)
        for each in one.differences if listed else ():
            click.echo(difference_line(each))
    print_shadow(Console(), tally, f"{title} history, rules now and then (nothing was written)")


def _numbers(files: Iterable[Path]) -> RuleNumbers:
    try:
        return changed_numbers(files)
    except NumbersError as error:
        raise click.ClickException(str(error)) from error


def _shown(work: Iterable[T], total: int, description: str) -> Iterator[T]:
    """Progress goes to standard error, so that figures can be piped."""
    console = Console(stderr=True)
    yield from track(work, total=total, description=description, console=console)
