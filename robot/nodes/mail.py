"""Nodes that send e-mail."""

import asyncio
import mimetypes
import ssl
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid, parseaddr
from pathlib import Path
from typing import Any

from robot.errors import InvalidConfig, OutsideFailed
from robot.nodes.context import NodeContext
from robot.nodes.in_thread import in_thread
from robot.nodes.table import NodeTable, Outcome
from robot.values import kind_of

nodes = NodeTable()

TLS_MODES = ("starttls", "tls", "none")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
MAX_RECIPIENTS = 200
MAX_ATTACHMENTS = 50
MAX_BODY = 5_000_000
MAX_LINE = 998


@nodes.register("mail.send")
async def send(context: NodeContext) -> Outcome:
    """Sends one e-mail by SMTP; stopping the job interrupts it.

    `host`, `tls`: starttls (default; the server has to offer it), tls or none, `port` (587, 465 or 25 by that),
    `username` and `password`; `verify` (true) checks the server's certificate, by the file `ca_file` when given.
    `from`, `to`, `cc`, `bcc`, `reply_to`: an address (`a@b.example` or `Name <a@b.example>`) or a list; `subject`,
    `text` and/or `html`, `attachments`: paths in the working directory. `timeout_seconds` (30, at most 300).

    Outputs `message_id`, `accepted` (how many recipients) and `refused`, the addresses the server did not take. When it
    takes none: MAIL_REFUSED. MAIL_UNREACHABLE, MAIL_TIMEOUT and answers of 4xx are worth a retry; MAIL_AUTH and answers
    of 5xx are not. A message cut off after its data was sent may have been taken: retries can send it twice, each time
    with another `message_id`.
    """
    sender, recipients = _one(context, "from"), {name: _addresses(context, name) for name in ("to", "cc", "bcc")}
    everybody = list(dict.fromkeys(_bare(each) for name in recipients for each in recipients[name]))
    if not everybody or len(everybody) > MAX_RECIPIENTS:
        raise InvalidConfig(f"`to`, `cc` and `bcc` have to name 1 to {MAX_RECIPIENTS} recipients")
    message = await in_thread(context, lambda: _message(context, sender, recipients))
    seconds = context.number("timeout_seconds", 30, least=0.1, most=300)
    sending = asyncio.wait_for(_sent(context, message, _bare(sender), everybody), seconds)
    try:
        refused = await context.run.cancel.race(sending)
    except TimeoutError as error:
        message_text = f"the mail server was not done within {seconds:g} s"
        raise OutsideFailed(message_text, error_type="MAIL_TIMEOUT", retryable=True) from error
    return Outcome(
        {"message_id": message["Message-ID"], "accepted": len(everybody) - len(refused), "refused": sorted(refused)}
    )


def _message(context: NodeContext, sender: str, recipients: dict[str, list[str]]) -> EmailMessage:
    message = EmailMessage()
    try:
        message["From"] = _header(sender)
        for name in ("to", "cc"):
            if recipients[name]:
                message[name.title()] = tuple(_header(each) for each in recipients[name])
        if context.value("reply_to") is not None:
            message["Reply-To"] = tuple(_header(each) for each in _addresses(context, "reply_to"))
        message["Subject"] = _line(context, "subject")
    except (ValueError, TypeError, MessageError, IndexError) as error:
        raise InvalidConfig("a header of the message cannot be written") from error
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=_bare(sender).rpartition("@")[2])
    try:
        _set_body(context, message)
    except UnicodeError as error:
        raise InvalidConfig("`text` or `html` has half a character, which no encoding has") from error
    _attach(context, message)
    return message


def _set_body(context: NodeContext, message: EmailMessage) -> None:
    text, html = context.value("text"), context.value("html")
    for name, value in (("text", text), ("html", html)):
        if value is not None and (not isinstance(value, str) or len(value) > MAX_BODY):
            raise InvalidConfig(f"`{name}` has to be a text of at most {MAX_BODY:,} characters, not {kind_of(value)}")
    if html is None or text is not None:
        message.set_content(text or "")
    if html is not None and text is None:
        message.set_content(html, subtype="html")
    elif html is not None:
        message.add_alternative(html, subtype="html")


def _attach(context: NodeContext, message: EmailMessage) -> None:
    value = context.value("attachments", [])
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or len(names) > MAX_ATTACHMENTS or not all(isinstance(name, str) for name in names):
        raise InvalidConfig(f"`attachments` is a list of at most {MAX_ATTACHMENTS} paths")
    left = context.run.limits.max_file_bytes
    for name in names:
        content = context.run.files.read(name, max_bytes=left)
        left -= len(content)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=Path(name).name)


