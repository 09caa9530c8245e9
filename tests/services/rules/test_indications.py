"""One catalogue of indications, in six languages, by abbreviation and by code."""

from __future__ import annotations

import pytest

from services.rules.danger.silence import says_suicidal_ideation
from services.rules.indications import INDICATIONS

KNOWN = INDICATIONS.newest


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (
            "bipolar",
            "F31.3|F31.4|f31|F31.81|6A60.1|6A61|manic-depressive illness|Manic depression|BD"
            "|bipolar|BD-II|BD I|bipolar II disorder|bipolare Störung|manisch-depressiv"
            "|trouble bipolaire|psychose maniaco-dépressive|trastorno bipolar|bipolaire stoornis"
            "|cyclothymia|BPAD|द्विध्रुवी विकार|296.5x|296.53|29653|296.80|296.89|301.13|F25.0"
            "|schizoaffective disorder, bipolar type",
        ),
        (
            "suicidal_ideation",
            "SI|active SI with plan|self-harm|Self harm|suicidal ideation|suicidality|MDSI|R45.851"
            "|R45851|Suizidgedanken|idées suicidaires|ideación suicida|zelfmoordgedachten|MB26.A"
            "|NSSI|Z91.51|X78|आत्महत्या|SA 2023|hx of SA|TS 2021|SIB|V62.84|V6284|R45.81|R45.8"
            "|E950.0|ideación autolítica",
        ),
        (
            "anxiety",
            "GAD|Generalised ANXIETY|F41.1|Angststörung|ansiedad|6B00|social phobia|300.02|300.23",
        ),
        (
            "ptsd",
            "PTSD|chronic PTSD|F43.1|F43.10|PTBS|ESPT|TEPT|post-traumatic stress|6B40|309.81|30981",
        ),
        (
            "depression",
            "TRD|MDD|F32.2|F33|major depressive disorder|Depressie|dépression|6A70|296.2|296.23"
            "|296.33|29633|300.4|311",
        ),
        (
            "other",
            "OCD|chronic pain|CRPS|fibromyalgia|alcohol use disorder|ADHD|300.3|303.90|F25.1",
        ),
    ],
)
def test_a_kind_is_found_however_it_is_written(kind, texts):
    missed = [text for text in texts.split("|") if kind not in KNOWN.kinds_in([text])]
    assert missed == []
    assert KNOWN.unknown(texts.split("|")) == ()


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("bipolar", "unipolar depression|bad sleep|TRD|F32.2|6A70|romantic|296.33|F25.1|ward 296"),
        (
            "suicidal_ideation",
            "TRD|sick leave|psi|F31.3|self-esteem|classic migraine|V62.89|R45.0|SAD",
        ),
        ("ptsd", "F43.2|F43|stress at work|309.0"),
        ("anxiety", "gadget|F42"),
    ],
)
def test_what_only_looks_like_it_is_not(kind, texts):
    assert [text for text in texts.split("|") if kind in KNOWN.kinds_in([text])] == []


def test_what_no_kind_names_is_unknown():
    assert KNOWN.unknown(["TRD", "Something else", "", "xyz"]) == ("Something else", "", "xyz")


@pytest.mark.parametrize(
    ("indications", "says"),
    [
        (["SI"], True),
        (["TRD", "active SI with plan"], True),
        (["self-harm"], True),
        (["TRD"], False),
    ],
)
def test_the_risk_at_intake_follows_from_the_catalogue(indications, says):
    assert says_suicidal_ideation(indications) is says
