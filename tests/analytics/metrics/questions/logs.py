"""Small event logs: written by hand for tables, drawn at random for laws."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
_EVENT = re.compile(r"(?P<name>\w+)@(?P<seconds>[\d.]+)(?P<properties>(\[\w+=[^\]]*\])*)")
_PROPERTY = re.compile(r"\[(\w+)=([^\]]*)\]")


def at(seconds: float) -> str:
    """The instant so many seconds after the first of March, as a person writes it."""
    return (BEGIN + timedelta(seconds=seconds)).isoformat()


def log(text: str) -> list[list[Any]]:
    """One line a user: `ann  deposited@0[coin=BTC]  traded@60`. Events come in as they are read."""
    events = []
    for line in text.strip().splitlines():
        user, _, rest = line.strip().partition(" ")
        for found in _EVENT.finditer(rest):
            properties = dict(_PROPERTY.findall(found["properties"]))
            events.append([user, found["name"], at(float(found["seconds"])), properties])
    return events


NAMES = ("a", "b", "c", "d")


@st.composite
def logs(draw: st.DrawFn, *, users: int = 3, events: int = 12, seconds: int = 10, unit: int = 1) -> list[list[Any]]:
    """Events of a few users with many equal times, in any order; some carry a coin, some a page."""
    spread = draw(st.sampled_from((2, seconds)))
    return draw(
        st.lists(
            st.builds(
                lambda user, name, second, properties: [user, name, at(second * unit), properties],
                st.sampled_from([f"u{number}" for number in range(users)]),
                st.sampled_from(NAMES),
                st.integers(0, spread),
                st.fixed_dictionaries(
                    {}, optional={"coin": st.sampled_from(("BTC", "ETH")), "page": st.sampled_from(("/", "/x", "/x/"))}
                ),
            ),
            max_size=events,
        )
    )


def crowd(seed: int, *, users: int = 40, events: int = 12, unit: int = 1) -> list[list[Any]]:
    """The log of many users, each a small log of its own: what is wrong with one of thousands shows."""
    chance = random.Random(seed)
    found = []
    for number in range(users):
        spread = chance.choice((2, 10, 30))
        for _ in range(chance.randrange(events + 1)):
            properties = {"coin": chance.choice(("BTC", "ETH"))} if chance.random() < 0.5 else {}
            found.append([f"u{number:02}", chance.choice(NAMES), at(chance.randint(0, spread) * unit), properties])
    chance.shuffle(found)
    return found


def matchers() -> st.SearchStrategy[dict[str, Any]]:
    """Mostly one event, sometimes several or any, sometimes with a condition: steps that share events are common."""
    event = st.one_of(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True), st.none())
    coin = st.fixed_dictionaries({"prop": st.just("coin"), "op": st.just("eq"), "value": st.sampled_from(("BTC", "ETH"))})
    return st.one_of(
        st.builds(lambda event: {"event": event}, st.one_of(st.sampled_from(NAMES), event)),
        st.builds(lambda event, where: {"event": event, "where": [where]}, event, coin),
    )


@st.composite
def funnels(draw: st.DrawFn, *, min_steps: int = 1, max_steps: int = 4, unit: str = "second") -> dict[str, Any]:
    """A funnel question with any of its options."""
    steps = draw(
        st.one_of(
            st.lists(st.sampled_from(NAMES), min_size=min_steps, max_size=max_steps, unique=True).map(
                lambda names: [{"event": name} for name in names]
            ),
            st.lists(matchers(), min_size=min_steps, max_size=max_steps),
        )
    )
    windows = st.builds(lambda value: {"value": value, "unit": unit}, st.integers(1, 8))
    question: dict[str, Any] = {
        "kind": "funnel",
        "steps": steps,
        "order": draw(st.sampled_from(("ordered", "strict", "unordered"))),
        "window": draw(st.one_of(st.none(), windows)),
        "entry": draw(st.sampled_from(("best", "first"))),
        "count": draw(st.sampled_from(("users", "totals"))),
    }
    if question["order"] != "unordered" and draw(st.booleans()):
        question["steps"] = [
            step | {"window": draw(windows)} if number and draw(st.booleans()) else step for number, step in enumerate(steps)
        ]
    if len(steps) > 1:
        spans = [(one, two) for one in range(1, len(steps)) for two in range(one + 1, len(steps) + 1)]
        question["exclusions"] = [
            draw(matchers()) | {"from_step": first, "to_step": last}
            for first, last in draw(st.lists(st.sampled_from(spans), max_size=2))
        ]
    return question
