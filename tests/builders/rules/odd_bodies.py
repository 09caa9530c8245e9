"""Bodies as client libraries write a form: shapes, spellings, encodings, drawn at random."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import plistlib
import random
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from services.rules.danger.refused_bodies import find_danger
from services.rules.instruments.definition import load_instruments

Answers = Mapping[str, Any]
LABELS = ("Not at all", "Several days", "More than half the days", "Nearly every day")
NUMBERS = ("zero", "one", "two", "three")
CODES = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")


def spellings(value: int, of_phq: bool) -> list[Any]:
    """Ways to write an answer; those of the PHQ-9 also in words and as LOINC codes."""
    ways = [value, str(value), f" {value} ", f"0{value}", float(value), f"{value}.0", f"{value},0"]
    ways += [chr(0x660 + value), chr(0x966 + value), chr(0xFF10 + value), f"+{value}"]
    if of_phq and 0 <= value < len(LABELS):
        ways += [LABELS[value], LABELS[value].upper().replace(" ", "_"), CODES[value]]
        ways += [f"{value} - {LABELS[value]}", NUMBERS[value], NUMBERS[value].upper()]
        ways += ["i" * value or "0", "I" * value or "0", chr(0x215F + value) if value else "0"]
    return ways


def keys(link: str, of_phq: bool) -> list[str]:
    """Ways to name an item."""
    number = link[1:]
    ways = [link, link.upper(), f"q_{number}", f"item{number}", f"item_{number}"]
    ways += [f"question_{number}", f"Question{number.upper()}", f"answer_{link}", f"answers.{link}"]
    return [*ways, f"phq9_{link}", f"phq9_{number}", f"phq.{link}"] if of_phq else ways


def of_objects(form: Answers, _rng: random.Random) -> Any:
    return form["answers"]


def of_lists(form: Answers, _rng: random.Random) -> Any:
    return {key: [value] for key, value in form["answers"].items()}


def of_values(form: Answers, rng: random.Random) -> Any:
    name = rng.choice(["value", "answer", "selected", "score", "valueInteger", "numberValue", "N"])
    return {key: {name: value} for key, value in form["answers"].items()}


def of_items(form: Answers, rng: random.Random) -> Any:
    link = rng.choice(["link_id", "linkId", "id", "item", "question", "key", "name"])
    name = rng.choice(["value", "answer", "response", "score"])
    rows = [{link: key, name: value} for key, value in form["answers"].items()]
    if rng.random() < 0.5:
        rows = [{"text": "How often, over 2 weeks?", **row} for row in rows]
    if rng.random() < 0.5:
        rows = [dict(reversed(row.items())) for row in rows]
    return rows


def of_fhir(form: Answers, rng: random.Random) -> Any:
    kind = rng.choice(["valueInteger", "valueString", "valueDecimal"])
    return [
        {"linkId": key, "text": "Over 2 weeks, how often?", "answer": [{kind: value}]}
        for key, value in form["answers"].items()
    ]


def of_pairs(form: Answers, _rng: random.Random) -> Any:
    return [[key, value] for key, value in form["answers"].items()]


def of_columns(form: Answers, _rng: random.Random) -> Any:
    return {"items": list(form["answers"]), "values": list(form["answers"].values())}


def of_text(form: Answers, _rng: random.Random) -> Any:
    return json.dumps(form["answers"])


BESIDE: tuple[dict[str, Any], ...] = (
    {"required": True, "skipped": False},
    {"answered_at": "2026-11-21T09:03:02Z", "duration_ms": 1520},
    {"section": "mood", "min": 0, "max": 3},
    {"options": [{"value": 0}, {"value": 1}, {"value": 2}, {"value": 3}]},
)


def of_described(form: Answers, rng: random.Random) -> Any:
    """Items of which something is said beside their answers."""
    name = rng.choice(["value", "answer", "selectedOption", "score", "valueInteger"])
    more = rng.choice(BESIDE)
    if rng.random() < 0.5:
        return {key: {**more, name: value} for key, value in form["answers"].items()}
    return [{"linkId": key, **more, name: value} for key, value in form["answers"].items()]


def of_packed(form: Answers, rng: random.Random) -> Any:
    packs: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, zlib.compress]
    pack = rng.choice(packs)
    packed_text = base64.b64encode(pack(json.dumps(form["answers"]).encode())).decode()
    return rng.choice(["", "data:application/json;base64,"]) + packed_text


def of_observations(form: Answers, rng: random.Random) -> Any:
    """FHIR Observations, with what lies between the code of the item and its value."""
    kind = rng.choice(["valueInteger", "valueString", "valueCodeableConcept", "valueQuantity"])
    between = {"subject": {"reference": "Patient/1a"}, "effectiveDateTime": "2026-11-21T09:03:02Z"}
    return [
        {
            "resourceType": "Observation",
            "code": {"coding": [{"system": "http://local", "code": key}], "text": "How often?"},
            **between,
            kind: OBSERVED.get(kind, lambda each: each)(value),
        }
        for key, value in form["answers"].items()
    ]


OBSERVED: dict[str, Callable[[Any], Any]] = {
    "valueCodeableConcept": lambda value: {"coding": [{"system": "http://l", "code": value}]},
    "valueQuantity": lambda value: {"value": value, "unit": "points", "code": "1"},
}

Trees = tuple[Callable[[Answers, random.Random], Any], ...]
TREES: Trees = (
    of_objects, of_lists, of_values, of_items, of_fhir, of_pairs, of_columns, of_text,
)  # fmt: skip


IN_JSON: Trees = (*TREES, of_described, of_packed, of_observations)


def as_json(form: Answers, rng: random.Random, trees: Trees = IN_JSON) -> str:
    answers = rng.choice(trees)(form, rng)
    whole = {key: value for key, value in form.items() if key != "answers"} | {"answers": answers}
    for name in rng.sample(["data", "attributes", "payload", "body"], rng.choice([0, 0, 1, 2])):
        whole = {name: whole}
    return json.dumps(whole, ensure_ascii=rng.random() < 0.5)


def as_repr(form: Answers, rng: random.Random) -> str:
    return repr(json.loads(as_json(form, rng, TREES)))


def as_form(form: Answers, rng: random.Random) -> str:
    path = rng.choice(
        ["answers[{}]", "answers.{}", "{}", "data[answers][{}]", "answers[{}][value]"]
    )
    encode = rng.choice([quote, quote_plus])
    fields = {key: value for key, value in form.items() if key != "answers"}
    fields |= {path.format(key): value for key, value in form["answers"].items()}
    return "&".join(f"{encode(key)}={encode(str(value))}" for key, value in fields.items())


def as_multipart(form: Answers, rng: random.Random) -> str:
    fields = {f"answers[{key}]": value for key, value in form["answers"].items()}
    fields |= {key: value for key, value in form.items() if key != "answers"}
    kind = rng.choice(["", "Content-Type: text/plain; charset=utf-8\r\n"])
    return "".join(
        f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n{kind}\r\n{value}\r\n'
        for key, value in fields.items()
    )


def as_xml(form: Answers, rng: random.Random) -> str:
    shape = rng.choice(
        [
            "<{0}>{1}</{0}>",
            '<{0} xsi:type="xsd:int">{1}</{0}>',
            '<item linkId="{0}"><answer><valueInteger value="{1}"/></answer></item>',
            '<item><linkId value="{0}"/><text value="How often, over 2 weeks?"/>'
            '<answer><valueString value="{1}"/></answer></item>',
            '<answer item="{0}" value="{1}"/>',
            '<answer value="{1}" item="{0}"/>',
            '<answer question="{0}">{1}</answer>',
            '<{0} lang="en" min="0" max="3">{1}</{0}>',
            '<answer item="{0}" seen="yes" at="2026-11-21T09:03:02Z" value="{1}"/>',
        ]
    )
    answers = "".join(shape.format(key, value) for key, value in form["answers"].items())
    head = "".join(f"<{key}>{form[key]}</{key}>" for key in form if key != "answers")
    return f'<?xml version="1.0"?><form>{head}<answers>{answers}</answers></form>'


def as_plist(form: Answers, _rng: random.Random) -> str:
    rows = {**{key: form[key] for key in form if key != "answers"}, **form["answers"]}
    return "".join(f"<key>{key}</key><integer>{value}</integer>\n" for key, value in rows.items())


def as_yaml(form: Answers, rng: random.Random) -> str:
    rows = [f"{key}: {value}" for key, value in form.items() if key != "answers"]
    shape = rng.choice(["  {}: {}", "  {}:\n    value: {}", "  - link_id: {}\n    value: {}"])
    return "\n".join([*rows, "answers:", *(shape.format(*row) for row in form["answers"].items())])


def as_php(form: Answers, _rng: random.Random) -> str:
    rows = "".join(f's:{len(key)}:"{key}";s:1:"{value}";' for key, value in form["answers"].items())
    head = f's:10:"instrument";s:4:"{form.get("instrument", "")}";'
    return f'a:2:{{{head}s:7:"answers";a:9:{{{rows}}}}}'


def as_table(form: Answers, rng: random.Random) -> str:
    sign = rng.choice([",", ";", "\t"])
    rows = {key: form[key] for key in form if key not in ("answers", "note")} | form["answers"]
    return (
        sign.join(rows) + "\n" + sign.join(str(value).replace(",", ".") for value in rows.values())
    )


TEXTS: tuple[Callable[[Answers, random.Random], str], ...] = (
    as_json, as_json, as_json, as_repr, as_form, as_multipart, as_xml, as_plist, as_yaml, as_php,
    as_table,
)  # fmt: skip


def packed(node: Any) -> bytes:
    """MessagePack of maps, texts, integers and null, as small as its libraries write them."""
    if isinstance(node, dict):
        head = (
            bytes([0x80 | len(node)]) if len(node) < 16 else b"\xde" + struct.pack(">H", len(node))
        )
        return head + b"".join(packed(key) + packed(value) for key, value in node.items())
    if isinstance(node, int):
        return bytes([node]) if node < 128 else b"\xd1" + struct.pack(">h", node)
    raw = str(node).encode()
    return (bytes([0xA0 | len(raw)]) if len(raw) < 32 else b"\xd9" + bytes([len(raw) & 255])) + raw


def _encoded(text: str, rng: random.Random) -> bytes:
    return text.encode(rng.choice(["utf-8"] * 5 + ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"]))


def _deflated(raw: bytes) -> bytes:
    opener = zlib.compressobj(wbits=-15)
    return opener.compress(raw) + opener.flush()


WRAPS: tuple[Callable[[bytes], bytes], ...] = (
    *[bytes] * 6, gzip.compress, zlib.compress, bz2.compress, base64.b64encode, _deflated,
)  # fmt: skip


def odd_body(form: Answers, rng: random.Random) -> bytes:
    """The form as some client might send it: `form` has `answers` and what else the body says."""
    if rng.random() < 0.04:
        return packed({key: value for key, value in form.items() if key != "note"})
    if rng.random() < 0.02:
        return plistlib.dumps(form, fmt=plistlib.FMT_BINARY)
    return rng.choice(WRAPS)(_encoded(rng.choice(TEXTS)(form, rng), rng))


def respelt(instrument: str, answers: Mapping[str, int], rng: random.Random) -> dict[str, Any]:
    """Every item named and answered in one way; numbers in some."""
    of_phq = instrument.startswith("phq9")
    name = rng.randrange(len(keys("q1", of_phq)))
    way = rng.randrange(len(spellings(0, of_phq)))
    return {
        keys(link, of_phq)[name]: spellings(value, of_phq)[
            min(way, len(spellings(value, of_phq)) - 1)
        ]
        for link, value in answers.items()
    }


SENTENCES = (
    "Slept 3 hours, then fine.", "Question 9 was hard to understand", "My mood is 3 of 10 today.",
    "nearly every day I walk", "", "It's \"ok\" & <fine>", "phq9 took me 2 minutes; gad7: 1",
)  # fmt: skip


def harmless_form(rng: random.Random) -> dict[str, Any]:
    """Any instrument, answered without danger, with something for which it is refused."""
    code = rng.choice(sorted(load_instruments()))
    items = load_instruments()[code].items
    answers = {item.link_id: rng.randint(item.lowest, item.highest) for item in items}
    calm = ("q9",) if code.startswith("phq9") else ("q3", "q4", "q5", "q6", "q6b")
    if code.startswith(("phq9", "cssrs")):
        answers |= {link: 0 for link in calm if link in answers}
    total = sum(answers.values())
    form = {
        "id": "0197a6a0-0000-7000-8000-000000000009",
        "instrument": rng.choice([code, code, code.upper(), code.replace("7", "-7")]),
        "recorded_at": f"2026-11-{rng.randint(10, 28)}T09:03:02",
        rng.choice(["client_total", "total", "score", "phq9_total", "q9_at"]): total,
        "note": rng.choice(SENTENCES),
        "answers": respelt(code, answers, rng),
    }
    if rng.random() < 0.05:
        del form["instrument"]
    return form


def dangerous_form(rng: random.Random) -> tuple[dict[str, Any], set[str]]:
    """An item 9 of 1-3 or a C-SSRS yes among harmless answers, and what has to be found."""
    code = rng.choice(["phq9", "phq9-daily", "cssrs-screener"])
    answers = {item.link_id: rng.choice([0, 0, 1]) for item in load_instruments()[code].items}
    if code == "cssrs-screener":
        answers |= dict.fromkeys(("q3", "q4", "q5", "q6", "q6b"), 0)
        link, value = rng.choice(["q3", "q4", "q5", "q6", "q6b"]), 1
    else:
        link, value = "q9", rng.randint(1, 3)
    answers[link] = value
    declared = rng.choice(
        [code, code.upper(), code.replace("9", "-9"), code.replace("cssrs", "C-SSRS")]
    )
    form = {
        "instrument": declared,
        "note": rng.choice(SENTENCES),
        "answers": respelt(code, answers, rng),
    }
    if code != "cssrs-screener" and rng.random() < 0.2:
        form["instrument"] = rng.choice(["", "daily form", "depression"])
    return form, {f"{link}={value}"}


def missed(seeds: Iterable[int]) -> Iterator[str]:
    """The dangerous bodies of these seeds in which the danger is not found."""
    for seed in seeds:
        rng = random.Random(seed)
        form, expected = dangerous_form(rng)
        found = find_danger(odd_body(form, rng))
        if found is None or not expected <= set(found.found):
            yield f"seed {seed}"


def false_alarms(seeds: Iterable[int]) -> Iterator[str]:
    """The harmless bodies of these seeds that are taken for danger."""
    for seed in seeds:
        rng = random.Random(f"harmless {seed}")
        if find_danger(odd_body(harmless_form(rng), rng)) is not None:
            yield f"seed {seed}"
