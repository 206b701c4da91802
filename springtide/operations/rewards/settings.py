"""The settings of payouts: `payouts.toml` in the home, read once, typed, refused loudly. Without it payouts go by file.

url = "https://rewards.example.com/orders"    # whom to ask, by signed calls
secret = "env:PAYOUTS_SECRET"                 # or "file:/run/secrets/payouts"
allowed_hosts = ["rewards.example.com"]
private_networks = ["10.20.0.0/16"]           # networks that are not public and may be called all the same
honours_keys = true                           # false: what may have been paid is never sent again by machine
at_once = 8                                   # calls under way at a time
"""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path
from typing import Any, Final

from springtide.kernel.errors import BadInput, suggest
from springtide.operations.delivery.posting import Poster, Reach
from springtide.operations.delivery.settings import read_secret
from springtide.operations.delivery.signing import secret_key
from springtide.operations.rewards.paying import SignedCalls

FILE_NAME: Final = "payouts.toml"
NAME: Final = "exchange"
KNOWN: Final[dict[str, type]] = {
    "url": str,
    "secret": str,
    "allowed_hosts": list,
    "private_networks": list,
    "honours_keys": bool,
    "at_once": int,
}


def read_payer(home: Path) -> SignedCalls | None:
    """Whoever pays for a home; null where payouts go by file.

    refuses    bad_setting    a name nothing has, or a value of the wrong type
               bad_secret     a secret that is not there, or that cannot be used
               bad_url, host_not_allowed
    """
    path = home / FILE_NAME
    if not path.is_file():
        return None
    try:
        given: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
        raise BadInput(f"{path} cannot be read: {bad}.", "Mend the line it names.", code="bad_setting") from bad
    for name, value in given.items():
        if name not in KNOWN:
            raise BadInput(f"{FILE_NAME} has an unknown setting '{name}'.", suggest(name, KNOWN), code="unknown_setting")
        if type(value) is not KNOWN[name]:
            hint = f"It must be a {KNOWN[name].__name__}."
            raise BadInput(f"{FILE_NAME} has {name} = {value!r}.", hint, code="bad_setting")
    for name in ("url", "secret", "allowed_hosts"):
        if name not in given:
            raise BadInput(f"{FILE_NAME} has no '{name}'.", "It cannot do without.", code="bad_setting")
    if not 1 <= (at_once := given.get("at_once", 8)) <= 64:
        raise BadInput(f"{FILE_NAME} has at_once = {at_once}.", "It is a number from 1 to 64.", code="bad_setting")
    try:
        networks = tuple(ipaddress.ip_network(each) for each in given.get("private_networks", ()))
    except ValueError as bad:
        raise BadInput(f"{FILE_NAME} names no network: {bad}.", "Write it as 10.20.0.0/16.", code="bad_setting") from bad
    return SignedCalls(
        NAME,
        Poster(Reach(tuple(given["allowed_hosts"]), networks), given["url"], at_once=at_once),
        secret_key(read_secret(FILE_NAME, given["secret"])),
        honours_keys=given.get("honours_keys", True),
    )
