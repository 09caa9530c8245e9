"""Pages by Apprise against a double of each service that may be entered, by its own documents."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from importlib import import_module
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

import orjson
import pytest

from services.channels.apprise import AppriseChannel
from services.channels.apprise_plugins import Transport, hand_over
from services.channels.apprise_urls import SERVICES, AppriseUrl, read_apprise_url
from services.channels.base import AlertNotice, ChannelError, Letter, Page, Receipt
from services.channels.exchange import Caller
from services.channels.wording import short
from tests.fixtures.pagers import APP, BOT, CHAT, HOOK, SLACK, TOKEN, USER, PagerDouble
from tests.fixtures.webhook import Answer

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
NOTICE = AlertNotice(UUID(int=7), "critical", "triggered", NOW)
PUBLIC_URL = "https://i.test"
NAMES = ("ntfy", "gotify", "json", "mmost", "slack", "pover", "tgram")
# Where a provider of its own address is called, as Apprise has it, and what the double is there.
ADDRESSES = (
    ("slack", "NotifySlack", "webhook_url", "/services"),
    ("pushover", "NotifyPushover", "notify_url", "/1/messages.json"),
    ("telegram", "NotifyTelegram", "notify_url", "/bot"),
)


@pytest.fixture(scope="module")
def running() -> Iterator[PagerDouble]:
    made = PagerDouble()
    yield made
    made.stop()


@pytest.fixture
def double(running: PagerDouble, monkeypatch: pytest.MonkeyPatch) -> Iterator[PagerDouble]:
    for module, plugin, name, path in ADDRESSES:
        kind = getattr(import_module(f"apprise.plugins.{module}"), plugin)
        assert getattr(kind, name).startswith("https://")
        monkeypatch.setattr(kind, name, f"http://{running.host}{path}")
    yield running
    running.reset()


def page(address: str) -> Page:
    return Page(UUID(int=1), address, "critical", (NOTICE,), clinic="Hill Clinic", personal=True)


def send(address: str, timeout_s: float = 5.0) -> Receipt:
    return AppriseChannel(PUBLIC_URL, private=True, timeout_s=timeout_s).send(page(address), NOW)


def failure(address: str, timeout_s: float = 5.0) -> tuple[str, bool]:
    with pytest.raises(ChannelError) as caught:
        send(address, timeout_s)
    return caught.value.reason, caught.value.permanent


def test_every_scheme_has_a_double() -> None:
    assert {name.removesuffix("s") for name in SERVICES} == {
        name.removesuffix("s") for name in NAMES
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_service_takes_a_page_in_one_request(double: PagerDouble, name: str) -> None:
    assert send(double.urls[name]) is Receipt.SENT  # never delivered: there is no receipt
    assert double.texts == [(name, short(page(""), PUBLIC_URL))]
    (request,) = double.requests
    assert request.headers.get("User-Agent") == "Interlude"
    assert unquote_to_bytes(request.body).count(b"http") == 1  # our link, and no picture


@pytest.mark.parametrize("name", NAMES)
def test_a_code_arrives_as_it_is(double: PagerDouble, name: str) -> None:
    words = "Interlude, Hill <Clinic> & <script> 1 < 2 *a* _b_ `c` [d](e): your code is A-1."
    letter = Letter(UUID(int=1), double.urls[name], "s", "t", words)
    AppriseChannel("", private=True).send(letter, NOW)
    ((_, text),) = double.texts
    # Signs that these two would take for markup travel as their documents ask for it.
    assert text == (escape(words, quote=False) if name in ("slack", "tgram") else words)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "status"),
    [
        ("ntfy", TOKEN, "other", 403),
        ("gotify", TOKEN, "other", 401),
        ("json", f"nurse:{TOKEN}@", "", 401),
        ("mmost", HOOK, "0" * 20, 400),
        ("slack", SLACK[2], "0" * 20, 404),
        ("pover", APP, "b" * 30, 400),
        ("pover", USER, "b" * 30, 400),
        ("tgram", BOT[-5:], "-----", 401),
        ("tgram", str(CHAT), "1", 400),
    ],
)
def test_what_a_provider_refuses_is_refused_for_good(
    double: PagerDouble, name: str, right: str, wrong: str, status: int
) -> None:
    assert failure(double.urls[name].replace(right, wrong, 1)) == (f"apprise_{status}", True)
    assert double.texts == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("answer", "reason", "permanent"),
    [
        (Answer(500, b"{"), "apprise_500", False),
        (Answer(503), "apprise_503", False),
        (Answer(429, b"{}", {"Retry-After": "30"}), "apprise_429", False),
        (Answer(drop=True), "apprise_unreachable", False),
        (Answer(410), "apprise_410", True),
    ],
)
def test_a_failing_answer_is_a_failure_and_the_next_try_is_taken(
    double: PagerDouble, name: str, answer: Answer, reason: str, permanent: bool
) -> None:
    double.answers.append(answer)
    assert failure(double.urls[name]) == (reason, permanent)
    assert len(double.requests) == 1  # nothing is tried again behind our back
    assert send(double.urls[name]) is Receipt.SENT
    assert len(double.texts) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_late_answer_is_none_and_what_is_sent_again_is_the_same(
    double: PagerDouble, name: str
) -> None:
    double.answers.append(Answer(hang=True))
    assert failure(double.urls[name], timeout_s=0.3) == ("apprise_timeout", False)
    double.release()
    assert send(double.urls[name]) is send(double.urls[name]) is Receipt.SENT
    assert double.texts[0] == double.texts[1]


@pytest.mark.parametrize("name", NAMES)
def test_no_redirect_is_followed(double: PagerDouble, name: str) -> None:
    for status in (301, 302, 307, 308):
        double.answers.append(Answer(status, headers={"Location": double.url}))
        assert failure(double.urls[name]) == (f"apprise_{status}", True)
    assert len(double.requests) == 4


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("slack", Answer(200, b'{"ok": false}')),
        ("ntfy", Answer(202)),
        ("gotify", Answer(204)),
    ],
)
def test_an_answer_that_is_not_the_providers_yes_is_none(
    double: PagerDouble, name: str, answer: Answer
) -> None:
    double.answers.append(answer)
    assert failure(double.urls[name]) == ("apprise_refused", False)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_reaches_this_machine_unless_the_operator_allows_it(
    double: PagerDouble, name: str
) -> None:
    with pytest.raises(ChannelError) as caught:
        AppriseChannel(PUBLIC_URL).send(page(double.urls[name]), NOW)
    assert (caught.value.reason, caught.value.permanent) == ("apprise_refused_address", False)
    assert double.requests == []


def test_a_name_is_looked_up_once_and_what_was_looked_at_is_called(
    double: PagerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is public when it is looked at, and would be this machine the next time."""
    answers, real = ["9.9.9.9", "127.0.0.1"], socket.getaddrinfo
    called: list[Any] = []

    def look_up(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        where = answers.pop(0) if host == "pager.example" else host
        return real(where, port, *given, **named)

    def connect(address: Any, *_given: Any, **_named: Any) -> Any:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    port = int(double.host.rpartition(":")[2])
    with pytest.raises(ChannelError, match="apprise_unreachable"):
        AppriseChannel(PUBLIC_URL).send(page(f"gotify://pager.example:{port}/{TOKEN}"), NOW)
    assert (called, answers) == ([("9.9.9.9", port)], ["127.0.0.1"])


def test_neither_proxies_nor_a_netrc_lead_elsewhere(
    double: PagerDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login stranger password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert send(double.urls["gotify"]) is Receipt.SENT
    assert "Authorization" not in double.requests[0].headers


def test_a_url_that_asks_for_two_requests_is_none(double: PagerDouble) -> None:
    """The table has none; whatever Apprise makes of a URL, it is one request."""
    twice = AppriseUrl("ntfy", double.urls["ntfy"].replace("quagga", "quagga/zebra"), None)
    with pytest.raises(ChannelError, match="apprise_bad_address"):
        hand_over(twice, "text", Caller("apprise", 5.0, private=True))
    assert len(double.texts) == 1
    for text in ("ntfy://", "gotify://pager.example"):
        with pytest.raises(ChannelError, match=r"apprise_bad_address|apprise_refused"):
            hand_over(AppriseUrl(text.partition(":")[0], text, None), "t", Caller("apprise", 5.0))


def test_outside_of_a_page_nothing_leaves(double: PagerDouble) -> None:
    with pytest.raises(LookupError):
        Transport().post(double.url)
    assert double.requests == []


def test_it_says_nothing_of_its_own(double: PagerDouble, capfd: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        double.answers.append(Answer(500))
        failure(double.urls[name])
        send(double.urls[name])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_address_that_was_stored_is_looked_at_again(name: str) -> None:
    assert failure(f"{name}://") == ("apprise_bad_address", True)
    assert failure("mailto://u:p@gmail.com") == ("apprise_bad_address", True)


def test_a_letter_for_mail_alone_stays_away() -> None:
    with pytest.raises(ChannelError, match="apprise_takes_no_letter") as caught:
        AppriseChannel(PUBLIC_URL).send(Letter(UUID(int=1), "json://x", "s", "t"), NOW)
    assert caught.value.permanent


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://pager.example/x",
        "mailto://user:pass@mail.example",
        "exec:///bin/sh",
        "dbus://",
        "syslog://",
        "file:///etc/passwd",
        "twilio://AC0:token@+15550100/+15550101",
        "ntfy://pager.example",
        "ntfy://pager.example/one/two",
        "ntfy://pager.example/one,two",
        "ntfy://pager.example/one?to=two",
        "ntfy://pager.example/one?delay=12h",
        "ntfy://pager.example/one?email=x@y.example",
        "ntfy://pager.example/one?attach=http://169.254.169.254/",
        "ntfy://pager.example/one?click=https://elsewhere.example",
        "ntfy://pager.example/one?priority=loud",
        "ntfy://pager.example/one?priority=max&priority=min",
        "ntfy://pager.example/one?verify=no",
        "ntfy://pager.example/one?redirect=yes",
        "ntfy://pager.example/one?rto=600",
        "ntfy://pager.example/one?priority",
        "ntfy://pager.example/one#two",
        "ntfy://pager.example/on%65",
        "ntfy://pager example/one",
        "ntfy://pager.example\n/one",
        "ntfys://[fe80::1%25eth0]/one",
        "gotify://pager.example",
        "json://pager.example/?+X-Header=1",
        "json://pager.example/?:key=value",
        "json://pager.example/?method=GET",
        "jsons://a@b@pager.example/",
        "slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/#general",
        "slack://T0DOUBLE/B0DOUBLE/x0hookOfTheDouble00/general",
        "slack://T0DOUBLE/B0DOUBLE/x0hookOfTheDouble00?template=/etc/passwd",
        f"tgram://{BOT}/",
        f"tgram://{BOT}/1/2",
        f"tgram://{BOT}/1?template=/etc/passwd",
        f"pover://{USER}@{APP}/phone/pad",
        f"pover://{USER}@{APP}?url=https://elsewhere.example",
    ],
)
def test_what_may_not_be_entered(typed: str) -> None:
    with pytest.raises(ValueError, match=r"service|option|bad query field"):
        read_apprise_url(typed)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("NTFYS://ntfy.sh/quagga", "ntfy.sh"),
        ("ntfys://nurse:secret@pager.example:8443/quagga?priority=max", "pager.example"),
        ("ntfy://[fd12::1]:80/quagga", "fd12::1"),
        ("gotifys://pager.example/behind/Abc.def-1", "pager.example"),
        ("jsons://2852039166/x", "2852039166"),
        (f"pover://{USER}@{APP}/phone?priority=emergency&sound=siren", None),
    ],
)
def test_what_may_be_entered(typed: str, host: str | None) -> None:
    url = read_apprise_url(typed)
    scheme, _, rest = typed.partition("://")
    assert (url.text, url.host) == (f"{scheme.lower()}://{rest}", host)
    assert url.shown == f"{scheme.lower()}://…"
    assert rest not in repr(url)


def test_only_a_process_that_pages_by_it_loads_it_and_of_its_services_only_those() -> None:
    """Apprise has plug-ins that run programs and write files."""
    program = """
import sys
import orjson
import api.cli.alerts
from services.contact_methods.kinds import read_pager
before = [name for name in sys.modules if name.split(".")[0] in ("apprise", "requests")]
import services.channels.apprise_plugins as ours
from services.channels.apprise_urls import SERVICES
for service in SERVICES.values():
    ours.load(*service.plugin)
loaded = [name for name in sys.modules if name.startswith("apprise.plugins.")]
print(orjson.dumps([before, loaded]).decode())
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    before, loaded = orjson.loads(done.stdout)
    assert before == []
    ours = {service.plugin[0] for service in SERVICES.values()}
    assert {name.split(".")[2] for name in loaded} == {*ours, "base"}
