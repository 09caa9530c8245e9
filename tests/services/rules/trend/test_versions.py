"""The report of a cut is computed with the numbers of its time."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from services.rules.figures.numbers import (
    TREND_THRESHOLDS,
    TREND_VERSIONS,
    read_trend_versions,
    trend_thresholds_at,
)
from services.rules.threshold_files import DATA, ThresholdError

FILE = DATA / "trend" / "2.toml"
BEGIN = 'version = "2"\nin_force_from = 2026-01-01T00:00:00Z\n'
SWITCH = datetime(2027, 6, 1, 8, tzinfo=UTC)
NEXT = 'version = "3"\nin_force_from = 2027-06-01T10:00:00+02:00\n'


def folder_with(tmp_path, *texts):
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def changed(beginning):
    return FILE.read_text(encoding="utf-8").replace(BEGIN, beginning)


def test_a_new_version_holds_from_its_instant_on_and_never_before(tmp_path):
    newer = changed(NEXT).replace("mean_min_days = { value = 4", "mean_min_days = { value = 6")
    versions = read_trend_versions(folder_with(tmp_path, newer, changed(BEGIN)))

    def at(instant):
        found = trend_thresholds_at(instant, versions)
        return found.version, found.windows.mean_min_days

    assert at(SWITCH) == ("3", 6)
    assert at(SWITCH - timedelta(microseconds=1)) == ("2", 4)
    assert at(datetime(2000, 1, 1, tzinfo=UTC)) == ("2", 4)


def test_the_numbers_in_force_are_those_of_the_repository():
    assert trend_thresholds_at(SWITCH) in TREND_VERSIONS
    assert TREND_VERSIONS[-1] is TREND_THRESHOLDS


@pytest.mark.parametrize(
    "others",
    [
        [],
        [BEGIN, BEGIN],
        [BEGIN, BEGIN.replace('"2"', '"3"')],
        [BEGIN, NEXT.replace('"3"', '"2"')],
    ],
)
def test_versions_that_cannot_be_told_apart_are_refused(tmp_path, others):
    with pytest.raises(ThresholdError, match="needs versions that differ"):
        read_trend_versions(folder_with(tmp_path, *map(changed, others)))


@pytest.mark.parametrize(
    "beginning",
    [
        'version = "2"\n',
        BEGIN.replace("00Z", "00"),
        BEGIN.replace("2026-01-01T00:00:00Z", '"2026"'),
    ],
)
def test_a_version_without_its_instant_is_refused(tmp_path, beginning):
    with pytest.raises(ThresholdError, match="in_force_from"):
        read_trend_versions(folder_with(tmp_path, changed(beginning)))


def test_only_toml_files_are_versions(tmp_path):
    shutil.copy(FILE, tmp_path)
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")

    assert read_trend_versions(tmp_path) == TREND_VERSIONS
