"""Any body as plain text: opened, decoded, unescaped; small letters, ASCII digits.

Everything is bounded by the first megabyte and linear in it, and nothing raises.
"""

from __future__ import annotations

import base64
import bz2
import codecs
import json
import lzma
import plistlib
import re
import unicodedata
import zlib
from collections.abc import Iterator
from typing import Final, Protocol
from urllib.parse import unquote

SCANNED_BYTES: Final = 1_048_576
"""The contract's 1 MB, counted generously; the rest of a longer body is drained, not read."""

_NESTED: Final = 3
_PIECE: Final = 64
# One of them costs the square of its size to read when it is made to hurt.
_LONGEST_PLIST: Final = 8_192
_MOST_WRITTEN: Final = 2_000
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_\-\s]{16,}+={0,2}+\s*+")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Where the nulls stand in four bytes of ASCII.
_NULLS: Final[dict[tuple[bool, ...], str]] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
_ESCAPED: Final = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_ENTITY: Final = re.compile(r"&(?:#([0-9]{1,5})|#[xX]([0-9a-fA-F]{1,4})|(quot|apos|lt|gt));")
_OURS: Final = re.compile(r"answers|instrument|effects|item")
_NAMED: Final = {"quot": '"', "apos": "'", "lt": "<", "gt": ">"}
_PHP_LENGTH: Final = re.compile(r"(?<=[;{}])s:[0-9]{1,7}:(?=\")")
_PERCENT: Final = re.compile(r"%[0-9a-fA-F]{2}")
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def opened(body: bytes) -> bytes:
    """The first megabyte of what a compressed or base64 body holds, however it is labelled; any
    other body as it is.
    """
    for _ in range(_NESTED):
        inside = next((found for found in _openings(body) if found), None)
        if inside is None:
            break
        body = inside
    return body


def _openings(body: bytes) -> Iterator[bytes]:
    if body[:8] == b"bplist00":
        yield _from_plist(body)
    elif body[:2] == b"\x1f\x8b":
        yield _inflated(zlib.decompressobj(31), body)
    elif body[:3] == b"BZh":
        yield _inflated(bz2.BZ2Decompressor(), body)
    elif body[:6] == b"\xfd7zXZ\x00":
        yield _inflated(lzma.LZMADecompressor(memlimit=64 * SCANNED_BYTES), body)
    elif len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0:
        yield _inflated(zlib.decompressobj(), body)
    elif _BASE64.fullmatch(body[:SCANNED_BYTES]):
        yield _from_base64(body[:SCANNED_BYTES])
    elif body and not _is_text(body):
        # bare deflate has no head: it counts when text comes out
        inside = _inflated(zlib.decompressobj(-15), body)
        yield inside if _is_text(inside) else b""


def _from_plist(body: bytes) -> bytes:
    """What a binary property list of Apple's holds, as JSON: a form, no more."""
    if len(body) > _LONGEST_PLIST:
        return b""
    try:
        stored = plistlib.loads(body, fmt=plistlib.FMT_BINARY)
        return json.dumps(_written(stored, iter(range(_MOST_WRITTEN)))).encode()
    except (plistlib.InvalidFileException, ValueError, TypeError, RecursionError):
        return b""


def _written(node: object, left: Iterator[int]) -> object:
    """So many values of it: one may stand in many places, and in itself."""
    if isinstance(node, dict):
        pairs = zip(node.items(), left, strict=False)
        return {str(key): _written(value, left) for (key, value), _ in pairs}
    if isinstance(node, list):
        return [_written(value, left) for value, _ in zip(node, left, strict=False)]
    if isinstance(node, bytes):
        return decoded(node)
    return node if isinstance(node, str | int | float) else str(node)


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _inflated(opener: _Decompressor, body: bytes) -> bytes:
    """As much as opens: a body that is cut or breaks off still says what stands before."""
    found = bytearray()
    for start in range(0, min(len(body), SCANNED_BYTES), _PIECE):
        try:
            found += opener.decompress(
                body[start : start + _PIECE], max(1, SCANNED_BYTES - len(found))
            )
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
            break
    return bytes(found[:SCANNED_BYTES])


def _from_base64(body: bytes) -> bytes:
    """What a body of nothing but base64 holds, when that is text or opens further."""
    letters = b"".join(body.translate(bytes.maketrans(b"-_", b"+/")).split()).rstrip(b"=")
    whole = len(letters) // 4 * 4
    found, rest = base64.b64decode(letters[:whole]), letters[whole:]
    if len(rest) > 1:
        found += base64.b64decode(rest + b"=" * (4 - len(rest)))
    return found if _is_text(found) or next(_openings(found), b"") else b""


def _is_text(body: bytes) -> bool:
    """Whether the beginning reads as text in any encoding."""
    head = decoded(body[:240])
    return bool(head) and sum(map(_is_odd, head)) <= len(head) // 32


def _is_odd(letter: str) -> bool:
    return letter == "\ufffd" or not (letter.isprintable() or letter in "\t\r\n")


def is_noise(text: str) -> bool:
    """A picture or the like: hardly a word in it, and no key of ours."""
    head = text[:4096]
    return sum(map(_is_odd, head)) > len(head) // 8 and _OURS.search(text) is None


def decoded(body: bytes) -> str:
    """The first megabyte as text, by its mark, by where its nulls stand, else as UTF-8."""
    scanned = body[:SCANNED_BYTES]
    for mark, encoding in _BOMS:
        if scanned.startswith(mark):
            return scanned[len(mark) :].decode(encoding, "replace")
    nulls = tuple(byte == 0 for byte in scanned[:4])
    if encoding_of := _NULLS.get(nulls):
        return scanned.decode(encoding_of, "replace")
    return scanned.replace(b"\0", b"").decode("utf-8", "replace")


def plain(text: str) -> str:
    """Unescaped, without accents, digits of any script as 0-9, `linkId` as `link_id`, small."""
    if "\\" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
    if "s:" in text:
        text = _PHP_LENGTH.sub("", text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    for _ in range(2):
        if "%" in text and _PERCENT.search(text):
            text = unquote(text, errors="replace")
    if not text.isascii():
        text = text.translate(_Folded())
    return _CAPITAL.sub("_", text).lower()


def _character(found: re.Match[str]) -> str:
    if found[3]:
        return _NAMED[found[3]]
    number = int(found[1]) if found[1] else int(found[2], 16)
    return chr(number)


class _Folded(dict[int, str]):
    """A letter or digit of any script to the ASCII that it is a form of, if any."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        digit = unicodedata.decimal(letter, None) if code > 127 else None
        kept = letter if code < 128 else str(digit) if digit is not None else _ascii(letter)
        self[code] = kept
        return kept


def _ascii(letter: str) -> str:
    whole = unicodedata.normalize("NFKD", letter)
    if whole.isascii():
        return whole
    return whole[0] if whole[0].isascii() else letter
