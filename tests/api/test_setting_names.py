"""A setting that nobody reads stops the start by name; what is read is known, and explained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from api.setting_names import IGNORE, OF_THE_GATE, PREFIX
from api.settings import NAMES, Settings, SettingsError
from tests.builders.settings import GOOD_KEY, settings

PROJECT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"(?<![A-Z_])INTERLUDE_([A-Z][A-Z_]*[A-Z])\b")


class Asked(Mapping[str, str]):
    """An environment that remembers what was looked for."""

    def __init__(self, **given: str) -> None:
        self.given = {PREFIX + name: value for name, value in given.items()}
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name.removeprefix(PREFIX))
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("SMPT_URL", "SMTP_URL"),
        ("PUBLIC_URI", "PUBLIC_URL"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
        ("smtp_url", "SMTP_URL"),
        ("IGNORE_SETTING", "IGNORE_SETTINGS"),
    ],
)
def test_a_slip_of_the_pen_stops_the_start_and_names_what_was_meant(
    tmp_path: Path, name: str, near: str
):
    with pytest.raises(SettingsError, match=rf"^INTERLUDE_{name} is no setting") as refused:
        settings(tmp_path, **{name: "hush-value"})
    assert f"is it INTERLUDE_{near}?" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_all_of_them_are_named_and_an_empty_one_is_one_too(tmp_path: Path):
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, QQQQ="", ZZZZ="1")
    words = str(refused.value)
    assert words.startswith("INTERLUDE_QQQQ is no setting of this version, nor is INTERLUDE_ZZZZ;")
    assert "INTERLUDE_IGNORE_SETTINGS=QQQQ,ZZZZ " in words


@pytest.mark.parametrize("ignored", ["NEW_A,NEW_B", "INTERLUDE_NEW_A, NEW_B", "NEW_B NEW_A OLD"])
def test_a_rollback_starts_with_the_settings_of_a_newer_version(tmp_path: Path, ignored: str):
    given = {"NEW_A": "1", "NEW_B": "2", "PORT": "8100"}
    assert settings(tmp_path, IGNORE_SETTINGS=ignored, **given).port == 8100
    with pytest.raises(SettingsError, match=r"^INTERLUDE_NEW_B "):
        settings(tmp_path, IGNORE_SETTINGS="NEW_A", **given)


def test_what_is_read_is_what_is_known(tmp_path: Path):
    environ = Asked(SECRET_KEY=GOOD_KEY, DATA_DIR=str(tmp_path))
    Settings.from_environ(environ)
    assert environ.names == NAMES | {IGNORE}


def test_names_that_are_not_ours_are_nobodys_business(tmp_path: Path):
    environ = {f"{PREFIX}DATA_DIR": str(tmp_path), f"{PREFIX}SECRET_KEY": GOOD_KEY}
    assert Settings.from_environ({**environ, "INTERLUDED": "1", "PORT": "x"}).port == 8000


def test_every_name_in_the_tree_is_known():
    folders = ("api", "migrations", "models", "schemas", "services", "tools", "docs")
    files = [path for each in folders for path in (PROJECT / each).rglob("*.*")]
    files += [PROJECT / name for name in ("Makefile", "README.md", "SECURITY.md", "wsgi.py")]
    text = "".join(path.read_text() for path in files if path.suffix in ("", ".py", ".md"))
    assert set(NAMED.findall(text)) <= NAMES | OF_THE_GATE | {IGNORE}


def test_each_setting_is_listed_and_no_other():
    table = (
        (PROJECT / "docs/operations.md")
        .read_text()
        .partition("| setting (")[2]
        .partition("\n\n")[0]
    )
    cells = [line.split("|")[1] for line in table.splitlines()[1:]]
    listed = [name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)]
    assert sorted(listed) == sorted(NAMES | {IGNORE})
