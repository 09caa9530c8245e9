"""A file of clinical numbers is read whole, or refused by file, place and problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import pytest

from services.rules.decision import Tier
from services.rules.numbers import Between, NumbersError, Versions, read, read_versions


@dataclass(frozen=True, slots=True)
class Base:
    version: str
    in_force_from: datetime
    rise: int


BASES = Versions(
    Base,
    "base",
    (
        Base("1", datetime(2026, 1, 1, tzinfo=UTC), 5),
        Base("2", datetime(2027, 1, 1, tzinfo=UTC), 6),
    ),
)


@dataclass(frozen=True, slots=True)
class Limits:
    rise: int
    spread: float
    hour: Annotated[int, Between(0, 23)]
    reach: timedelta


@dataclass(frozen=True, slots=True)
class Row:
    code: str
    weight: Literal["absolute", "needs_decision"]
    grade: int
    checked_on: date | None
    label: str = "none"

    def __post_init__(self) -> None:
        if self.grade > 4:
            raise NumbersError("must be 1 to 4", "grade")
        if self.code == "nothing":
            raise NumbersError("says nothing")


@dataclass(frozen=True, slots=True)
class Rules:
    version: str
    is_on: bool
    base: Annotated[Base, BASES]
    limits: Limits
    rows: Mapping[str, Row]
    tiers: Mapping[str, Tier]
    flags: frozenset[str]
    terms: tuple[str, ...] = ()


GOOD = """\
version = "7"
is_on = true
base = "1"
flags = { value = ["late", "early"], unit = "flags", source = "a trial", basis = "proposed" }

[tiers]
value = { low = "medium" }
unit = "tier"
source = "a guideline"
basis = "published"

[limits]
rise = { value = 6, unit = "points", source = "a trial", basis = "published" }
spread = { value = 1.5, unit = "SD", source = "a trial", basis = "published" }
hour = { value = 0, unit = "hour", source = "a talk", basis = "from memory" }
reach = { value = 24, unit = "hours after", source = "rule X", basis = "proposed" }

[[rows]]
code = "one"
weight = "absolute"
grade = 2
checked_on = 2026-03-01
source = "a label"
basis = "published"

