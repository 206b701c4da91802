"""The settings of delivery: `delivery.toml` in the home, read once, typed, refused loudly. Secrets stand elsewhere; it names where.

public_url = "https://springtide.example.com"    # where users' links lead; default: SPRINGTIDE_URL
allowed_hosts = ["push.example.com", "*.mail.example.com"]
private_networks = ["10.20.0.0/16"]              # networks that are not public and may be called all the same

[addresses]
kind = "exchange"                                # or "file" with path, "contacts" with key
url = "https://push.example.com/addresses"
secret = "env:ADDRESSES_SECRET"                  # or "file:/run/secrets/addresses"

[connectors.push]
kind = "webhook"                                 # or smtp, bot, file, inbox
channel = "push"
url = "https://push.example.com/messages"
secret = "env:PUSH_SECRET"
batch = 100
rate_per_second = 500
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from springtide.kernel.errors import BadInput, UnknownName, suggest
from springtide.operations.delivery import states
from springtide.operations.delivery.addresses import Addresses, Asked, Dropped, Sealed
from springtide.operations.delivery.connectors import Connector
from springtide.operations.delivery.connectors.bot import Bot
from springtide.operations.delivery.connectors.files import Drop
from springtide.operations.delivery.connectors.inbox import Inbox
from springtide.operations.delivery.connectors.smtp import Smtp
from springtide.operations.delivery.connectors.webhook import CONNECTIONS, LARGEST_BATCH, Webhook
from springtide.operations.delivery.posting import Poster, Reach
from springtide.operations.delivery.signing import secret_key

FILE_NAME: Final = "delivery.toml"


@dataclass(frozen=True)
class Delivery:
    """What the settings say. `receipt_keys`: with which keys each connector's receiver signs what it tells later."""

    connectors: tuple[Connector, ...]
    addresses: Addresses | None = None
    contacts_key: bytes | None = field(default=None, repr=False)
    public_url: str = ""
    receipt_keys: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict, repr=False)

    def connector(self, name: str) -> Connector:
        """A connector by its name.

        refuses    unknown_connector
        """
        names = {each.name: each for each in self.connectors}
        if name not in names:
            raise UnknownName(f"There is no connector '{name}'.", suggest(name, names), code="unknown_connector")
        return names[name]


def read_delivery(home: Path) -> Delivery:
    """The settings of a home; without a file there is the inbox, and nothing leaves the house.

    refuses    bad_setting         a name nothing has, a value of the wrong type, a channel with two connectors
               bad_secret          a secret that is not there, or that cannot be used
               bad_url, host_not_allowed    a connector that leads to a host which is not named
    """
    path = home / FILE_NAME
    given: Mapping[str, Any] = {}
    if path.is_file():
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
            raise BadInput(f"{path} cannot be read: {bad}.", "Mend the line it names.", code="bad_setting") from bad
    top = _Given(FILE_NAME, given)
    reach = Reach(tuple(top.texts("allowed_hosts")), tuple(map(_network, top.texts("private_networks"))))
    url = top.text("public_url", os.environ.get("SPRINGTIDE_URL", ""))
    addresses, contacts_key = _addresses(top.table("addresses"), reach)
    connectors, receipt_keys = [], {}
    for name, told in top.table("connectors").values.items():
        one = _Given(f"connectors.{name}", told)
        connector = _connector(name, one, reach, home)
        if connector.needs_addresses and addresses is None:
            raise one.bad("needs addresses", "Say in [addresses] who knows them, or let its gateway know its users.")
        connectors.append(connector)
        secrets = [secret_key(read_secret(one.where, each)) for each in one.texts("receipt_secrets")]
        if "secret" in one.values and not secrets:
            secrets = [secret_key(one.secret("secret"))]
        receipt_keys[name] = tuple(secrets)
        one.refuse_rest()
    top.refuse_rest()
    taken = [each.channel for each in connectors]
    if twice := next((channel for channel in taken if taken.count(channel) > 1), None):
        raise top.bad(f"has two connectors of the channel '{twice}'", "Each channel has one way out.")
    if "inbox" not in taken:
        connectors.append(Inbox())
    return Delivery(tuple(connectors), addresses, contacts_key, url, receipt_keys)


def read_secret(where: str, told: str) -> str:
    """The secret that a setting names.

    refuses    bad_secret    it stands in the settings itself, or is not where they say
    """
    kind, _, place = told.partition(":")
    found = ""
    if kind == "env":
        found = os.environ.get(place, "")
    elif kind == "file" and Path(place).is_file():
        found = Path(place).read_text(encoding="utf-8").strip()
    if not found:
        seen = told if kind in ("env", "file") else "(not shown)"
        raise BadInput(
            f"{where} names a secret that is not there: {seen}.",
            "Write env:NAME or file:/path; the secret itself stands in the environment or in a file of its own.",
            code="bad_secret",
        )
    return found


