"""The call with which an app starts, of a patient with a year of data: the whole request in process
and, for a phone that has it all, the answer that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.bench import Bench, Later, Line, under
from benchmarks.people import Past, give_past
from benchmarks.world import a_clinic
from tests.builders.world import Person

AIM_MS: Final = 10.0
AIM_UNCHANGED_MS: Final = 2.0
PATH: Final = "/v1/bootstrap"


def run(bench: Bench) -> list[Line | Later]:
    """With every questionnaire, with those that the phone has left out, and unchanged."""
    clinic = a_clinic(bench.app)
    staff, patient = clinic.staff(), clinic.patient()
    give_past(clinic, patient, staff, Past(), bench.admin_url)
    bench.settle()
    first = patient.app.test_client().get(PATH, headers=patient.headers)
    kept = ",".join(f"{one['code']}:{one['hash']}" for one in first.json["instruments"])
    had = {"If-None-Match": first.headers["ETag"]}
    whole = bench.best("bootstrap", _call(patient, 200))
    lean = bench.best("bootstrap, known", _call(patient, 200, f"{PATH}?have={kept}"))
    unchanged = bench.best("bootstrap, 304", _call(patient, 304, more=had))
    return [
        under("bootstrap, a year of data", whole, AIM_MS),
        under("  the phone has the questionnaires", lean, AIM_MS),
        under("  unchanged: 304", unchanged, AIM_UNCHANGED_MS),
    ]


def _call(
    patient: Person, status: int, path: str = PATH, more: dict[str, str] | None = None
) -> Callable[[], object]:
    client, headers = patient.app.test_client(), {**patient.headers, **(more or {})}

    def call() -> None:
        assert client.get(path, headers=headers).status_code == status

    return call
