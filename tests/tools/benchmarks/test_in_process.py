"""The benchmarks still run, each at its smallest size; how fast is for a quiet machine to say."""

from __future__ import annotations

import pytest
from flask import Flask

from api.embedded.urls import DatabaseUrls
from benchmarks.__main__ import RUNS, machine, markdown
from benchmarks.bench import SMALLEST, Bench, run_all
from migrations.roles import libpq_url


@pytest.mark.parametrize("name", RUNS)
def test_a_benchmark_measures_us_and_its_peers(
    name: str, app: Flask, clean_database: None, database_urls: DatabaseUrls
) -> None:
    bench = Bench(app, libpq_url(database_urls.admin), SMALLEST)
    lines = run_all([RUNS[name]], bench)
    page = markdown(lines, machine(bench, "0.0"))
    assert lines
    for line in lines:
        assert f"| {line.what.strip()} | {line.seen} |" in page
