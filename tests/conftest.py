"""Fixtures for all tests live in `tests/fixtures`; here is what makes runs repeatable."""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.logs",
    "tests.fixtures.app",
    "tests.fixtures.postgres",
    "tests.fixtures.mail",
    "tests.fixtures.webhook",
    "tests.fixtures.fcm",
    "tests.fixtures.running",
    "tests.fixtures.recorded",
    "tests.fixtures.databases.planted",
    "tests.fixtures.databases.standby",
]

# The same cases on every machine, and no verdict from a clock on a busy one.
settings.register_profile(
    "gate", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gate")

# What is loaded stays: looking for garbage in it, again and again, took a tenth of the time.
gc.set_threshold(100_000, 50, 100)
