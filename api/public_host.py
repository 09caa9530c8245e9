"""The host of a public URL, as browsers write it."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from services.channels.addresses import ascii_host

HOST_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}")
ENDS_IN_NUMBER: Final = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
LONGEST_HOST: Final = 253


def public_host(host: str) -> str:
    """What a browser can ask for: an address of somewhere, or a name none of whose parts is empty.

    Raises ValueError.
    """
    name = ascii_host(host).lower()
    bare = name.removesuffix(".")
    # What ends in a number is an address to browsers, whatever stands before it.
    if ":" in name or ENDS_IN_NUMBER.search(bare):
        if ip_address(bare).is_unspecified:
            raise ValueError("where a server listens, and nobody's address")
    elif len(bare) > LONGEST_HOST or not all(map(HOST_LABEL.fullmatch, bare.split("."))):
        raise ValueError("not a host name")
    return f"[{name}]" if ":" in name else name
