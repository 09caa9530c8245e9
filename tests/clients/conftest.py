"""Clients of other languages. Only when asked for: `make clients`."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The gate's own tests need neither node nor npm."""
    named = (arg.partition("::")[0].rstrip("/") for arg in config.invocation_params.args)
    asked = any(Path(each).resolve().is_relative_to(HERE) for each in named if each)
    return None if asked else True
