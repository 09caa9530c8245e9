"""Who may do what. Import directions are contracts of `lint-imports` (pyproject.toml)."""

from __future__ import annotations

import re
import sys

import pytest

from tests.house.tree import PRODUCT, calls, imported, modules, name


def test_one_place_commits():
    places = [
        name(path) for path in modules(*PRODUCT) for call in calls(path) if call.endswith(".commit")
    ]
    assert places == ["services/unit_of_work.py"]


WALL_CLOCK = re.compile(
    r"\b(datetime\.(now|utcnow)|date(time)?\.today|time\.time(_ns)?)$|^time_ns$"
)


def test_one_place_reads_the_wall_clock():
    places = {name(path) for path in modules(*PRODUCT) if any(map(WALL_CLOCK.search, calls(path)))}
    assert places <= {"services/clock.py"}


@pytest.mark.parametrize(
    ("call", "is_a_reading"),
    [
        ("datetime.now", True),
        ("datetime.datetime.now", True),
        ("date.today", True),
        ("time.time", True),
        ("time.monotonic", False),
        ("utcnow", False),  # services.clock's own
        ("rules.today_is_due", False),
    ],
)
def test_the_wall_clock_rule_knows_a_reading_when_it_sees_one(call: str, is_a_reading: bool):
    assert bool(WALL_CLOCK.search(call)) is is_a_reading


def test_clinical_rules_import_the_standard_library_and_each_other():
    foreign = [
        f"{name(path)}: {module}"
        for path in modules("services/rules")
        for module in imported(path)
        if module.partition(".")[0] not in sys.stdlib_module_names
        and not f"{module}.".startswith("services.rules.")
    ]
    assert foreign == []


def test_what_tests_share_stands_in_no_test():
    """The proofs alone tell the tests' own stories."""
    borrowed = [
        f"{name(path)}: {module}"
        for path in modules("tests")
        for module in imported(path)
        if ".test_" in module and not name(path).startswith("tests/proofs/")
    ]
    assert borrowed == []
