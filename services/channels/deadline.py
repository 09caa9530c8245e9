"""An end to a conversation with somebody slow.

A socket's own timeout starts anew with every byte: a receiver that sends one now and then would
keep a sender busy for ever.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer


@contextmanager
def cut_after(seconds: float, find_socket: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut the socket down after so many seconds; whoever reads from it then gets an error."""
    limit = Timer(seconds, shut_down, (find_socket,))
    limit.daemon = True
    limit.start()
    try:
        yield
    finally:
        limit.cancel()


def shut_down(find_socket: Callable[[], socket.socket | None]) -> None:
    """Wake whoever waits on the socket. One that is gone already needs nothing."""
    found = find_socket()
    if found is None:
        return
    try:
        # The plain call, for TLS too: this thread must not touch the other one's TLS state.
        socket.socket.shutdown(found, socket.SHUT_RDWR)
    except OSError:
        return
