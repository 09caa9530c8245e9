"""Guide and runbook speak of what there is."""

from __future__ import annotations

import re

import pytest

from services.operations.safety import REASONS
from tests.deploy.reading import DEPLOY, PROJECT, read

GUIDE, RUNBOOK = read("README.md"), read("RUNBOOK.md")
NAMED = re.compile(r"deploy/[\w./@-]*\w")


@pytest.mark.parametrize("word", sorted(REASONS))
def test_the_runbook_says_what_to_do_for_each_reason(word: str) -> None:
    (row,) = [line for line in RUNBOOK.splitlines() if line.startswith(f"| `{word}` |")]
    _, _, meaning, action, _ = row.split("|")
    assert meaning.strip()
    assert action.strip()


def test_the_runbook_knows_no_other_reason() -> None:
    section = RUNBOOK.partition("## What /safetyz says")[2].partition("\n## ")[0]
    assert set(re.findall(r"(?m)^\| `(\w+)` \|", section)) == set(REASONS)


@pytest.mark.parametrize("name", ["README.md", "RUNBOOK.md"])
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)[^):]*\)", read(name))
    assert [link for link in links if not (DEPLOY / link).exists()] == []


def test_commands_copy_files_that_are_there() -> None:
    blocks = "".join(re.findall(r"(?ms)^```sh\n(.*?)^```$", GUIDE))
    missing = [
        path
        for path in NAMED.findall(blocks)
        if not (PROJECT / path).exists() and not list(PROJECT.glob(f"{path}*"))
    ]
    assert missing == []
