"""Calls to other machines: only to hosts that the settings name, never past them, and over connections that are kept.

A host's addresses are looked up once per connection and each is checked, and the connection goes to the one that was checked: a name
that answers differently the second time leads nowhere. Redirections are never followed. An answer is read up to a limit.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from springtide.kernel.errors import BadInput

TIMEOUT_SECONDS: Final = 10.0
LONGEST_ANSWER: Final = 1_000_000  # bytes
AT_A_TIME: Final = 64 * 1024


@dataclass(frozen=True)
class Reach:
    """Where calls may go.

    hosts              names, exactly; `*.example.com` for every name below one
    private_networks   networks that are not public and may be called all the same, such as 10.20.0.0/16; 127.0.0.0/8 for this machine
    """

    hosts: tuple[str, ...] = ()
    private_networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    def url(self, url: str) -> SplitResult:
        """The parts of an address that may be called.

        refuses    host_not_allowed    its host is not named in the settings
                   bad_url             it is no https address; http is for private networks
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.fragment:
            raise BadInput(f"'{url}' cannot be called.", "Give an https address without user or password.", code="bad_url")
        if parts.scheme == "http" and not self.private_networks:
            raise BadInput(
                f"'{url}' is not https.", "Only hosts in one of the private_networks are called by http.", code="bad_url"
            )
        self.refuse_host(host)
        return parts

    def refuse_host(self, host: str) -> None:
        """Refuse a host that the settings do not name.

        refuses    host_not_allowed
        """
        if not any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in self.hosts):
            raise BadInput(f"'{host}' is not among the allowed hosts.", "Add it to allowed_hosts.", code="host_not_allowed")

    def connect(self, host: str, port: int, timeout: float, *, is_open: bool = False) -> socket.socket:
        """A connection to an allowed host, at an address that is public or in a private network that is named.

        `is_open`: what goes over it can be read underway, so it goes to a private network only. An OSError when it does not come about.

        refuses    host_not_allowed
        """
        self.refuse_host(host)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not all(self._may_reach(address, is_open=is_open) for address in addresses):
            raise BadInput(
                f"'{host}' leads to {', '.join(addresses)}, which may not be called.",
                "A network that is not public must be named in private_networks; without TLS no other is called.",
                code="host_not_allowed",
            )
        failed: OSError = OSError(f"{host} has no address")
        for address in addresses:
            try:
                reached = socket.create_connection((address, port), timeout)
            except OSError as error:
                failed = error
                continue
            reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return reached
        raise failed

    def _may_reach(self, address: str, *, is_open: bool) -> bool:
        ip = ipaddress.ip_address(address.split("%")[0])
        ip = getattr(ip, "ipv4_mapped", None) or ip
        is_named = any(ip.version == network.version and ip in network for network in self.private_networks)
        return is_named or (not is_open and ip.is_global and not ip.is_multicast)


@cache
def system_tls() -> ssl.SSLContext:
    """TLS that believes the certificates the system does; made when it is first needed, for that takes a while."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `is_whole`: it ended within the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came back. `was_sent`: the call may have arrived, so nobody knows whether it was heeded."""

    says: str
    was_sent: bool


class _Http(http.client.HTTPConnection):
    """A connection that goes where `Reach` lets it, under TLS where that is asked for."""

    def __init__(self, reach: Reach, host: str, port: int, timeout: float, *, is_tls: bool, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=timeout)
        self._reach, self._is_tls, self._tls = reach, is_tls, tls

    def connect(self) -> None:
        self.sock = self._reach.connect(self.host, self.port, self.timeout or TIMEOUT_SECONDS, is_open=not self._is_tls)
        if self._is_tls:
            self.sock = (self._tls or system_tls()).wrap_socket(self.sock, server_hostname=self.host)


@dataclass
class Poster:
    """Posts to one address, over as many connections as `at_once` says, each kept for the next call."""

    reach: Reach
    url: str
    at_once: int = 1
    timeout: float = TIMEOUT_SECONDS
    tls: ssl.SSLContext | None = None  # which certificates are believed; None: those of the system
    _connections: list[_Http] = field(default_factory=list)

    def __post_init__(self) -> None:
        parts = self.reach.url(self.url)
        is_tls = parts.scheme == "https"
        self._path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        host, port = str(parts.hostname), parts.port or (443 if is_tls else 80)
        for _ in range(self.at_once):
            self._connections.append(_Http(self.reach, host, port, self.timeout, is_tls=is_tls, tls=self.tls))

    def post(self, body: bytes, headers: Mapping[str, str], *, path: str | None = None) -> Answer | NoAnswer:
        """One call and its answer."""
        return self.post_all([(body, headers)], path=path)[0]

    def post_all(self, calls: Sequence[tuple[bytes, Mapping[str, str]]], *, path: str | None = None) -> list[Answer | NoAnswer]:
        """At most `at_once` calls, each on a connection of its own; all are sent before the first answer is read."""
        asked = [
            self._ask(connection, *call, path or self._path) for connection, call in zip(self._connections, calls, strict=False)
        ]
        answers = (self._answer(connection, failed) for connection, failed in zip(self._connections, asked, strict=False))
        return list(answers)

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def _ask(self, connection: _Http, body: bytes, headers: Mapping[str, str], path: str) -> NoAnswer | None:
        """Send one call; what went wrong, if anything. A kept connection that the other side has closed is opened anew."""
        if connection.sock is not None and _has_ended(connection.sock):
            connection.close()
        begun = False
        try:
            if connection.sock is None:
                connection.connect()
            begun = True
            connection.request("POST", path, body, {"content-type": "application/json", **headers})
        except (OSError, http.client.HTTPException) as failed:
            connection.close()
            return NoAnswer(_says(failed), was_sent=begun)
        return None

    def _answer(self, connection: _Http, failed: NoAnswer | None) -> Answer | NoAnswer:
        if failed:
            return failed
        try:
            response = connection.getresponse()
            body, is_whole = _read(response, time.monotonic() + self.timeout)
            headers = {name.lower(): value for name, value in response.getheaders()}
            response.close()  # lets the connection go; reading to the end does not when there is nothing to read
        except (OSError, http.client.HTTPException, ValueError) as lost:
            connection.close()
            return NoAnswer(_says(lost), was_sent=True)
        if not is_whole:
            connection.close()
        return Answer(response.status, headers, body, is_whole)


def _has_ended(sock: socket.socket) -> bool:
    """True when the other side closed a connection that waits for nothing; what it sent unasked is no answer of ours either."""
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        return sock.recv(1) is not None
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        with suppress(OSError):
            sock.settimeout(timeout)


def _read(response: http.client.HTTPResponse, until: float) -> tuple[bytes, bool]:
    parts, length = [], 0
    while part := response.read1(AT_A_TIME):
        parts.append(part)
        length += len(part)
        if length > LONGEST_ANSWER or time.monotonic() > until:
            return b"".join(parts)[:LONGEST_ANSWER], False
    return b"".join(parts), True


def _says(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
