import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from robot.cancellation import CancelScope, JobStopped
from tests.component.robot_nodes.steps import Steps
from tests.support.ports import free_port

LETTER = {"from": "Robot <robot@casare.example>", "to": "Ada <ada@casare.example>", "subject": "Tägliches"}


class Postbox:
    """Keeps what arrives; refuses some recipients and messages."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.authenticated: list[bool] = []

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        if address.startswith("full"):
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if b"spam" in (envelope.content or b""):
            return "554 refused: contains spam"
        self.taken.append(envelope)
        self.authenticated.append(bool(session.authenticated))
        return "250 OK"

    def letter(self) -> EmailMessage:
        content = self.taken[-1].content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


def _login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"robot", b"hunter2")
    return AuthResult(success=known, handled=known)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "server.pem", folder / "server.key"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
def plain(box: Postbox) -> Iterator[dict[str, Any]]:
    """A server without TLS: how to reach it."""
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield {"host": "127.0.0.1", "port": controller.port, "tls": "none"}
    controller.stop()


@pytest.fixture
def guarded(box: Postbox, certificate: tuple[Path, Path], tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A server that takes mail only after STARTTLS and a login."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    (tmp_path / "ca.pem").write_bytes(certificate[0].read_bytes())
    options: dict[str, Any] = {
        "tls_context": tls,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": _login,
    }
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    yield {"host": "127.0.0.1", "port": controller.port, "ca_file": "ca.pem"}
    controller.stop()


async def test_a_letter_arrives_whole(steps: Steps, box: Postbox, plain: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text("a,b\n")
    more = {"cc": ["Bob <bob@casare.example>"], "bcc": "eve@bücher.example", "text": "Grüße", "html": "<p>Grüße</p>"}
    outputs = await steps.run("mail.send", **plain, **LETTER, **more, attachments=["report.csv"])
    assert (outputs["accepted"], outputs["refused"]) == (3, [])
    assert box.taken[0].rcpt_tos == ["ada@casare.example", "bob@casare.example", "eve@xn--bcher-kva.example"]
    letter = box.letter()
    assert (letter["Subject"], letter["To"], letter["Bcc"]) == ("Tägliches", "Ada <ada@casare.example>", None)
    assert letter["Message-ID"] == outputs["message_id"]
    plain_part, html_part = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain_part is not None
    assert html_part is not None
    assert (plain_part.get_content().strip(), html_part.get_content().strip()) == ("Grüße", "<p>Grüße</p>")
    attached = [(part.get_filename(), part.get_content().strip()) for part in letter.iter_attachments()]
    assert attached == [("report.csv", "a,b")]


async def test_mail_goes_through_starttls_with_a_login(steps: Steps, box: Postbox, guarded: dict[str, Any]) -> None:
    await steps.run("mail.send", **guarded, **LETTER, text="x", username="robot", password="hunter2")
    assert box.authenticated == [True]


@pytest.mark.parametrize(
    ("changes", "error_type"),
    [
        ({"password": "hunter3"}, "MAIL_AUTH"),
        ({"ca_file": None}, "MAIL_TLS"),
        ({"username": None}, "MAIL_REFUSED"),
        ({"tls": "none", "username": None}, "MAIL_REFUSED"),
    ],
)
async def test_a_server_that_will_not_have_us_is_no_reason_to_retry(
    steps: Steps, box: Postbox, guarded: dict[str, Any], changes: dict[str, Any], error_type: str
) -> None:
    login = {"username": "robot", "password": "hunter2"}
    error = await steps.failure("mail.send", **{**guarded, **LETTER, **login, **changes})
    assert (error.error_type, error.retryable, "hunter" in str(error)) == (error_type, False, False), str(error)
    assert box.taken == []


async def test_recipients_that_are_refused_are_told(steps: Steps, box: Postbox, plain: dict[str, Any]) -> None:
    letter = {**plain, **LETTER}
    some = await steps.run("mail.send", **letter | {"to": ["ada@casare.example", "nobody@casare.example"]})
    assert (some["accepted"], some["refused"]) == (1, ["nobody@casare.example"])
    refused = await steps.failure("mail.send", **letter | {"to": "nobody@casare.example"})
    assert (refused.error_type, refused.retryable) == ("MAIL_REFUSED", False)
    later = await steps.failure("mail.send", **letter | {"to": "full@casare.example"})
    assert (later.error_type, later.retryable) == ("MAIL_REFUSED", True)
    assert await steps.refused("mail.send", **letter, text="spam") == "MAIL_REFUSED"
    assert await steps.refused("mail.send", **letter | {"tls": "starttls"}) == "MAIL_TLS"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hi\r\nBcc: eve@casare.example"},
        {"to": "ada@casare.example\nBcc: eve@casare.example"},
        {"to": "ada@casare.example, eve@casare.example"},
        {"from": "robot@casare.example\r\n"},
        {"reply_to": "x\ny@casare.example"},
        {"to": "ada@casare..example"},
        {"to": "nobody"},
        {"to": []},
        {"from": ["a@b.example", "c@d.example"]},
        {"to": [f"a{number}@b.example" for number in range(201)]},
        {"tls": "maybe"},
        {"text": 5},
        {"attachments": [5]},
    ],
)
async def test_headers_cannot_be_smuggled_in(
    steps: Steps, box: Postbox, plain: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert await steps.refused("mail.send", **{**plain, **LETTER, **changes}) == "INVALID_CONFIG"
    assert box.taken == []


async def test_attachments_come_from_the_working_directory(steps: Steps, plain: dict[str, Any], tmp_path: Path) -> None:
    assert await steps.refused("mail.send", **plain, **LETTER, attachments=["/etc/passwd"]) == "PATH_REFUSED"
    (tmp_path / "large").write_bytes(bytes(11))
    assert (
        await steps.within(max_file_bytes=10).refused("mail.send", **plain, **LETTER, attachments="large")
        == "FILE_ERROR"
    )


@asynccontextmanager
async def _silent() -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A port that takes connections and says nothing."""
    came = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], came
    server.close()
    await server.wait_closed()


async def test_a_server_that_is_silent_or_away_is_worth_a_retry(steps: Steps) -> None:
    async with _silent() as (port, _):
        silent = await steps.failure("mail.send", host="127.0.0.1", port=port, **LETTER, timeout_seconds=0.2)
    assert (silent.error_type, silent.retryable) == ("MAIL_TIMEOUT", True)
    away = await steps.failure("mail.send", host="127.0.0.1", port=free_port(), **LETTER)
    assert (away.error_type, away.retryable) == ("MAIL_UNREACHABLE", True)


async def test_stopping_the_job_ends_the_sending(steps: Steps) -> None:
    scope = CancelScope()
    async with _silent() as (port, came):
        sending = steps.run("mail.send", cancel=scope, host="127.0.0.1", port=port, **LETTER)
        running = asyncio.create_task(sending)
        await came.wait()
        scope.cancel()
        with pytest.raises(JobStopped):
            await running