[[rows]]
code = "two"
weight = "needs_decision"
grade = 1
label = "second"
source = "a label"
basis = "from memory"
"""
RISE = 'rise = { value = 6, unit = "points", source = "a trial", basis = "published" }'


def written(folder: Path, text: str | bytes, name: str = "rule.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_good_file_gives_its_values(tmp_path: Path) -> None:
    assert read(written(tmp_path, GOOD), Rules) == Rules(
        version="7",
        is_on=True,
        base=BASES.known[0],
        limits=Limits(rise=6, spread=1.5, hour=0, reach=timedelta(hours=24)),
        rows={
            "one": Row("one", "absolute", 2, date(2026, 3, 1)),
            "two": Row("two", "needs_decision", 1, None, "second"),
        },
        tiers={"low": Tier.MEDIUM},
        flags=frozenset({"late", "early"}),
    )


def test_a_number_may_be_whole_where_it_need_not(tmp_path: Path) -> None:
    text = GOOD.replace("value = 1.5", "value = 2")
    assert read(written(tmp_path, text), Rules).limits.spread == 2


def test_the_version_named_is_the_same_object(tmp_path: Path) -> None:
    text = GOOD.replace('base = "1"', 'base = "2"')
    assert read(written(tmp_path, text), Rules).base is BASES.newest


@pytest.mark.parametrize(
    ("old", "new", "where", "problem"),
    [
        # keys
        ('version = "7"\n', "", "version", "is missing"),
        ("version =", "versoin =", "versoin", "is not a known key"),
        (RISE + "\n", "", "limits.rise", "is missing"),
        ("rise =", "raise =", "limits.raise", "is not a known key"),
        ("[limits]", "[limit]", "limit", "is not a known key"),
        ('code = "two"\n', "", "rows[1].code", "is missing"),
        ("label =", "lable =", "rows[1].lable", "is not a known key"),
        # a value, its unit, its source and what it rests on
        (RISE, "rise = 6", "limits.rise", "needs a value, a unit, a source and a basis"),
        ('unit = "points", ', "", "limits.rise.unit", "is missing"),
        ('unit = "points"', 'unit = " "', "limits.rise.unit", "is blank"),
        (RISE, RISE.replace(', basis = "published"', ""), "limits.rise.basis", "is missing"),
        (RISE, RISE.replace(', source = "a trial"', ""), "limits.rise.source", "is missing"),
        (RISE, RISE.replace("a trial", " "), "limits.rise.source", "is blank"),
        (RISE, RISE.replace("published", "known"), "limits.rise.basis", "must be one of published"),
        (RISE, RISE.replace("unit", "unti"), "limits.rise.unit", "is missing"),
        (RISE, RISE.replace("value = 6", "value = 6, low = 5"), "limits.rise.low", "is not a"),
        ('source = "a label"\nbasis = "published"\n', "", "rows[0].grade", "needs a value, a unit"),
        ('source = "a label"\n', "", "rows[0].source", "is missing"),
        ('basis = "from memory"\n', "", "rows[1].basis", "is missing"),
        ('unit = "tier"\n', "", "tiers.unit", "is missing"),
        ('flags = { value = ["late", "early"], unit = "flags", source = "a trial",'
         ' basis = "proposed" }', 'flags = ["late"]', "flags", "needs a value, a unit"),
        # kinds
        ("value = 6", "value = 6.5", "limits.rise", "must be a whole number"),
        ("value = 6", "value = true", "limits.rise", "must be a whole number"),
        ("value = 6", 'value = "6"', "limits.rise", "must be a whole number"),
        ("value = 1.5", 'value = "x"', "limits.spread", "must be a number"),
        ("value = 1.5", "value = false", "limits.spread", "must be a number"),
        ("value = 24", "value = 1.5", "limits.reach", "must be a whole number"),
        ("hours after", "after hours", "limits.reach", "needs a unit that begins with one of days"),
        ("is_on = true", "is_on = 1", "is_on", "must be true or false"),
        ('"7"', "7", "version", "must be a text"),
        ('"7"', '" "', "version", "is blank"),
        ("2026-03-01", "2026-03-01T08:00:00Z", "rows[0].checked_on", "must be a day"),
        ("absolute", "relative", "rows[0].weight", "must be one of absolute, needs_decision"),
        ('"absolute"', "1", "rows[0].weight", "must be one of absolute, needs_decision"),
        ('low = "medium"', 'low = "mild"', "tiers.low", "must be one of low, medium"),
        ('{ low = "medium" }', "{}", "tiers", "must be a table that is not empty"),
        ('["late", "early"]', "[]", "flags", "must be a list that is not empty"),
        ('["late", "early"]', '"late"', "flags", "must be a list that is not empty"),
        ('["late", "early"]', '["late", 1]', "flags[1]", "must be a text"),
        ('["late", "early"]', '["late", "late"]', "flags", "has one value twice"),
        ('base = "1"', 'base = "3"', "base", "must name a version of base"),
        ('base = "1"', 'base = ["1"]', "base", "must name a version of base"),
        # ranges and what a dataclass checks by itself
        ("value = 6", "value = 0", "limits.rise", "must be above zero"),
        ("value = 1.5", "value = nan", "limits.spread", "must be above zero"),
        ("value = 1.5", "value = inf", "limits.spread", "must be above zero"),
        ("value = 0", "value = 24", "limits.hour", "must be 0 to 23"),
        ("value = 0", "value = -1", "limits.hour", "must be 0 to 23"),
        ('code = "two"', 'code = "one"', "rows", "has one code twice"),
        ("grade = 2", "grade = 5", "rows[0].grade", "must be 1 to 4"),
        ('code = "one"', 'code = "nothing"', "rows[0]", "says nothing"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_by_place(
    tmp_path: Path, old: str, new: str, where: str, problem: str
) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(NumbersError) as refused:
        read(path, Rules)

    error = refused.value
    assert (error.file, error.path) == ("rule.toml", where)
    assert error.problem.startswith(problem)
    assert str(error) == f"rule.toml: {where}: {error.problem}"


@pytest.mark.parametrize("text", ["version = ", b"version = '\xff'", "version = 1\nversion = 2"])
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(NumbersError, match=r"^rule\.toml: is not TOML in UTF-8: "):
        read(written(tmp_path, text), Rules)


@pytest.mark.parametrize("rows", ["rows = 1", "rows = [1]", "limits = 3"])
def test_what_must_be_tables_is_nothing_else(tmp_path: Path, rows: str) -> None:
    name = rows.split(" ")[0]
    begin = {"rows": GOOD[: GOOD.index("[[rows]]")], "limits": GOOD[: GOOD.index("[limits]")]}[name]
    with pytest.raises(NumbersError, match=rf"^rule\.toml: {name}(\[0\])?: must be a table"):
        read(written(tmp_path, f"{rows}\n{begin}"), Rules)


def version(number: str, instant: str, rise: int = 5) -> str:
    value = f'{{ value = {rise}, unit = "points", source = "a trial", basis = "published" }}'
    return f'version = "{number}"\nin_force_from = {instant}\nrise = {value}\n'


FIRST = version("1", "2026-01-01T00:00:00Z")
SECOND = version("2", "2027-06-01T10:00:00+02:00", rise=6)
SWITCH = datetime(2027, 6, 1, 8, tzinfo=UTC)


def folder_with(tmp_path: Path, *texts: str) -> Path:
    for number, text in enumerate(texts):
        written(tmp_path, text, f"{9 - number}.toml")
    written(tmp_path, "x", "notes.txt")
    return tmp_path


def test_a_version_holds_from_its_instant_on_and_never_before(tmp_path: Path) -> None:
    found = read_versions(folder_with(tmp_path, FIRST, SECOND), Base)

    assert [one.version for one in found.known] == ["1", "2"]
    assert found.at(SWITCH).rise == found.newest.rise == 6
    assert found.at(SWITCH - timedelta(microseconds=1)).rise == 5
    assert found.at(datetime(2000, 1, 1, tzinfo=UTC)).rise == 5


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [FIRST, FIRST],
        [FIRST, FIRST.replace('"1"', '"2"')],
        [FIRST, SECOND.replace('"2"', '"1"')],
    ],
)
def test_versions_that_cannot_be_distinguished_are_refused(
    tmp_path: Path, texts: list[str]
) -> None:
    with pytest.raises(NumbersError, match="needs versions that differ"):
        read_versions(folder_with(tmp_path, *texts), Base)


@pytest.mark.parametrize("instant", ["2026-01-01T00:00:00", '"2026"', "2026-01-01"])
def test_a_version_needs_an_instant_with_an_offset(tmp_path: Path, instant: str) -> None:
    with pytest.raises(NumbersError, match="in_force_from: must be an instant with an offset"):
        read_versions(folder_with(tmp_path, version("1", instant)), Base)
