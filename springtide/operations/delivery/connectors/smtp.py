"""E-mail through a mail server. A mail server knows no keys: what it may have taken is never sent again by itself."""

from __future__ import annotations

import hashlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Any, ClassVar, Final, Literal

from springtide.kernel import clock
from springtide.kernel.errors import BadInput
from springtide.operations.delivery.connectors import SENT, Letter, Outcome
from springtide.operations.delivery.connectors.webhook import printable
from springtide.operations.delivery.posting import Reach, system_tls

TIMEOUT_SECONDS: Final = 20.0
POLICY: Final = SMTP_POLICY.clone(max_line_length=900)  # refuses a line break in a header; long links are not folded
Tls = Literal["starttls", "implicit", "none"]


@dataclass
class Smtp:
    """`sender`: the address that users see. `tls`: none only towards a private network."""

    name: str
    reach: Reach
    host: str
    port: int
    sender: str
    sender_name: str = ""
    tls: Tls = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    rate_per_second: float | None = None
    on_unknown: str = "keep"
    now: Callable[[], datetime] = field(default=clock.now)
    context: ssl.SSLContext | None = None  # which certificates are believed; None: those of the system
    _server: smtplib.SMTP | None = None

    channel: ClassVar[str] = "email"
    is_keyed: ClassVar[bool] = False
    needs_addresses: ClassVar[bool] = True
    at_once: ClassVar[int] = 1

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        return [self._send(letter) for letter in letters]

    def close(self) -> None:
        if self._server:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server = None

    def _send(self, letter: Letter) -> Outcome:
        try:
            mail = self._mail(letter)
        except (MessageError, ValueError, IndexError, AttributeError) as bad:
            return Outcome("rejected", "bad_address", printable(str(bad)))
        try:
            server = self._connected()
            for code, says in (server.mail(self.sender), server.rcpt(letter.address)):
                if code not in (250, 251):
                    server.rset()
                    return _refused(code, says)
        except (OSError, smtplib.SMTPException, BadInput) as failed:
            self._drop()
            return Outcome("later", "no_answer", printable(f"{type(failed).__name__}: {failed}"[:200]))
        try:
            code, says = server.data(mail)
        except smtplib.SMTPDataError as failed:  # it would not even begin to take it
            self._drop()
            return _refused(failed.smtp_code, failed.smtp_error)
        except (OSError, smtplib.SMTPException) as lost:
            self._drop()
            return Outcome("unclear", "no_answer", printable(f"{type(lost).__name__}: {lost}"[:200]))
        return SENT if code == 250 else _refused(code, says)

    def _mail(self, letter: Letter) -> bytes:
        letter.address.encode("ascii")  # others need a server that speaks SMTPUTF8
        mail = EmailMessage(policy=POLICY)
        mail["From"] = Address(self.sender_name, addr_spec=self.sender)
        mail["To"] = Address(addr_spec=letter.address)
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(self.now())
        mail["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()[:32]}@{self.sender.rpartition('@')[2]}>"
        if letter.unsubscribe_url:
            mail["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        mail.set_content(letter.text)
        if letter.html:
            mail.add_alternative(letter.html, subtype="html")
        return mail.as_bytes()

    def _connected(self) -> smtplib.SMTP:
        if self._server:
            try:
                if self._server.noop()[0] == 250:
                    return self._server
            except (OSError, smtplib.SMTPException):
                pass
            self._drop()
        tls = self.context or system_tls()
        server = _Server(self.reach, tls if self.tls == "implicit" else None, is_open=self.tls == "none")
        server.connect(self.host, self.port)
        server.ehlo_or_helo_if_needed()
        if self.tls == "starttls":
            server.starttls(context=tls)
            server.ehlo()
        if self.user:
            server.login(self.user, self.password)
        self._server = server
        return server

    def _drop(self) -> None:
        if self._server:
            self._server.close()
        self._server = None


class _Server(smtplib.SMTP):
    """A connection that goes where `Reach` lets it."""

    def __init__(self, reach: Reach, tls: ssl.SSLContext | None, *, is_open: bool) -> None:
        super().__init__(timeout=TIMEOUT_SECONDS, local_hostname="springtide.invalid")
        self._reach, self._tls, self._is_open = reach, tls, is_open

    def connect(self, host: str = "", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        self._host = host  # what the certificate of STARTTLS must name
        code, says = super().connect(host, port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, says)
        return code, says

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        reached = self._reach.connect(host, port, timeout, is_open=self._is_open)
        return self._tls.wrap_socket(reached, server_hostname=host) if self._tls else reached


def _refused(code: int, says: bytes | str) -> Outcome:
    told = printable(says.decode(errors="replace") if isinstance(says, bytes) else says)[:160]
    return Outcome("rejected" if 500 <= code < 600 else "later", f"smtp_{code}", f"{code} {told}")
