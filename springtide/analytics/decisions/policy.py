"""What every campaign of the house keeps to: the global control, quiet hours, caps, and the limits above which more people must agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import yaml

from springtide.kernel.errors import BadInput, suggest
from springtide.kernel.ids import content_hash

CLASSES: Final = ("service", "lifecycle", "promotional")
CONTROL: Final = (0.01, 0.15)  # the global control lies between
Window = Literal["calendar", "rolling"]
_HEAD: Final = ("key", "version", "title")
LONGEST_CAP_DAYS: Final = 30  # contacts are counted no further back


class BadPolicy(BadInput):
    """A policy that leaves something open, or says what cannot be."""

    default_code = "bad_policy"


@dataclass(frozen=True)
class Cap:
    """At most `most` contacts in `days` days."""

    most: int
    days: int


@dataclass(frozen=True)
class Caps:
    """How often a user is contacted. `calendar`: today in the user's zone and the days before; `rolling`: hours back from now."""

    window: Window
    classes: Mapping[str, Cap]
    channels: Mapping[str, Cap]
    outreach: Cap
    overall: Cap | None


@dataclass(frozen=True)
class QuietHours:
    """Nothing is sent from `begins` until `ends`, in the user's zone; over midnight where `begins` is the later."""

    begins: time
    ends: time


@dataclass(frozen=True)
class Limits:
    """Above which a campaign needs more people who agree."""

    second_approver_budget_usdt: Decimal
    second_approver_users: int
    risk_approver_reward_usdt: Decimal


@dataclass(frozen=True)
class Policy:
    """A checked policy. `hash` names what it decides."""

    version: int
    control_ratio: float
    salt: int
    least_holdout_ratio: float
    vip_level_outside: int | None
    quiet: QuietHours
    caps: Caps
    limits: Limits
    hash: str


@cache
def shipped_policy() -> Policy:
    """The policy that ships."""
    return read_policy(shipped_policy_content())


def shipped_policy_content() -> dict[str, Any]:
    """The body of the policy that ships: where somebody who edits it begins."""
    text = resources.files(__package__).joinpath("policy.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def whole_policy(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body with all that it leaves out, as shipped: what stays the same when what is shipped changes.

    refuses    bad_policy    a key that nothing has
    """
    shipped = shipped_policy_content()
    said = {name: value for name, value in body.items() if name not in _HEAD}
    content = _merged({name: value for name, value in shipped.items() if name not in _HEAD}, said, "")
    return {"version": body.get("version", shipped["version"]), **content}


def read_policy(body: Mapping[str, Any]) -> Policy:
    """The policy that a body says; what it leaves out is as shipped.

    refuses    bad_policy    a key that nothing has, a number out of its range, an hour that is none
    """
    content = whole_policy(body)
    version = int(content.pop("version"))
    low, high = CONTROL
    caps, limits, hours = content["caps"], content["limits"], content["quiet_hours"]
    if caps["window"] not in ("calendar", "rolling"):
        raise BadPolicy(f"caps.window is {caps['window']!r}.", "It can be calendar or rolling.")
    return Policy(
        version=version,
        control_ratio=_ratio(content, "control_ratio", low, high),
        salt=_whole(content["salt"], "salt", 1),
        least_holdout_ratio=_ratio(content, "least_holdout_ratio", 0.0, 0.5),
        vip_level_outside=None
        if content["vip_level_outside"] is None
        else _whole(content["vip_level_outside"], "vip_level_outside", 1),
        quiet=QuietHours(_hour(hours["from"], "quiet_hours.from"), _hour(hours["until"], "quiet_hours.until")),
        caps=Caps(
            caps["window"],
            {key: _cap(value, f"caps.classes.{key}") for key, value in caps["classes"].items()},
            {key: _cap(value, f"caps.channels.{key}") for key, value in caps["channels"].items()},
            _cap(caps["outreach"], "caps.outreach"),
            None if caps["overall"] is None else _cap(caps["overall"], "caps.overall"),
        ),
        limits=Limits(
            _money(limits["second_approver_budget_usdt"], "limits.second_approver_budget_usdt"),
            _whole(limits["second_approver_users"], "limits.second_approver_users", 0),
            _money(limits["risk_approver_reward_usdt"], "limits.risk_approver_reward_usdt"),
        ),
        hash=content_hash(content),
    )


def _merged(shipped: Mapping[str, Any], said: Mapping[str, Any], path: str) -> dict[str, Any]:
    """What is shipped, with what a body says in its place; lists of channels and classes may grow."""
    open_ended = path in ("caps.channels", "caps.classes")
    for name in said:
        if name not in shipped and not open_ended:
            raise BadPolicy(f"The policy has no key '{f'{path}.{name}'.lstrip('.')}'.", suggest(name, shipped))
    merged = dict(shipped)
    for name, value in said.items():
        below = f"{path}.{name}".lstrip(".")
        nested = isinstance(shipped.get(name), Mapping) and path != "caps.classes"
        if below == "caps.overall" and value is None:
            nested = False  # no cap on everything together
        if nested and not isinstance(value, Mapping):
            raise BadPolicy(f"{below} is {value!r}.", "Write its keys below it.")
        merged[name] = _merged(shipped[name], value, below) if nested and isinstance(value, Mapping) else value
    return merged


def _ratio(content: Mapping[str, Any], name: str, low: float, high: float) -> float:
    value = content[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadPolicy(f"{name} is {value!r}.", f"It lies between {low:g} and {high:g}.")
    return float(value)


def _whole(value: Any, name: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadPolicy(f"{name} is {value!r}.", f"Give a whole number from {least}.")
    return value


def _money(value: Any, name: str) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise BadPolicy(f"{name} is {value!r}.", "Give an amount in USDT.")
    return amount


def _cap(value: Any, name: str) -> Cap:
    if not isinstance(value, Mapping) or set(value) != {"most", "days"}:
        raise BadPolicy(f"{name} is {value!r}.", "Write {most: 4, days: 7}.")
    days = _whole(value["days"], f"{name}.days", 1)
    if days > LONGEST_CAP_DAYS:
        raise BadPolicy(f"{name}.days is {days}.", f"Contacts are counted {LONGEST_CAP_DAYS} days back at most.")
    return Cap(_whole(value["most"], f"{name}.most", 0), days)


def _hour(value: Any, name: str) -> time:
    try:
        return time.fromisoformat(str(value))
    except ValueError as bad:
        raise BadPolicy(f"{name} is {value!r}.", 'Write "22:00".') from bad
