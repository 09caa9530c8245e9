"""Wrong settings stop the start and name the variable; nothing has a working default secret."""

from __future__ import annotations

import random
import stat
import threading
from base64 import b32encode, urlsafe_b64encode
from pathlib import Path
from uuid import UUID

import pytest

from api.secret_key import kept_secret_keys, weakness
from api.settings import SettingsError, SmtpServer
from services.channels.sms import SmsProvider
from tests.builders.settings import GOOD_KEY, settings


def test_an_empty_environment_runs_with_the_embedded_server(tmp_path: Path):
    read = settings(tmp_path)
    assert (read.host, read.port, read.public_url) == ("127.0.0.1", 8000, "")
    assert (read.local_url, read.is_for_this_machine) == ("http://127.0.0.1:8000", True)
    assert read.database_url == ""
    assert read.smtp is None
    assert read.demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "q7Zt-0Lx_4mVbR9cWj2KpYd8HsN5uEa"),  # 31 bytes
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "abcdefgh" * 8),
        ("SECRET_KEY", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("SECRET_KEY", "correct horse battery staple pony"),
        ("SECRET_KEY", "Purple-Monkey-Dishwasher-Elephant"),
        ("SECRET_KEY", "hospital river wednesday keyboard"),
        ("SECRET_KEY", "changeme-q7Zt-0Lx_4mVbR9cWj2KpYd8HsN5uEa3"),
        ("SECRET_KEY", "my-Secret-q7Zt-0Lx_4mVbR9cWj2KpYd8HsN5uEa3"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("DEMO", "yes"),
        ("DATABASE_URL", "mysql://db/interlude"),
        ("DATABASE_URL", "db.example:5432"),
        ("WORKER_DATABASE_URL", "sqlite:///x"),
        ("SMTP_URL", "mail.example:25"),
        ("SMTP_URL", "http://mail.example"),
        ("SMTP_URL", "smtp://mail.example:port"),
        ("SMTP_URL", "smtp://mail.example?tls"),
        ("SMTP_URL", "smtps://mail.example?starttls"),
        ("SMS_URL", "https://api.twilio.com?from=%2B15550100"),
        ("SMS_URL", "https://AC1:token@api.twilio.com"),
        ("SMS_URL", "https://AC1:token@api.twilio.com/v1?from=%2B15550100"),
        ("SMS_URL", "https://AC1:token@api.twilio.com?from=%2B15550100&x=1"),
        ("PUSH_SERVICES", "push.example"),
        ("PUSH_SERVICES", "https://push.example/x"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://app.example/"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@b.example\r\nBcc: c@d.example"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PUBLIC_URL", "interlude.example"),
        ("PUBLIC_URL", "https://interlude.example/?a=b"),
        ("PUBLIC_URL", "https://user:word@interlude.example"),
        ("PUBLIC_URL", "https://interlude..\u00e9xample"),
        ("PUBLIC_URL", "https://clinic..example"),
        ("PUBLIC_URL", "https://.clinic.example"),
        ("PUBLIC_URL", "https://cli nic.example"),
        ("PUBLIC_URL", f"https://{'c' * 64}.example"),
        ("PUBLIC_URL", "https://" + ".".join(["clinic"] * 40)),
        ("PUBLIC_URL", "https://0.0.0.0:8000"),
        ("PUBLIC_URL", "https://0.0.0.0."),
        ("PUBLIC_URL", "http://[::]:8000"),
        ("PUBLIC_URL", "https://0"),
        ("PUBLIC_URL", "https://10.0.1"),
        ("PUBLIC_URL", "https://10.0.0.256"),
        ("PUBLIC_URL", "https://10.0.0.0x1"),
        ("METRICS_TOKEN", "two words"),
        ("METRICS_TOKEN", "ümlaut-token"),
        ("LEASE_S", "0.5"),
        ("POLL_S", "nan"),
        ("RETRY_BASE_S", "-1"),
        ("API_PROCESSES", "1.5"),
        ("MAX_BODY_BYTES", "12"),
        ("MAX_BODY_BYTES", "99999"),
        ("MAX_BODY_BYTES", "16000001"),
        ("MAX_DRAIN_BYTES", "999999"),
        ("MAX_DRAIN_BYTES", "64000001"),
    ],
)
def test_a_value_that_cannot_work_stops_the_start_by_name(tmp_path: Path, name: str, value: str):
    with pytest.raises(SettingsError, match=f"^INTERLUDE_{name} ") as refused:
        settings(tmp_path, **{name: value})
    assert len(value) < 5 or value not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Interlude.Example/", "https://interlude.example"),
        ("HTTPS://interlude.example:443", "https://interlude.example"),
        ("http://interlude.example:80/x/", "http://interlude.example/x"),
        ("http://interlude.example:443", "http://interlude.example:443"),
        ("https://interlude.example:8443/Ward/a", "https://interlude.example:8443/Ward/a"),
        ("https://B\u00fccher.example/\u00e4", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://stra\u00dfe.example", "https://xn--strae-oqa.example"),
        ("https://[2001:DB8::1]:443", "https://[2001:db8::1]"),
        ("https://10.0.0.1:8000", "https://10.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://ward_3.clinic.example.", "https://ward_3.clinic.example."),
    ],
)
def test_the_public_url_is_kept_as_browsers_write_it(tmp_path: Path, given: str, kept: str):
    assert settings(tmp_path, PUBLIC_URL=given).public_url == kept


