"""Every page of the console has a row: it is pictured, looked at in a browser, and in the list."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

from tools.pictured.pages import NO_PAGES, PAGES, PREFIX

LIST = Path(__file__).parents[3] / "docs" / "console.md"
STORIES = Path(__file__).parents[2] / "browser" / "console"
ROW = re.compile(r"^\| ([\w-]+) \| `([^`]+)`(?: with `([^`]+)`)? \| (.+)$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str, list[str]]]:
    """Of the list: page -> address, query, and the other columns."""
    found = ROW.findall(LIST.read_text(encoding="utf-8"))
    return {
        name: (path, query, [cell.strip() for cell in rest.rstrip("|").split("|")])
        for name, path, query, rest in found
    }


def test_no_page_is_without_a_row(app: Flask) -> None:
    found = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX) and "GET" in (rule.methods or ())
    }
    assert {PREFIX + page.rule for page in PAGES.values()} | set(NO_PAGES) == found


def test_the_list_has_the_same_rows() -> None:
    listed = {name: (path, query) for name, (path, query, _) in rows().items()}
    assert listed == {name: (page.rule or "/", page.query) for name, page in PAGES.items()}
    text = LIST.read_text(encoding="utf-8")
    assert [path for path in NO_PAGES if f"`{path}`" not in text] == []


def test_each_row_says_what_the_page_answers_and_names_stories_that_are_there() -> None:
    for name, (_, _, (who, answers, stories, _)) in rows().items():
        assert who, name
        assert answers, name
        for story in re.findall(r"`(\w+)`", stories):
            assert (STORIES / f"test_{story}.py").exists(), name
