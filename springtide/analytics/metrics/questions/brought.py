"""Events that a person brought, as a source of questions: aliases merged first, users numbered in the order of their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Column, Engine
from springtide.analytics.facts.event_log import Brought, instant, read_events
from springtide.analytics.metrics.questions.calendar import EPOCH
from springtide.analytics.metrics.questions.form import Prop, as_text
from springtide.analytics.metrics.questions.stream import Wanted
from springtide.kernel.errors import BadInput

LEAST_PLACE = Decimal("1e-12")
BEYOND = Decimal(10) ** 26


class BroughtEvents:
    """A log with the properties of its users. Everybody counts; nothing says who is an employee."""

    def __init__(
        self,
        events: str | Path | Iterable[Any],
        *,
        users: Mapping[str, Mapping[str, Any]] | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.events = read_events(events)
        self._aliases = {str(alias): str(user) for alias, user in _pairs(aliases, "aliases")}
        self.users = self._merged(users)
        self._attached = 0

    def _merged(self, users: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Mapping[str, Any]]:
        """Properties by person; what is told of the person's own id wins over what is told of an alias."""
        found: dict[str, dict[str, Any]] = {}
        given = [(str(user), properties) for user, properties in _pairs(users, "users")]
        for user, properties in sorted(given, key=lambda one: self.person(one[0]) == one[0]):
            if not isinstance(properties, Mapping):
                raise BadInput(f"The properties of user '{user}' are {properties!r}.", "Give a JSON object.", code="bad_users")
            found.setdefault(self.person(user), {}).update(properties)
        return dict(found)

    def person(self, user: str) -> str:
        """The user that an id stands for, through any number of aliases."""
        seen = set()
        while user in self._aliases and user not in seen:
            seen.add(user)
            user = self._aliases[user]
        return min(seen) if user in seen else user

    @cached_property
    def ids(self) -> list[str]:
        return sorted({self.person(event.user) for event in self.events})

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {user: number for number, user in enumerate(self.ids)}

    def bounds_us(self, engine: Engine) -> tuple[int, int]:
        return self._bounds

    @cached_property
    def _bounds(self) -> tuple[int, int]:
        times = [event.at_us for event in self.events]
        return (min(times), max(times)) if times else (0, 0)

    def attach_days(self, engine: Engine, events: frozenset[str] | None, zone: ZoneInfo) -> None:
        return None

    def attach_created(self, engine: Engine) -> str:
        """`created_at` or `registered_at` of the users' properties."""
        rows = []
        for number, user in enumerate(self.ids):
            properties = self.users.get(user, {})
            at_us = instant(properties.get("created_at", properties.get("registered_at")))
            if at_us is not None:
                rows.append((number, max(at_us, 0)))
        schema = (Column("user_no", "bigint", False), Column("at_us", "bigint", False))
        engine.table("brought_created", schema, rows)
        return "select user_no, at_us from brought_created"

    def extent(self, engine: Engine, zone: ZoneInfo) -> tuple[datetime, datetime]:
        first, last = (
            (EPOCH + timedelta(microseconds=at_us)).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
            for at_us in self.bounds_us(engine)
        )
        return first, last + timedelta(microseconds=1)

    def user_ids(self, engine: Engine, user_nos: Sequence[int]) -> list[str]:
        return [self.ids[number] for number in user_nos]

    def places(self, prop: Prop) -> int:
        return 0

    def for_everyone(self) -> BroughtEvents:
        return self

    def attach(self, engine: Engine, wanted: Wanted) -> str:
        schema = (
            Column("user_no", "bigint", False),
            Column("at_us", "bigint", False),
            Column("event_no", "bigint", False),
            Column("event", "varchar", False),
            *(Column(f"text_{n}", "varchar") for n, _ in enumerate(wanted.texts, 1)),
            *(Column(f"number_{n}", "decimal(38,12)") for n, _ in enumerate(wanted.numbers, 1)),
        )
        rows = [
            (
                self._numbers[person],
                event.at_us,
                place,
                event.event,
                *(as_text(self._value(event, person, prop)) for prop in wanted.texts),
                *(_number(self._value(event, person, prop)) for prop in wanted.numbers),
            )
            for place, event in enumerate(self.events)
            if (wanted.events is None or event.event in wanted.events) and wanted.first_us <= event.at_us < wanted.until_us
            for person in [self.person(event.user)]
        ]
        self._attached += 1  # views that were defined before still read the table they were defined over
        name = f"brought_{self._attached}"
        engine.table(name, schema, rows)
        return f"select {', '.join(column.name for column in schema)} from {name}"

    def _value(self, event: Brought, person: str, prop: Prop) -> Any:
        of = event.properties if prop.scope == "event" else self.users.get(person, {})
        return of.get(prop.name)


def _pairs(given: Any, what: str) -> Iterable[tuple[Any, Any]]:
    if given is not None and not isinstance(given, Mapping):
        raise BadInput(f"'{what}' is {given!r}.", "Give an object from id to value.", code=f"bad_{what}")
    return (given or {}).items()


def _number(value: Any) -> Decimal | None:
    """A number to twelve places, also where a file of texts holds it as one; null where it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number.quantize(LEAST_PLACE) if number.is_finite() and abs(number) < BEYOND else None
