"""What was typed, as it can travel."""

from __future__ import annotations

import pytest

from services.channels.addresses import ascii_mail_address, ascii_url
from services.clinic.contacts import read_address
from services.exceptions import Invalid


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("http://pager.test/x?y=1#z", "http://pager.test/x?y=1#z"),
        ("https://Pager.test:8443", "https://Pager.test:8443"),
        (
            "https://b\u00fccher.test:8443/h\u00e4?q=\u00f6",
            "https://xn--bcher-kva.test:8443/h%C3%A4?q=%C3%B6",
        ),
        ("http://pager.test/%41\u00e9", "http://pager.test/%41%C3%A9"),
    ],
)
def test_a_web_address(typed: str, stored: str):
    assert ascii_url(typed) == stored
    assert read_address(typed) == ("webhook", stored)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("oncall@b\u00fccher.test", "oncall@xn--bcher-kva.test"),
        ("oncall@stra\u00dfe.test", "oncall@xn--strae-oqa.test"),
        ("oncall@FU\u00dfBALL.b\u00fccher.test", "oncall@xn--fuball-cta.xn--bcher-kva.test"),
        ("oncall@clinic.test", "oncall@clinic.test"),
        ("z\u00fcri@clinic.test", "z\u00fcri@clinic.test"),
    ],
)
def test_a_mail_address(typed: str, stored: str):
    assert ascii_mail_address(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "http://user:pass@pager.test/",
        "https://user@pager.test/",
        "http://pager.test:port/",
        "http:///x",
        "http://b\u00fc..test/",
        "http://pager.test/ x",
        "http://pager.test/" + "\u00e4" * 2000,
        "mailto:oncall@b\u00fc..test",
        "mailto:oncall@pager.test?subject=Page",
        "mailto:oncall%40pager.test",
        "http://" + "\u00df" * 63 + ".test/",
        "ftp://pager.test/",
    ],
)
def test_what_could_never_work_is_refused_when_it_is_entered(typed: str):
    with pytest.raises(Invalid) as caught:
        read_address(typed)
    (sentence,) = caught.value.errors["address"]
    assert sentence.startswith("Not a")
    assert "pager" not in sentence