def test_the_contract_says_how_large_a_body_may_be_unless_a_setting_does(tmp_path: Path):
    usual, larger = settings(tmp_path), settings(tmp_path, MAX_BODY_BYTES="2000000")
    assert (usual.max_body_bytes, usual.max_drain_bytes) == (1_000_000, 16_000_000)
    assert (larger.max_body_bytes, larger.max_drain_bytes) == (2_000_000, 16_000_000)


def test_more_is_drained_than_a_body_may_have(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"^INTERLUDE_MAX_DRAIN_BYTES "):
        settings(tmp_path, MAX_BODY_BYTES="2000000", MAX_DRAIN_BYTES="2000000")


@pytest.mark.parametrize(
    "key", [GOOD_KEY, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "ü" * 0]
)
def test_a_random_key_or_none_is_accepted(tmp_path: Path, key: str):
    assert settings(tmp_path, SECRET_KEY=key).secret_key == (
        key or kept_secret_keys(tmp_path, make=True)[0]
    )


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25)),
        ("smtp://mail.example:2525", SmtpServer("mail.example", 2525)),
        ("smtps://mail.example", SmtpServer("mail.example", 465, tls=True)),
        ("smtp://mail.example?starttls", SmtpServer("mail.example", 587, starttls=True)),
        (
            "smtp://us%40er:p%2Fw@mail.example?starttls=",
            SmtpServer("mail.example", 587, starttls=True, username="us@er", password="p/w"),
        ),
        ("", None),
    ],
)
def test_a_mail_server_is_one_url(tmp_path: Path, url: str, server: SmtpServer | None):
    assert settings(tmp_path, SMTP_URL=url).smtp == server


def test_a_provider_of_text_messages_is_one_url_and_opens_a_kind_of_contact_method(tmp_path: Path):
    assert settings(tmp_path).method_kinds == {"email", "webhook", "webpush"}
    read = settings(tmp_path, SMS_URL="https://AC1:a%20token@api.twilio.com?from=%2B15550100")
    assert read.sms == SmsProvider("https://api.twilio.com", "AC1", "a token", "+15550100")
    assert "a token" not in repr(read)
    assert read.method_kinds == {"email", "webhook", "webpush", "sms"}
    near = settings(tmp_path, SMS_URL="http://AC1:t@127.0.0.1:9000?from=MG1").sms
    assert near == SmsProvider("http://127.0.0.1:9000", "AC1", "t", "MG1")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_database_urls_always_name_the_driver_we_ship(tmp_path: Path, scheme: str):
    read = settings(tmp_path, DATABASE_URL=f"{scheme}://app:pw@db/interlude")
    assert read.database_url == "postgresql+psycopg://app:pw@db/interlude"


def test_push_services_beside_those_of_the_browsers_are_origins(tmp_path: Path):
    read = settings(tmp_path, PUSH_SERVICES="https://push.example, http://127.0.0.1:9000")
    assert read.push_services == ("https://push.example", "http://127.0.0.1:9000")
    assert settings(tmp_path).push_key.public == read.push_key.public


def test_secrets_do_not_appear_when_settings_are_printed(tmp_path: Path):
    read = settings(
        tmp_path, DATABASE_URL="postgresql://app:hush-db@db/x", SMTP_URL="smtp://u:hush-mail@m"
    )
    assert GOOD_KEY not in repr(read)
    assert "hush" not in repr(read)


def test_a_key_is_made_once_readable_by_its_owner_alone(tmp_path: Path):
    data_dir = tmp_path / "new" / "data"
    first = settings(data_dir, SECRET_KEY="").secret_key
    assert settings(data_dir, SECRET_KEY="").secret_key == first
    assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in data_dir.iterdir()] == ["secret_key"]


