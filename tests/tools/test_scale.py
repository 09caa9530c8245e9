"""The page on scale is computed from its file of figures, and never stale."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from models.database import ENGINE_OPTIONS
from tools.scale import __main__ as command
from tools.scale.figures import FILE, Measured, load
from tools.scale.limits import LAYOUTS, LIMITS, Load, bottlenecks, patients
from tools.scale.page import UNKNOWN, page
from tools.scale.words import about

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_page_is_fresh_and_a_stale_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--check"]) == 0
    assert command.main(["--check"], tmp_path) == 1
    assert command.main([], tmp_path) == 0
    assert command.main(["--check"], tmp_path) == 0
    figures = tmp_path / "figures.toml"
    figures.write_text(FILE.read_text().replace("disk_gb = 1_000", "disk_gb = 2_000"))
    assert command.main(["--check"], tmp_path, figures) == 1
    assert "scale.md and scale.svg: stale" in capsys.readouterr().err


def test_a_patient_costs_what_a_pocket_calculator_says() -> None:
    figures = load()
    simple: dict[str, float] = {
        "check_in_web": 4_000,
        "check_in_database": 1_000,
        "read_web": 2_000,
    }
    simple |= {"read_database": 500, "audited": 10.0, "check_in_bytes": 3_000}
    simple |= {"staff_read_bytes": 500, "patient_read_bytes": 500}
    known = {
        name: replace(one, value=simple.get(name, one.value)) if name in simple else one
        for name, one in figures.measured.items()
    }
    assumed: dict[str, float] = {
        "check_ins_a_day": 1,
        "reads_a_check_in": 2,
        "busiest_hour": 0.5,
        "used_cpu": 0.5,
    }
    assumed |= {"busiest_minute": 1, "years": 1, "used_disk": 0.5, "staff_share": 0.5}
    assumed |= {"read_mb_a_second": 300}
    of = {
        name: replace(one, value=assumed.get(name, one.value))
        for name, one in figures.assumed.items()
    }
    machine = {"cores": 8, "disk_gb": 1_461, "price": 1, "currency": ""}
    counted = Load(replace(figures, measured=known, assumed=of, machine=machine))
    one, three, fifty = (patients(counted, layout) for layout in LAYOUTS)
    # 4 cores; 8 ms of the web and 2 ms of PostgreSQL each; one in 7,200 patients a second.
    assert one["CPU of all machines"] == pytest.approx(4 / 0.010 * 7_200)
    assert one["CPU of the primary"] == one["CPU of all machines"]
    assert three["CPU of the primary"] == pytest.approx(4 / 0.002 * 7_200)
    assert three["CPU of all machines"] == pytest.approx(12 / 0.010 * 7_200)
    # 730.5 GB, and 4 kB on each day of a year.
    assert one["disk"] == three["disk"] == pytest.approx(500_000)
    assert fifty["disk"] == pytest.approx(16 * 500_000)
    # 10 processes, each half a core; 150 s at 10 microseconds each, and 10 of the disk.
    assert one["connections"] == pytest.approx(5 / 0.008 * 7_200)
    audit = "a run of the auditor: a day, and a month of the past"
    assert one[audit] == pytest.approx(7.5e6 / 32)
    assert bottlenecks(counted, LAYOUTS[0])[0][0] == audit
    assert sum(layout.all_machines for layout in LAYOUTS) == 1 + 3 + 50


def test_what_nobody_has_measured_is_no_bottleneck() -> None:
    figures = load()
    nothing = {
        name: Measured(one.unit, one.what, one.how) for name, one in figures.measured.items()
    }
    some = {**figures.measured, "commits": nothing["commits"], "pages": nothing["pages"]}
    text = page(replace(figures, measured=some))
    for what in ("commits to disk", "pages"):
        assert f"| {what} | {UNKNOWN} | {UNKNOWN} | {UNKNOWN} |" in text
    with pytest.raises(ValueError, match="cannot be computed without"):
        page(replace(figures, measured=nothing))
    given = Measured("a second", "", "", 1.0, load().measured["audited"].date)
    slow = replace(figures, measured={**some, "commits": given})
    assert bottlenecks(Load(slow), LAYOUTS[0])[0][0] == "commits to disk"


def test_every_figure_has_its_day_its_way_and_its_place_on_the_page() -> None:
    text, figures = page(load()), load()
    for one in figures.measured.values():
        assert one.how
        assert f"| {one.what} |" in text
    assert all(f"| {name} |" in text for name in LIMITS)
    assert len(re.findall(r"\*\*[\d,]+\*\*", text)) == len(LAYOUTS)
    with pytest.raises(ValueError, match="has its day"):
        Measured("s", "a figure", "", 1.0)


def test_the_settings_are_those_that_are_in_force() -> None:
    settings = load().settings
    (most,) = re.findall(
        r"^max_connections = (\d+)$",
        (DEPLOY / "postgresql" / "interlude.conf").read_text(),
        re.MULTILINE,
    )
    assert settings["max_connections"] == int(most)
    assert settings["connections_a_process"] == (
        ENGINE_OPTIONS["pool_size"] + ENGINE_OPTIONS["max_overflow"]
    )
    unit = (DEPLOY / "systemd" / "interlude-auditor.service").read_text()
    assert f"\nTimeoutStartSec={settings['whole_run_s']}\n" in unit


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0039, "0.0039"), (4.34, "4.3"), (31_234.0, "31,000"), (1_849_000.0, "1,800,000"), (0, "0")],
)
def test_no_number_says_more_than_two_digits(value: float, words: str) -> None:
    assert about(value) == words
