"""The trend report on random histories says what an oracle written from the text says."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.builders.oracle.compared import compare


@pytest.mark.parametrize("seed", ["one", "two", "three", "four", "five", "six"])
def test_the_report_on_a_random_history_is_what_the_text_says(
    app: Flask, clean_database: None, seed: str
) -> None:
    compared = compare(app, seed)
    assert compared.against == [], "\n".join([seed, *compared.entered])
