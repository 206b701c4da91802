"""Reading what somebody wrote, key by key: every refusal names the path, what stands there, and what may."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput, suggest

KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class BadCampaign(BadInput):
    """A campaign that leaves something open, or says what cannot be."""

    default_code = "bad_campaign"


class Given:
    """One level of what was written; its keys are asked for one by one, and what nobody asked for is refused by `done`."""

    def __init__(self, content: Any, path: str = "") -> None:
        if not isinstance(content, Mapping):
            raise BadCampaign(f"{path or 'The campaign'} is {content!r}.", "Write its keys below it.")
        self.content, self.path = content, path
        self._asked: list[str] = []

    def named(self, name: str) -> str:
        return f"{self.path}.{name}".lstrip(".")

    def __contains__(self, name: str) -> bool:
        return name in self.content

    def take(self, name: str) -> Any:
        self._asked.append(name)
        return self.content.get(name)

    def bad(self, name: str, hint: str) -> BadCampaign:
        return BadCampaign(f"{self.named(name)} is {self.content.get(name)!r}.", hint)

    def text(self, name: str, *, default: str | None = None, longest: int = 2000) -> str:
        value = self.take(name)
        if value is None and default is not None:
            return default
        if value is None or not isinstance(value, str) or (default is None and not value.strip()):
            raise BadCampaign(f"The campaign does not say {self.named(name)}.", f"Write '{name}: …'.")
        if len(value) > longest:
            raise BadCampaign(f"{self.named(name)} has {len(value)} characters.", f"Write at most {longest}.")
        return " ".join(value.split())

    def key(self, name: str, *, default: str | None = None) -> str:
        value = self.text(name, default=default, longest=64)
        if value and not KEY.fullmatch(value):
            raise self.bad(name, "Use 1 to 64 of a-z, 0-9, underscore and dash, beginning with a letter or a digit.")
        return value

    def choice(self, name: str, allowed: Collection[str], *, default: str | None = None) -> str:
        value = self.text(name, default=default)
        if value not in allowed:
            raise self.bad(name, suggest(value, allowed))
        return value

    def whole(self, name: str, *, default: int | None = None, least: int = 0, most: int = 2**31) -> int:
        value = self.take(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.bad(name, f"Give a whole number from {least} to {most}.")
        return value

    def number(self, name: str, *, default: float | None = None, least: float = 0, most: float = 1e9) -> float:
        value = self.take(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.bad(name, f"Give a number from {least:g} to {most:g}.")
        return float(value)

    def money(self, name: str, *, default: Decimal | None = None) -> Decimal:
        value = self.take(name)
        if value is None and default is not None:
            return default
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal(-1)
        if isinstance(value, bool) or not amount.is_finite() or amount < 0 or amount != round(amount, 6):
            raise self.bad(name, "Give an amount in USDT with six places at most, such as 10 or '2.5'.")
        return amount

    def day(self, name: str) -> date | None:
        value = self.take(name)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        return parse_day(str(value))

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.take(name)
        if value is not None and not isinstance(value, bool):
            raise self.bad(name, "Write true or false.")
        return default if value is None else value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.take(name)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self.bad(name, "Write a list of texts.")
        return tuple(value)

    def below(self, name: str) -> Given | None:
        value = self.take(name)
        return None if value is None else Given(value, self.named(name))

    def entries(self, name: str) -> Iterator[Given]:
        """The entries of a list, each read by itself."""
        value = self.take(name)
        if value is not None and not isinstance(value, list | tuple):
            raise self.bad(name, "Write a list.")
        return (Given(each, f"{self.named(name)}[{number}]") for number, each in enumerate(value or (), 1))

    def by_key(self, name: str) -> Iterator[tuple[str, Given]]:
        """What stands below a name, key by key."""
        found = self.below(name)
        for key in found.content if found else ():
            if not isinstance(key, str) or not KEY.fullmatch(key):
                raise BadCampaign(f"{self.named(name)} has the key {key!r}.", "Use a-z, 0-9, underscore and dash.")
        return ((key, Given(value, f"{self.named(name)}.{key}")) for key, value in (found.content if found else {}).items())

    def done(self, also: Iterable[str] = ()) -> None:
        """Refuse a key that nobody asked for."""
        allowed = [*self._asked, *also]
        for name in self.content:
            if name not in allowed:
                hint = suggest(str(name), allowed)
                raise BadCampaign(f"The campaign has no key '{self.named(str(name))}'.", hint, code="unknown_key")
