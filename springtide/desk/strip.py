"""The filter strip: the same on every screen, kept in the address bar, carried along links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput

# Parameter in the address → column it filters.
COLUMNS: dict[str, str] = {
    "lifecycle": "lifecycle",
    "value": "value",
    "channel": "channel_id",
    "country": "country",
    "language": "language",
}
LONGEST = 200
LONGEST_RULE = 4000
FURTHEST_PAGE = 20_000


@dataclass(frozen=True)
class Strip:
    """The day looked at (None: the last closed one) and the filters set, by parameter name."""

    day: date | None = None
    filters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Strip:
        """The strip that an address asks for.

        refuses    bad_day      the day is not a day
                   bad_filter   a value no id or name is as long as
        """
        day = query.get("day", "").strip()
        filters = tuple((name, value) for name in COLUMNS if (value := short_text(query, name)))
        return cls(parse_day(day) if day else None, filters)

    def as_query(self) -> dict[str, str]:
        """The parameters that say the same in an address."""
        return {**({"day": self.day.isoformat()} if self.day else {}), **dict(self.filters)}

    def value(self, name: str) -> str:
        """What a filter is set to, or an empty text."""
        return dict(self.filters).get(name, "")

    @property
    def rule(self) -> str:
        """The filters as a rule over users."""
        return both(*(equals(COLUMNS[name], value) for name, value in self.filters))


def long_text(query: Mapping[str, str], name: str) -> str:
    """A rule or another longer text of an address, trimmed.

    refuses    bad_filter    longer than any rule, or with a character that no text has
    """
    value = query.get(name, "").strip()
    if len(value) > LONGEST_RULE or any(ord(letter) < 32 and letter not in "\n\r\t" for letter in value):
        raise BadInput(f"'{name}' cannot have this value.", f"Write up to {LONGEST_RULE} characters.", code="bad_filter")
    return value


def short_text(query: Mapping[str, str], name: str) -> str:
    """A parameter of an address, trimmed; empty when it is not there.

    refuses    bad_filter    longer than any id or name, or with a character that no id has
    """
    value = query.get(name, "").strip()
    if len(value) > LONGEST or any(ord(letter) < 32 for letter in value):
        raise BadInput(f"'{name}' cannot have this value.", "Choose one from the page.", code="bad_filter")
    return value


def page_number(query: Mapping[str, str]) -> int:
    """Which page of a list an address asks for; the first one if it does not say.

    refuses    bad_page    not a number from 1 to 20,000
    """
    text = short_text(query, "page") or "1"
    if not (text.isascii() and text.isdigit() and len(text) < 12 and 1 <= int(text) <= FURTHEST_PAGE):
        raise BadInput(
            f"There is no page '{text}'.", f"Pages run from 1 to {FURTHEST_PAGE:,}; an export has everything.", code="bad_page"
        )
    return int(text)


def equals(column: str, value: str) -> str:
    """A rule: the column has this text."""
    return f"{column} = '" + value.replace("'", "''") + "'"


def both(*rules: str) -> str:
    """A rule that holds where all of `rules` do; nothing said is true for everybody."""
    said = [rule for rule in rules if rule and rule != "true"]
    return " and ".join(f"({rule})" for rule in said) if len(said) > 1 else said[0] if said else "true"
