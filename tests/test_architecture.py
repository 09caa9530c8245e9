"""House rules that no linter knows. Import directions are checked by `lint-imports`."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PRODUCT = ("api", "schemas", "services", "models", "tools")
MODULE_LINES, TEST_LINES, FUNCTION_LINES = 400, 400, 50


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(path: Path) -> Iterator[str]:
    """Every call in a file, as it is written: `datetime.now`, `session.commit` …"""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def comments(path: Path, marker: str) -> list[str]:
    return [line.partition(marker)[2] for line in lines(path) if marker in line]


def test_there_is_code_to_check():
    for folder in (*PRODUCT, "tests", "migrations"):
        assert sources(folder), folder


def test_modules_stay_short():
    long = {name(path): len(lines(path)) for path in sources(*PRODUCT)}
    assert {path: count for path, count in long.items() if count > MODULE_LINES} == {}


def test_test_modules_stay_short():
    long = {name(path): len(lines(path)) for path in sources("tests", "benchmarks")}
    assert {path: count for path, count in long.items() if count > TEST_LINES} == {}


def test_functions_stay_short():
    long = [
        f"{name(path)}:{function.lineno} {function.name}"
        for path in sources(*PRODUCT, "tests")
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


def test_one_place_commits():
    places = [
        name(path)
        for path in sources("api", "schemas", "services", "models")
        for call in calls(path)
        if call.endswith(".commit")
    ]
    assert places == ["services/unit_of_work.py"]


WALL_CLOCK = re.compile(
    r"\b(datetime\.(now|utcnow)|date(time)?\.today|time\.time(_ns)?)$|^time_ns$"
)


def test_one_place_reads_the_wall_clock():
    places = {
        name(path)
        for path in sources("api", "schemas", "services", "models")
        for call in calls(path)
        if WALL_CLOCK.search(call)
    }
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


def test_every_silenced_lint_names_its_rule_and_its_reason():
    """The marker is put together here, or this file would accuse itself."""
    marker = "# no" + "qa"
    bad = [
        f"{name(path)}: {marker}{comment}"
        for path in sources(*PRODUCT, "tests", "migrations")
        for comment in comments(path, marker)
        if not re.match(r": [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* --? \w", comment)
    ]
    assert bad == []


def test_every_silenced_type_error_names_its_rule_and_its_reason():
    marker = "# type: " + "ignore"
    bad = [
        f"{name(path)}: {marker}{comment}"
        for path in sources(*PRODUCT, "migrations")
        for comment in comments(path, marker)
        if not re.match(r"\[[a-z-]+(, ?[a-z-]+)*\] +# \w", comment)
    ]
    assert bad == []


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module)


def test_clinical_rules_import_the_standard_library_and_each_other():
    foreign = [
        f"{name(path)}: {module}"
        for path in sources("services/rules")
        for module in imported(path)
        if module.partition(".")[0] not in sys.stdlib_module_names
        and not f"{module}.".startswith("services.rules.")
    ]
    assert foreign == []


def test_every_package_is_a_package():
    """Import contracts and coverage pass over a folder without `__init__.py`."""
    folders = {path.parent for path in sources("api", "schemas", "services", "models", "tools")}
    assert sorted(name(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_every_requirement_is_pinned_to_one_version():
    for file in ("requirements.txt", "requirements-dev.txt"):
        wanted = [line.split("#")[0].strip() for line in lines(PROJECT / file)]
        loose = [line for line in wanted if line and not line.startswith("-r")]
        assert [line for line in loose if not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", line)] == []
