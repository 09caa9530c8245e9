"""A double of the text message provider: Twilio's Messages API as it is documented, on loopback."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import orjson

from services.channels.sms import SmsProvider

ACCOUNT, TOKEN, SENDER = "AC0123", "a token of the test", "+15005550006"


@dataclass
class TakenText:
    """One message that was taken; `status` is what it says when it is asked."""

    fields: dict[str, str]
    status: str = "queued"
    error_code: int | None = None


@dataclass
class SmsDouble:
    """`taken` by its name (`sid`), in the order of arrival; `refuses` numbers with an error code,
    everything with the status `out_of_order` when one is set.
    """

    taken: dict[str, TakenText] = field(default_factory=dict)
    refuses: dict[str, int] = field(default_factory=dict)
    out_of_order: int | None = None

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def provider(self) -> SmsProvider:
        """The account of the test at this double."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        return SmsProvider(url, ACCOUNT, TOKEN, SENDER)

    def stop(self) -> None:
        """End the server and its threads."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer_to(self, method: str, path: str, body: bytes, login: str) -> tuple[int, object]:
        """Status and document."""
        expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if login != f"Basic {expected}":
            return 401, {"code": 20003, "status": 401}
        if self.out_of_order is not None:
            return self.out_of_order, {}
        root = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
        if method == "GET":
            found = self.taken.get(path.removeprefix(f"{root}/").removesuffix(".json"))
            if found is None:
                return 404, {"code": 20404, "status": 404}
            return 200, {"status": found.status, "error_code": found.error_code}
        fields = dict(parse_qsl(body.decode()))
        if path != f"{root}.json" or not {"To", "Body"} <= set(fields):
            return 404, {"code": 20404, "status": 404}
        if fields["To"] in self.refuses:
            return 400, {"code": self.refuses[fields["To"]], "status": 400}
        name = f"SM{len(self.taken):032x}"
        self.taken[name] = TakenText(fields)
        return 201, {"sid": name, "status": "queued", "error_code": None}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                login = self.headers.get("Authorization", "")
                status, document = double.answer_to(self.command, self.path, body, login)
                content = orjson.dumps(document)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST  # noqa: N815 -- http.server's name

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler
