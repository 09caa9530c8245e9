"""What is installed is what was locked: hashed, licensed, listed; and honest where nobody knows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from migrations.upgrade import PROJECT
from tools.supply.advisories import main
from tools.supply.bill import bill
from tools.supply.check import lock_faults
from tools.supply.licences import faults_of
from tools.supply.pins import FILES, LOCAL, RUN, Pin, read_file, read_pins

FLASK = Pin("Flask", "3.1.3", ("0" * 64, "1" * 64))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (*FILES.values(), "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def test_the_lock_in_the_tree_has_no_fault():
    assert list(lock_faults()) == []


def without_hashes_of_orjson(text: str) -> str:
    kept = [str(pin) for pin in read_pins(text) if pin.key != "orjson"]
    return "\n".join([*kept, "orjson==3.13.0", ""])


def with_pytest(text: str) -> str:
    return text + str(next(pin for pin in read_file(LOCAL) if pin.key == "pytest")) + "\n"


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (RUN, without_hashes_of_orjson, "orjson has no hash"),
        (RUN, with_pytest, "pytest is not for production"),
        (RUN, lambda text: text.replace("Flask==3.1.3", "Flask==3.1.2"), "Flask is not what"),
        (RUN, lambda text: text.replace("zxcvbn==", "zxcvbn-two=="), "has no zxcvbn: make lock"),
        (LOCAL, lambda text: text.replace("Flask==", "flask=="), "does not begin with Flask"),
        (LOCAL, lambda text: "--index-url https://r.example\n" + text, "names a registry"),
    ],
)
def test_each_fault_of_a_lock_is_found(
    copy: Path, file: str, change: Callable[[str], str], words: str
):
    (copy / file).write_text(change((copy / file).read_text()))
    assert any(words in fault for fault in lock_faults(copy))


def test_a_pin_is_read_as_it_is_written():
    extra = Pin("coverage", "7.1", ("2" * 64,), "[toml]")
    text = f"# a line\n-r other.txt\n{FLASK}\n{extra}\nwindows==1 ; sys_platform == 'win32'\n"
    assert read_pins(text) == [FLASK, extra]


def test_an_unknown_licence_and_another_version_are_faults():
    assert faults_of(Pin("pytest", "0.0.1", ())) == [f"pytest: {pytest.__version__} is installed"]
    assert "not installed" in faults_of(Pin("no-such-package-of-ours", "1", ()))[0]


def test_a_licence_that_asks_for_the_source_of_others_is_refused(
    monkeypatch: pytest.MonkeyPatch,
):
    pin = Pin("pytest", pytest.__version__, ())
    for licence in ("AGPL-3.0-only", "MIT AND GPL-2.0-only", "MIT OR LicenseRef-Ours", ""):
        monkeypatch.setattr("tools.supply.licences.READ", {"pytest": licence})
        assert faults_of(pin) == [f"pytest: licence {licence or '?'!r}"]


def test_the_bill_names_each_package_of_production_once():
    pins = read_file(RUN)
    document = json.loads(bill(pins))
    assert len({each["purl"] for each in document["components"]}) == len(pins) > 30
    assert bill(pins) == bill(pins[::-1]) == (PROJECT / "docs" / "sbom.json").read_text()


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("", 2, "no advisory data: 2 of 2"),
        ("not JSON", 2, "no advisory data"),
        ({"skip_reason": "not found"}, 2, "no advisory data: 1 of 2"),
        ({"version": "1", "vulns": []}, 0, "nothing is known against 2"),
        ({"version": "1", "vulns": [{"id": "X-1", "fix_versions": []}]}, 1, "a 1: X-1"),
        ({"version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}, 1, "mended by 2"),
    ],
)
def test_advisories_say_when_nobody_was_asked(
    answer: object, code: int, words: str, capsys: pytest.CaptureFixture[str]
):
    sure = {"name": "b", "version": "1", "vulns": []}
    found = {"dependencies": [{"name": "a"} | answer, sure]} if isinstance(answer, dict) else None
    printed = json.dumps(found) if found else str(answer)
    assert main(lambda: printed, ["a", "b"]) == code
    assert words in capsys.readouterr().out
