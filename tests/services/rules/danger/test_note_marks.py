"""A note is shown whole, its crisis terms marked where they stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.danger.notes import Part, find_terms, marked


def shown(text: str) -> str:
    """The note with brackets around what is marked."""
    return "".join(f"[{part.text}]" if part.matched else part.text for part in marked(text))


@pytest.mark.parametrize(
    "expected",
    [
        "",
        "slept badly",
        "[want to die]",
        "I [want  to\n DIE]!!",
        "Mom, [I'll kill-my\u00adself] or [want to die].",
        "I [don’t want to live] here",
        "Ich [mo\u0308chte sterben\u0301]. Morgen",
        "¼ ½ … [suicide] 😀 [suicide]",
        "... [want to die]",
        "[want to die] ...",
    ],
)
def test_a_term_is_marked_as_it_was_typed(expected: str):
    text = expected.replace("[", "").replace("]", "")
    assert shown(text) == expected


PIECES = st.sampled_from(
    ["want to die", "kill myself", "möchte sterben", "mo\u0308chte", "'", "\u0301", " ", ".", "½"]
)


@given(st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join))
def test_nothing_is_lost_and_a_mark_stands_exactly_where_a_term_was_found(text: str):
    parts = marked(text)
    assert "".join(part.text for part in parts) == text
    assert any(part.matched for part in parts) is bool(find_terms(text))
    assert all(one.matched != after.matched for one, after in pairwise(parts))


def test_parts_are_plain_values():
    assert marked("suicide") == (Part("suicide", matched=True),)