class _Given:
    """One table of the file. Each value is taken out once, and what is left over is refused."""

    def __init__(self, where: str, values: Any) -> None:
        self.where = where
        if not isinstance(values, Mapping):
            raise self.bad(f"is {values!r}", "It must be a table.")
        self.values = values
        self._asked: set[str] = set()

    def text(self, name: str, default: str | None = None, *, among: tuple[str, ...] = ()) -> str:
        value = self._take(name, str, default)
        if among and value not in among:
            raise self.bad(f"has {name} = {value!r}", suggest(value, among))
        return str(value)

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value = self._take(name, (int, float), default)
        if isinstance(value, bool) or not least <= value <= most:
            raise self.bad(f"has {name} = {value!r}", f"It is a number from {least:g} to {most:g}.")
        return float(value)

    def rate(self, default: float | None = None) -> float | None:
        return self.number("rate_per_second", 0, 0.01, 100_000) if "rate_per_second" in self.values else default

    def flag(self, name: str, default: bool) -> bool:
        return bool(self._take(name, bool, default))

    def texts(self, name: str) -> list[str]:
        value = self._take(name, list, [])
        if not all(isinstance(each, str) for each in value):
            raise self.bad(f"has {name} = {value!r}", "It is a list of texts.")
        return list(value)

    def table(self, name: str) -> _Given:
        return _Given(f"{self.where} [{name}]", self._take(name, dict, {}))

    def secret(self, name: str) -> str:
        return read_secret(self.where, self.text(name))

    def bad(self, what: str, hint: str) -> BadInput:
        return BadInput(f"{self.where} {what}.", hint, code="bad_setting")

    def refuse_rest(self) -> None:
        for name in self.values:
            if name not in self._asked:
                raise self.bad(f"has an unknown setting '{name}'", suggest(name, self._asked))

    def _take(self, name: str, wanted: Any, default: Any) -> Any:
        self._asked.add(name)
        value = self.values.get(name, default)
        if value is None:
            raise self.bad(f"has no '{name}'", "It cannot do without.")
        if not isinstance(value, wanted):
            raise self.bad(f"has {name} = {value!r}", "It is of another type; see the page on delivery.")
        return value


def _connector(name: str, given: _Given, reach: Reach, home: Path) -> Connector:
    kind = given.text("kind", among=tuple(_KINDS))
    return _KINDS[kind](name, given, reach, home)


def _webhook(name: str, given: _Given, reach: Reach, home: Path) -> Connector:
    connections = int(given.number("connections", CONNECTIONS, 1, 64))
    return Webhook(
        name,
        _channel(given),
        Poster(reach, given.text("url"), at_once=connections),
        secret_key(given.secret("secret")),
        batch=int(given.number("batch", 1, 1, LARGEST_BATCH)),
        is_keyed=given.flag("honours_keys", True),
        needs_addresses=given.flag("needs_addresses", False),
        rate_per_second=given.rate(),
        on_unknown=_on_unknown(given),
    )


def _smtp(name: str, given: _Given, reach: Reach, home: Path) -> Connector:
    host = given.text("host")
    reach.refuse_host(host)
    return Smtp(
        name,
        reach,
        host,
        int(given.number("port", 587, 1, 65_535)),
        sender=given.text("sender"),
        sender_name=given.text("sender_name", ""),
        tls=given.text("tls", "starttls", among=("starttls", "implicit", "none")),  # type: ignore[arg-type]
        user=given.text("user", ""),
        password=given.secret("password") if "password" in given.values else "",
        rate_per_second=given.rate(),
        on_unknown=_on_unknown(given),
    )


def _bot(name: str, given: _Given, reach: Reach, home: Path) -> Connector:
    poster, token = Poster(reach, given.text("url")), given.secret("token")
    if not re.fullmatch(r"[A-Za-z0-9:_-]+", token):
        raise BadInput(
            f"{given.where} has no bot's token.", "It has letters, digits, colon, dash and underscore.", code="bad_secret"
        )
    return Bot(name, poster, token, rate_per_second=given.rate(Bot.rate_per_second), on_unknown=_on_unknown(given))


def _file(name: str, given: _Given, reach: Reach, home: Path) -> Connector:
    folder = home / given.text("folder", f"outbox/{name}")
    return Drop(
        name,
        _channel(given),
        folder,
        needs_addresses=given.flag("needs_addresses", False),
        rate_per_second=given.rate(),
    )


def _inbox(name: str, given: _Given, reach: Reach, home: Path) -> Connector:
    return Inbox(name, rate_per_second=given.rate())


_KINDS: Final[Mapping[str, Callable[[str, _Given, Reach, Path], Connector]]] = {
    "webhook": _webhook,
    "smtp": _smtp,
    "bot": _bot,
    "file": _file,
    "inbox": _inbox,
}


def _addresses(given: _Given, reach: Reach) -> tuple[Addresses | None, bytes | None]:
    if not given.values:
        return None, None
    kind = given.text("kind", among=("exchange", "file", "contacts"))
    key = None
    found: Addresses
    if kind == "exchange":
        found = Asked(Poster(reach, given.text("url")), secret_key(given.secret("secret")))
    elif kind == "file":
        found = Dropped(Path(given.text("path")))
    else:
        key = secret_key(given.secret("key"))
        found = Sealed(key)
    given.refuse_rest()
    return found, key


def _channel(given: _Given) -> str:
    return given.text("channel", among=states.CHANNELS)


def _on_unknown(given: _Given) -> str:
    return given.text("on_unknown", "keep", among=states.ON_UNKNOWN)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as bad:
        raise BadInput(
            f"{FILE_NAME} names the network '{text}': {bad}.", "Write it as 10.20.0.0/16.", code="bad_setting"
        ) from bad
