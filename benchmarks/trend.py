"""The trend JSON in process: token, row-level security, reads, rules, JSON, audit and commit.

Beside it the floor (the same rows by one prepared statement, and `json.dumps`) and what one would
write with pandas: the mean of a week and the Theil-Sen slope of a fortnight, and no more than that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row

import api.routes.clinicians.trends as route
import services.accounts.tokens.token_check as sessions
import services.audit as audit
import services.reports.trend.report as report
import services.rules.trend.document as document
import services.unit_of_work as unit_of_work
from benchmarks.bench import Bench, Later, Line, ms, under
from benchmarks.parts import Named, in_words, split
from benchmarks.people import INSTRUMENTS, Past, give_past
from benchmarks.world import Figures, a_clinic
from models.clinic_door import enter_session
from tests.builders.world import ClinicWorld, Person

AIM_MS: Final = 5.0
AIM_GROWTH: Final = 10.0
SPLIT_CALLS: Final = 40
READS: Final = (
    "load_cut",
    "entries_at",
    "load_treatment",
    "levels_at",
    "effects_at",
    "load_pauses_at",
    "alerts_at",
)
PARTS: Final[dict[str, list[Named]]] = {
    "reads": [(report, name) for name in READS],
    "rules": [(report, "trend")],
    "figures and hash": [(document, "figures_json"), (document, "content_hash")],
    "JSON": [(route, "json_answer")],
    "audit": [(audit, "record")],
    "commit": [(unit_of_work, "_commit")],
    "token and view": [(sessions, "_standing"), (report, "visible_patient")],
}
ROWS: Final = """
SELECT 'check_in' AS kind, mood_day, answered_at AS at, total, q9_highest, NULL AS more
FROM check_ins WHERE patient_id = %(patient)s AND instrument = %(instrument)s
UNION ALL SELECT 'session', NULL, started_at, NULL, NULL, product
FROM treatment_session_versions WHERE patient_id = %(patient)s
UNION ALL SELECT 'side_effects', mood_day, answered_at, NULL, NULL, effects::text
FROM side_effect_reports WHERE patient_id = %(patient)s
"""


def run(bench: Bench) -> list[Line | Later]:
    """A year and ten of them, both instruments, in a clinic with others: the server's plans depend
    on how many there are.
    """
    clinic = a_clinic(bench.app)
    staff = clinic.staff()
    long = bench.sizes.long_years
    one = _with_past(bench, clinic, staff, Past())
    many = _with_past(bench, clinic, staff, Past(years=long))
    for seed in range(bench.sizes.neighbours):
        _with_past(bench, clinic, staff, Past(), seed)
    bench.settle()
    lines: list[Line | Later] = []
    for instrument in INSTRUMENTS:
        year = bench.best(f"trend {instrument}, 1 year", trend_call(staff, one, instrument))
        years = bench.best(f"trend {instrument}, {long} years", trend_call(staff, many, instrument))
        lines.append(under(f"trend JSON {instrument}, 1 year", year, AIM_MS))
        lines.append(_growth(instrument, long, years, year))
        lines.append(_where(bench, staff, one, instrument, "1 year"))
        lines.append(_where(bench, staff, many, instrument, f"{long} years"))
        lines.append(partial(_peers, bench, clinic, one.patient_id, instrument, year))
    return lines


def trend_call(staff: Person, patient: Person, instrument: str) -> Callable[[], dict[str, Any]]:
    """The whole request of a clinician, without a network."""
    client, headers = staff.app.test_client(), staff.headers
    path = f"/v1/patients/{patient.patient_id}/trend?instrument={instrument}"

    def call() -> dict[str, Any]:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200
        return {"body": answer.data}

    found = orjson.loads(call()["body"])
    assert found["series"], "the patient has a past"
    return call


def _with_past(
    bench: Bench, clinic: ClinicWorld, staff: Person, past: Past, seed: int = 1
) -> Person:
    patient = clinic.patient()
    give_past(clinic, patient, staff, past, bench.admin_url, seed)
    return patient


def _growth(instrument: str, years: int, long: Figures, short: Figures) -> Line:
    times = long.p50 / short.p50
    what = f"trend JSON {instrument}, {years} years"
    seen = f"{ms(long)}: {times:.1f} x the year"
    return Line(what, seen, f"< {AIM_GROWTH:g} x the year", times < AIM_GROWTH)


def _where(bench: Bench, staff: Person, patient: Person, instrument: str, past: str) -> Line:
    found = split(
        trend_call(staff, patient, instrument), min(bench.sizes.calls, SPLIT_CALLS), dict(PARTS)
    )
    return Line(f"  of which, {instrument}, {past}", in_words(found))


def _peers(
    bench: Bench, clinic: ClinicWorld, patient_id: UUID, instrument: str, ours: Figures
) -> list[Line]:
    asked = {"patient": patient_id, "instrument": instrument}
    with psycopg.connect(bench.app_url, autocommit=True, row_factory=dict_row) as connection:
        enter_session(connection, clinic.id)

        def rows() -> list[dict[str, Any]]:
            return connection.execute(ROWS, asked, prepare=True).fetchall()

        floor = bench.best("floor", lambda: json.dumps(rows(), default=str))
        pandas = bench.best("pandas", lambda: with_pandas(rows()))
    return [
        Line("  floor: its rows, json.dumps", ms(floor), beside=_beside(ours, floor)),
        Line("  pandas: 2 of its figures", ms(pandas), beside=_beside(ours, pandas)),
    ]


def with_pandas(rows: list[dict[str, Any]]) -> str:
    """The day's last total, the mean of the last seven days, the slope of the last fourteen."""
    import pandas as pd  # type: ignore[import-untyped]  # ships no types
    from scipy.stats import theilslopes

    frame = pd.DataFrame([row for row in rows if row["kind"] == "check_in"])
    frame["mood_day"] = pd.to_datetime(frame["mood_day"])
    days = frame.sort_values(["mood_day", "at"]).groupby("mood_day")["total"].last().astype(float)
    last = days.index[-1]
    week = days[days.index > last - pd.Timedelta(days=7)]
    window = days[days.index > last - pd.Timedelta(days=14)]
    place = (window.index - window.index[0]).days
    slope = 7 * theilslopes(window.to_numpy(), place)[0] if len(window) > 1 else None
    return json.dumps(
        {
            "m7": week.mean(),
            "slope_per_week": slope,
            "series": {str(day.date()): total for day, total in days.items()},
        }
    )


def _beside(ours: Figures, other: Figures) -> str:
    return f"ours is {ours.p50 / other.p50:.1f} x this"
