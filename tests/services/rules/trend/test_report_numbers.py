"""The numbers behind a report belong to its `rules_version`: none may change without a new one.

A cut is worked out anew with the numbers of its time. Those of `data/trend/` are kept by version;
the other files that a report reads have one version only so far. Whoever changes one of them keeps
the old numbers beside the new (a folder a version), then writes the new digest here.
"""

from __future__ import annotations

import hashlib

import pytest

from services.rules.figures.numbers import TREND_THRESHOLDS
from services.rules.threshold_files import DATA

READ_BY_REPORTS = {
    "course_rules.toml": "31881ca88c84d8f0dcc2352b3749ab99c4e5e3440ffeb6d478eb02b4951da7d9",
    "schedule.toml": "ce5424f976c237d95cb17d24f7e2584f6bd723431b55c73ecefebd4da66b67ee",
    "side_effects.toml": "d2a78aac56e16aa0cc2aea2e921aa0c1b58096d63e7099e3a4529ea12ce2a801",
}


@pytest.mark.parametrize("name", READ_BY_REPORTS)
def test_a_number_of_a_report_changes_only_with_a_version(name: str) -> None:
    assert TREND_THRESHOLDS.version == "2"
    assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == READ_BY_REPORTS[name]
