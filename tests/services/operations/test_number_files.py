"""Every file of clinical numbers is read whole, and every value says what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from services.operations.rule_files import KINDS, unloadable
from services.rules.numbers import BASES, DATA, NumbersError, build, load
from services.rules.sources import all_values

FILES = {
    path.relative_to(DATA).as_posix(): kind
    for pattern, kind in KINDS.items()
    for path in sorted(DATA.glob(pattern))
}
# Keys that a table may do without, and tables whose keys are a list of their own.
OPTIONAL = frozenset(
    {
        *("loinc", "loinc_panel", "loinc_total", "item9_link_id", "scored", "asked_when"),
        *("clinic_texts", "bands", "triage", "proration", "emergency", "acute"),
        *("edition", "provisional_days", "terms", "for_kinds", "at_start", "indications"),
        *("phone", "text", "url", "verified_on"),
        *("repeats", "cause", "interrupts", "is_about_worsening", "is_bodily", "numbers", "advice"),
        *("effect_labels", "grade_labels", "form_texts"),
        *("opens_only", "interval_percent", "besides"),
    }
)
NAMES_ONLY = {
    "trend/2.toml",
    "trend/3.toml",
    "trend/4.toml",
}  # no values, but the versions of files
LISTS = frozenset({"countries", "languages", "value"}) | {
    *("app", "letters", "effect_labels", "grade_labels", "form_texts", "items", "options")
}

Place = tuple[str | int, ...]


def tables(one: Any, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every table of a file, with where it stands."""
    if isinstance(one, dict):
        yield place, one
    for name, below in one.items() if isinstance(one, dict) else enumerate(one):
        if isinstance(below, dict | list):
            yield from tables(below, (*place, name))


def at(content: Any, place: Place) -> dict[str, Any]:
    for name in place:
        content = content[name]
    return content


def refused(content: dict[str, Any], name: str) -> NumbersError | None:
    try:
        build(content, FILES[name], name)
    except NumbersError as error:
        return error
    return None


def test_every_file_is_of_a_kind() -> None:
    assert set(FILES) == {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.toml")}


@pytest.mark.parametrize("name", FILES)
def test_a_key_taken_away_stops_the_file_from_loading(name: str) -> None:
    content = load(DATA / name)
    keys = [(place, key) for place, table in tables(content) for key in table]
    needed = [
        (place, key) for place, key in keys if key not in OPTIONAL and not LISTS & {*place[-1:]}
    ]
    assert needed
    for place, key in needed:
        changed = deepcopy(content)
        del at(changed, place)[key]
        error = refused(changed, name)
        assert error is not None, (place, key)
        assert error.file == name


@pytest.mark.parametrize("name", FILES)
def test_a_key_too_many_stops_the_file_from_loading(name: str) -> None:
    content = load(DATA / name)
    for place, _ in tables(content):
        changed = deepcopy(content)
        at(changed, place)["surplus"] = 1
        error = refused(changed, name)
        assert error is not None, place
        assert (error.file, error.path.endswith("surplus")) == (name, True)


def test_every_value_says_what_it_rests_on() -> None:
    values = list(all_values())

    assert {value.file for value in values} == set(FILES) - NAMES_ONLY
    for value in values:
        assert value.basis in BASES, value
        assert value.source.strip(), value
        assert "memory" not in value.source, value
        assert not value.source.startswith("proposed"), value
        assert value.unit.strip() or isinstance(value.value, dict), value


def test_a_number_without_a_unit_of_its_own_is_one_of_a_row() -> None:
    bare = {
        key
        for name in FILES
        for _, table in tables(load(DATA / name))
        if "unit" not in table
        for key, value in table.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    assert bare == {"value", "low", "high", "min_answered", "at_least", "grade"}


def test_versions_on_disk_that_name_each_other_would_load(tmp_path: Path) -> None:
    """What a release put on disk is looked at by itself, not by what the process knows."""
    copytree(DATA, tmp_path, dirs_exist_ok=True)
    for name, old, new in (
        ("measures/1", 'version = "1"', 'version = "9"'),
        ("figures/1", 'measures = "1"', 'measures = "9"'),
    ):
        text = (DATA / f"{name}.toml").read_text("utf-8").replace("2026-01-01", "2027-01-01")
        later = text.replace('version = "1"', 'version = "9"').replace(old, new)
        (tmp_path / name).with_name("9.toml").write_text(later, "utf-8")
    assert unloadable(tmp_path) == ()
    (tmp_path / "measures" / "9.toml").unlink()
    assert unloadable(tmp_path) == ("cohort.toml", "figures/9.toml", *sorted(NAMES_ONLY))
