"""Codes of authenticator apps, row by row, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from services.accounts.second_factor.recovery_codes import is_recovery_code
from services.accounts.second_factor.totp import digits_of, new_secret, step_of, uri_of
from tests.builders.accounts.authenticator import code_of

# RFC 6238, appendix B: the secret of its test vectors, and the last six digits of SHA-1's.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
STEP = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("unix", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_vectors_of_the_standard(unix: int, code: str) -> None:
    now = datetime.fromtimestamp(unix, UTC)
    assert step_of(code, RFC_SECRET, now, after=0) == unix // 30


NOW = datetime(2026, 3, 1, 8, 0, 14, tzinfo=UTC)
PRESENT = int(NOW.timestamp()) // 30


@pytest.mark.parametrize("steps", range(-3, 4))
def test_one_step_either_side_is_taken(steps: int) -> None:
    code = code_of(RFC_SECRET, NOW, steps)
    expected = PRESENT + steps if abs(steps) <= 1 else None
    assert step_of(code, RFC_SECRET, NOW, after=0) == expected


@pytest.mark.parametrize(("steps", "taken"), [(-1, False), (0, False), (1, True)])
def test_none_up_to_the_last_step_is_taken_again(steps: int, taken: bool) -> None:
    code = code_of(RFC_SECRET, NOW, steps)
    assert (step_of(code, RFC_SECRET, NOW, after=PRESENT) is not None) is taken


def test_a_code_is_typed_as_people_type_codes() -> None:
    code = code_of(RFC_SECRET, NOW)
    arabic = "".join(chr(0x660 + int(digit)) for digit in code)
    wide = "".join(chr(0xFF10 + int(digit)) for digit in code)
    for typed in (f" {code[:3]} {code[3:]} ", f"{code[:3]}-{code[3:]}", arabic, wide):
        assert step_of(typed, RFC_SECRET, NOW, after=0) == PRESENT, typed
    for typed in ("", "x", code[:5], f"{code}0", f"{code[:5]}x", f"{code}x", "²²²²²²", "½½½½½½"):
        assert step_of(typed, RFC_SECRET, NOW, after=0) is None, typed


def test_the_field_of_a_form_tells_the_two_kinds_apart() -> None:
    assert is_recovery_code("1234-5678-9012-3456")
    assert is_recovery_code(" 1234 5678 9012 3456 ")
    for typed in ("123456", "", "1234-5678-9012-345x", "12345678901234567"):
        assert not is_recovery_code(typed)
    assert digits_of("12-3x") == ""


def test_an_app_reads_the_secret_from_its_link() -> None:
    secret = new_secret()
    link = urlsplit(uri_of(secret, "ada+x@clinic.example"))
    assert (link.scheme, link.netloc) == ("otpauth", "totp")
    assert link.path == "/Interlude:ada%2Bx%40clinic.example"
    assert parse_qs(link.query) == {"secret": [secret], "issuer": ["Interlude"]}
    assert len(secret) == 32
    assert secret != new_secret()