def test_only_what_sets_a_database_up_makes_a_key(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"^INTERLUDE_SECRET_KEY is missing, and so is .*/var/"):
        settings(tmp_path / "var", make_key=False, SECRET_KEY="")
    assert not (tmp_path / "var").exists()


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    for make_key in (True, False):
        with pytest.raises(SettingsError, match=r"^INTERLUDE_DATA_DIR cannot be used"):
            settings(tmp_path / "file", make_key=make_key, SECRET_KEY="")


def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path):
    start = threading.Barrier(16)
    keys: list[tuple[str, ...]] = []

    def read() -> None:
        start.wait()
        keys.append(kept_secret_keys(tmp_path, make=True))

    readers = [threading.Thread(target=read) for _ in range(16)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(keys) == 16
    assert len(set(keys)) == 1


def test_a_weak_key_in_the_file_is_refused_and_the_file_is_named(tmp_path: Path):
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(SettingsError, match=r"INTERLUDE_SECRET_KEY \(kept in .*secret_key\)"):
        settings(tmp_path, SECRET_KEY="")


@pytest.mark.parametrize(
    ("host", "url", "for_this_machine"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000", True),
        ("localhost", "http://localhost:8000", True),
        ("::1", "http://[::1]:8000", True),
        ("0.0.0.0", "http://127.0.0.1:8000", False),  # noqa: S104 -- only read
        ("::", "http://[::1]:8000", False),
        ("10.1.2.3", "http://10.1.2.3:8000", False),
        ("api.example", "http://api.example:8000", False),
    ],
)
def test_a_public_url_is_never_made_up_from_where_we_listen(
    tmp_path: Path, host: str, url: str, for_this_machine: bool
):
    read = settings(tmp_path, HOST=host)
    assert (read.local_url, read.is_for_this_machine) == (url, for_this_machine)
    assert read.public_url == ""
    mails_here = settings(tmp_path, HOST=host, SMTP_URL="smtp://127.0.0.1:2525")
    assert mails_here.is_for_this_machine is for_this_machine
    mails_away = settings(tmp_path, HOST=host, SMTP_URL="smtp://mail.example")
    assert not mails_away.is_for_this_machine
    assert read.faults == ("no_public_url", "no_mail_server")
    assert settings(tmp_path, PUBLIC_URL="https://i.test", SMTP_URL="smtp://m").faults == ()


@pytest.mark.parametrize(
    ("database_url", "demo", "seeded"),
    [
        ("", "", True),
        ("", "0", False),
        ("postgresql://app@db/interlude", "", False),
        ("postgresql://app@db/interlude", "0", False),
    ],
)
def test_made_up_patients_are_for_the_embedded_database(
    tmp_path: Path, database_url: str, demo: str, seeded: bool
):
    assert settings(tmp_path, DATABASE_URL=database_url, DEMO=demo).demo is seeded


@pytest.mark.parametrize("kind", ["hex", "url", "capitals", "digits", "ids"])
def test_no_random_key_is_called_weak(kind: str):
    """A key that holds today must not stop a start tomorrow: 60 of each kind, all at 32 or more."""
    bytes_of = random.Random(kind).randbytes
    make = {
        "hex": lambda: bytes_of(16).hex(),
        "url": lambda: urlsafe_b64encode(bytes_of(24)).decode(),
        "capitals": lambda: b32encode(bytes_of(20)).decode(),
        "digits": lambda: f"{int.from_bytes(bytes_of(16)):039}"[-32:],
        "ids": lambda: str(UUID(bytes=bytes_of(16))),
    }[kind]
    assert [problem for problem in (weakness(make()) for _ in range(60)) if problem] == []


OLD_KEY = "Yp3Vd8-kQz6Tn1Ws9Lb4Rf7Hj2Mx5CgAuEiOo"


def test_older_keys_come_after_the_one_that_writes(tmp_path: Path):
    given = settings(tmp_path, OTHER_SECRET_KEYS=f" {OLD_KEY} ")
    assert given.secrets == (GOOD_KEY, OLD_KEY)
    (tmp_path / "secret_key").write_text(f"{GOOD_KEY}\n{OLD_KEY}\n")
    assert settings(tmp_path, SECRET_KEY="").secrets == (GOOD_KEY, OLD_KEY)


def test_a_weak_older_key_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"^INTERLUDE_OTHER_SECRET_KEYS is weak"):
        settings(tmp_path, OTHER_SECRET_KEYS=f"{OLD_KEY} short")
