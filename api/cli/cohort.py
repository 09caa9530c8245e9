"""`flask cohort`: how the patients of a clinic fared, beside the published table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import IO, Final
from uuid import UUID

import click
import orjson
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.cli.tables.cohort import print_groups, print_published, wide_console
from services.clock import utcnow
from services.evaluation.simulation.outcomes import Truth, simulated_patients
from services.exceptions import Invalid, NotFound
from services.reports.cohort.outcomes import Asked, Watch, export_outcomes
from services.reports.cohort.table import CourseLines, groups_csv
from services.rules.cohort.course import TreatedPatient, course_outcomes
from services.rules.cohort.tally import Cohort

DAY: Final = click.DateTime(["%Y-%m-%d"])


@click.group("cohort")
def cohort() -> None:
    """Outcomes of whole clinics."""


@cohort.command("outcomes")
@click.argument("clinic_id", type=click.UUID)
@click.option("--from", "from_day", type=DAY, help="first mood day of last sessions")
@click.option("--to", "to_day", type=DAY, help="last mood day of last sessions")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output")
@click.option("--csv", "csv_file", type=click.File("w"), help="CSV to a file, - is standard output")
@click.option("--courses", is_flag=True, help="with --csv: one line per course, without names")
@with_appcontext
def outcomes(
    clinic_id: UUID,
    from_day: datetime | None,
    to_day: datetime | None,
    as_json: bool,
    csv_file: IO[str] | None,
    courses: bool,
) -> None:
    """Response, remission and worsening 14-31 days after a course; progress on standard error."""
    if courses and csv_file is None:
        raise click.UsageError("--courses needs --csv FILE")
    asked = Asked(from_day=_day(from_day), to_day=_day(to_day))
    lines = CourseLines(csv_file) if courses and csv_file is not None else None
    try:
        with _progress("Reading patients") as watch:
            found = export_outcomes(
                clinic_id, asked, utcnow(), watch, lines.write if lines else None
            )
    except NotFound as error:
        raise click.ClickException(f"there is no clinic {clinic_id}") from error
    except Invalid as error:
        raise click.UsageError("--from is after --to") from error
    if lines is not None:
        return
    if csv_file is not None:
        csv_file.write(groups_csv(found))
    elif as_json:
        click.echo(orjson.dumps(found.document(), option=orjson.OPT_INDENT_2))
    else:
        print_groups(wide_console(), found.cohort, f"Clinic {clinic_id}")


@cohort.command("simulate")
@click.argument("patients", type=click.IntRange(1), default=10_000)
@click.option("--seed", type=int, default=1, show_default=True)
def simulate(patients: int, seed: int) -> None:
    """Count SIMULATED patients, some of them censored, missing or treated again, and lay the
    figures beside the published ones and the truth that they were drawn from.
    """
    counted = Cohort()
    with _progress("Counting simulated patients") as watch:
        for person in _watched(simulated_patients(patients, seed), patients, watch):
            counted.add(course_outcomes(person))
    print_published(
        wide_console(), counted, Truth(), f"SIMULATED: {patients} patients, seed {seed}"
    )


def _watched(
    people: Iterable[TreatedPatient], total: int, watch: Watch
) -> Iterator[TreatedPatient]:
    for number, person in enumerate(people, start=1):
        yield person
        watch(number, total)


@contextmanager
def _progress(description: str) -> Iterator[Watch]:
    """Progress goes to standard error, so that the figures can be piped."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


command: Final = cohort
