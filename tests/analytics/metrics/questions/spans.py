"""Random logs over weeks and zones: around days on which clocks change, ends of months, and starts of weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.analytics.metrics.questions.logs import NAMES

ZONES = (
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
)
# Clocks go forward in Berlin on 29 March 2026 and back on 25 October, in New York on 8 March and 1 November.
TURNS = ("2026-02-27", "2026-03-07", "2026-03-28", "2026-04-04", "2026-10-24", "2026-10-31", "2027-12-30")


@st.composite
def zoned(draw: st.DrawFn, /, **fixed: Any) -> tuple[dict[str, Any], list[list[Any]]]:
    """The clock of a question (tz, week_start, date_from, date_to) and a log around its range."""
    first = datetime.fromisoformat(draw(st.sampled_from(TURNS))).replace(tzinfo=UTC)
    days = draw(st.sampled_from((3, 20, 75)))
    hours = draw(st.sampled_from((1, 7, 24)))
    instants = st.builds(
        lambda steps, seconds: (first + timedelta(hours=steps * hours, seconds=seconds)).isoformat(),
        st.integers(-24 * days // hours // 3, 24 * days // hours),
        st.sampled_from((0, 0, 0, 1, 3599, 1800)),
    )
    events = draw(
        st.lists(
            st.builds(
                lambda user, name, instant, properties: [user, name, instant, properties],
                st.sampled_from(("u0", "u1", "u2")),
                st.sampled_from(NAMES),
                instants,
                st.fixed_dictionaries(
                    {}, optional={"coin": st.sampled_from(("BTC", "ETH", "SOL")), "amount": st.sampled_from((1, 2.5, 1000, -3))}
                ),
            ),
            max_size=14,
        )
    )
    ends = sorted(draw(st.lists(st.integers(-2, days), min_size=2, max_size=2)))
    clock = {
        "tz": draw(st.sampled_from(ZONES)),
        "week_start": draw(st.sampled_from(("monday", "sunday"))),
        "date_from": (first + timedelta(days=ends[0])).date().isoformat(),
        "date_to": (first + timedelta(days=ends[1])).date().isoformat(),
    }
    return clock | fixed, events