def _line(context: NodeContext, name: str) -> str:
    value = context.value(name, "")
    if not isinstance(value, str):
        raise InvalidConfig(f"`{name}` has to be a text, not {kind_of(value)}")
    return _checked(value, name)


def _checked(value: str, name: str) -> str:
    # A line break would begin another header: a recipient nobody asked for, or another body.
    if any(ord(character) < 32 or ord(character) == 127 for character in value) or len(value) > MAX_LINE:
        raise InvalidConfig(f"`{name}` has a line break or control character, or over {MAX_LINE} characters")
    return value


def _addresses(context: NodeContext, name: str) -> list[str]:
    value = context.value(name) or []
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise InvalidConfig(f"`{name}` has to be an address or a list of addresses")
    for each in given:
        _checked(each, name)
        if not _is_address(_bare(each)):
            raise InvalidConfig(f"`{name}` has something that is not one e-mail address")
    return given


def _one(context: NodeContext, name: str) -> str:
    addresses = _addresses(context, name)
    if len(addresses) != 1:
        raise InvalidConfig(f"`{name}` has to be one address")
    return addresses[0]


def _bare(address: str) -> str:
    """Returns `local@domain` as servers take it, or nothing when it is not one address."""
    found = getaddresses([address])
    local, _, domain = found[0][1].rpartition("@") if len(found) == 1 else ("", "", "")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""


def _is_address(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return bool(local and domain) and not any(character in address for character in ' ,;<>()"\\')


def _header(address: str) -> Address:
    local, _, domain = _bare(address).rpartition("@")
    return Address(parseaddr(address)[0], local, domain)


async def _sent(context: NodeContext, message: EmailMessage, sender: str, recipients: list[str]) -> list[str]:
    """Returns the recipients that were refused."""
    import aiosmtplib

    try:
        async with _server(context) as server:
            if context.value("username") is not None:
                await server.login(context.text("username"), context.text("password"))
            refused, _ = await server.send_message(message, sender=sender, recipients=recipients)
            return list(refused)
    except aiosmtplib.SMTPAuthenticationError as error:
        raise _failed("the mail server refuses the login", "MAIL_AUTH", code=error.code) from error
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [each.code for each in error.recipients]
        raise _failed("the mail server takes none of the recipients", "MAIL_REFUSED", code=min(codes)) from error
    except aiosmtplib.SMTPResponseException as error:
        raise _failed("the mail server refuses the message", "MAIL_REFUSED", code=error.code) from error
    except aiosmtplib.SMTPTimeoutError as error:
        raise OutsideFailed("the mail server does not answer", error_type="MAIL_TIMEOUT", retryable=True) from error
    except aiosmtplib.SMTPException as error:
        raise _unreachable(error) from error
    except OSError as error:
        raise _unreachable(error) from error
    except ValueError as error:  # also for what cannot be encoded
        raise InvalidConfig("`host`, `username` or `password` cannot be used as it is") from error


def _failed(message: str, error_type: str, *, code: int) -> OutsideFailed:
    # The server's own words may quote the login or the message.
    return OutsideFailed(f"{message} ({code})", error_type=error_type, retryable=400 <= code < 500)


def _unreachable(error: Exception) -> OutsideFailed:
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
        return OutsideFailed("the mail server's certificate is not to be trusted", error_type="MAIL_TLS")
    if "STARTTLS" in str(error):
        message = "the mail server does not offer STARTTLS; `tls` is tls or none if it is meant so"
        return OutsideFailed(message, error_type="MAIL_TLS")
    if "AUTH" in str(error):
        return OutsideFailed("the mail server does not offer a way to log in that is known", error_type="MAIL_AUTH")
    message = f"the mail server cannot be reached or ended the connection: {type(error).__name__}"
    return OutsideFailed(message, error_type="MAIL_UNREACHABLE", retryable=True)


def _server(context: NodeContext) -> Any:
    import aiosmtplib

    mode = context.text("tls", "starttls")
    if mode not in TLS_MODES:
        raise InvalidConfig(f"`tls` is one of {', '.join(TLS_MODES)}")
    port = int(context.number("port", _PORTS[mode], least=1, most=65_535))
    return aiosmtplib.SMTP(
        hostname=context.text("host"),
        port=port,
        use_tls=mode == "tls",
        start_tls=mode == "starttls",
        tls_context=None if mode == "none" else _tls(context),
        timeout=None,
    )


def _tls(context: NodeContext) -> ssl.SSLContext:
    trusted = None
    if context.value("ca_file") is not None:
        trusted = context.run.files.read(context.text("ca_file"), max_bytes=1_000_000).decode("ascii", "replace")
    try:
        tls = ssl.create_default_context(cadata=trusted)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidConfig("`ca_file` does not hold certificates (PEM)") from error
    if not context.flag("verify", default=True):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    return tls
