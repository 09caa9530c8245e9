"""Simulated people in a running service, for whoever drives it: run as a script in its tree.

`PYTHONPATH=<tree> python -P seed.py '{"clinics": 1, ...}'` fills the database, prints one line
about who there is, and then answers each line of a count of tokens of somebody with these tokens.
It uses only what older revisions have too: they are measured by the same driver.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from uuid import uuid4

import jwt
from flask import Flask

from api import create_app
from api.http.auth import ALGORITHM, KEYS
from api.settings import Settings
from benchmarks import caseload
from benchmarks.bench import Bench, admin_url_of
from benchmarks.cohort import _fill as fill_cohort
from benchmarks.people import Past, give_past
from models import (
    Alert,
    CareTeamMember,
    CourseVersion,
    Patient,
    PatientStatus,
    TreatmentCourse,
    TreatmentSession,
    TreatmentSessionVersion,
    User,
)
from services.evaluation.simulation.outcomes import simulated_patients
from tests.builders.world import ClinicWorld, Person, World

TABLES = (
    *(User, Patient, PatientStatus, TreatmentCourse, CourseVersion, TreatmentSession),
    *(TreatmentSessionVersion, Alert, CareTeamMember),
)


class Seed:
    """Who is in the database, by what they are for."""

    def __init__(self, app: Flask, admin_url: str, sizes: dict[str, Any]) -> None:
        self.app, self.sizes = app, sizes
        self.bench = Bench(app, admin_url)
        self.people: dict[str, list[Person]] = {}
        self.about: dict[str, str] = {}
        self._made = 0
        self._turns: dict[str, Iterator[Person]] = {}
        world = World(app)
        for clinics in self.sizes["clinics"]:
            self.people[f"writers of {clinics}"] = self._writers(world, clinics)
        clinic = world.clinic()
        self.people["new patients"] = [clinic.patient() for _ in range(self.sizes["new"])]
        self._read(world)
        self.bench.settle()

    def _writers(self, world: World, count: int) -> list[Person]:
        """Patients in treatment with a year behind them, spread over so many clinics; where there
        are more clinics than patients, the others have an administrator alone.
        """
        clinics = [world.clinic() for _ in range(count)]
        writers = list[Person]()
        for seed in range(self.sizes["writers"]):
            clinic: ClinicWorld = clinics[seed % count]
            writers.append(clinic.patient())
            by = clinic.admin
            give_past(clinic, writers[-1], by, Past(), self.bench.admin_url, seed)
        return writers

    def _read(self, world: World) -> None:
        """Each in a clinic of its own: whose trend, whose caseload and whose cohort is read."""
        for years in self.sizes["trends"]:
            clinic = world.clinic()
            staff, patient = clinic.staff(), clinic.patient()
            give_past(clinic, patient, staff, Past(years=years), self.bench.admin_url)
            self.people[f"trend {years}"] = [staff]
            self.about[f"trend {years}"] = str(patient.patient_id)
        for patients in self.sizes["caseloads"]:
            clinic = world.clinic()
            staff = clinic.staff()
            self._fill_caseload(clinic, staff, patients)
            self.people[f"caseload {patients}"] = [staff]
        for patients in self.sizes["cohorts"]:
            clinic = world.clinic()
            staff = clinic.staff()
            people = simulated_patients(patients, 1)
            fill_cohort(self.bench, clinic, staff.user_id, people, patients)
            self.people[f"cohort {patients}"] = [staff]

    def _fill_caseload(self, clinic: ClinicWorld, staff: Person, patients: int) -> None:
        dice, now = random.Random(self._made), datetime.now(UTC)
        numbers = range(self._made, self._made + patients)
        made = [caseload.Made(clinic, staff, number, dice, now) for number in numbers]
        self._made += patients
        with self.app.app_context(), caseload.transaction(clinic.id) as session:
            for model in TABLES:
                rows = [one.rows[model] for one in made if model in one.rows]
                caseload.put(session, model, rows)

    def tokens(self, who: str, count: int) -> list[str]:
        """So many different tokens of these people in turn; they hold for 15 minutes."""
        key_id, key = next(iter(self.app.config[KEYS].items()))
        now, turns = datetime.now(UTC), self._turns.setdefault(who, cycle(self.people[who]))
        known: dict[Any, dict[str, Any]] = {}
        found = []
        for person in (next(turns) for _ in range(count)):
            if person.user_id not in known:
                token = person.headers_at(now)["Authorization"].removeprefix("Bearer ")
                known[person.user_id] = jwt.decode(token, key, [ALGORITHM])
            claims = {**known[person.user_id], "jti": str(uuid4())}
            found.append(jwt.encode(claims, key, ALGORITHM, headers={"kid": key_id}))
        return found


def main() -> None:
    """Fill, then serve tokens until standard input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    app = create_app(Settings.from_environ(os.environ))
    seed = Seed(app, admin_url_of(app), json.loads(sys.argv[1]))
    print(json.dumps(seed.about), file=answers)
    answers.flush()
    for line in sys.stdin:
        print(json.dumps(seed.tokens(**json.loads(line))), file=answers)
        answers.flush()


if __name__ == "__main__":
    main()
