"""Questions over the lake: the same numbers from masks, from days, from facts, and from the same facts brought as a file of events."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.metrics import questions
from springtide.analytics.metrics.questions import retention
from springtide.analytics.metrics.questions.form import Matcher, Prop
from springtide.analytics.metrics.questions.lake_events import LakeEvents
from springtide.analytics.metrics.questions.stream import Stream
from springtide.home import Home
from springtide.kernel.errors import BadInput
from springtide.kernel.settings import HomeSettings
from springtide.simulator.simulation import simulate
from tests.analytics.metrics.questions.asking import ask
from tests.exchange import Exchange

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TRADED = {"event": ["traded_spot", "traded_contracts"]}
SPOT, REGISTERED = {"event": "traded_spot"}, {"event": "registered"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A hundred and twenty users of forty-five days; the exchange reports in Shanghai."""
    folder = tmp_path_factory.mktemp("asked")
    simulate(users=120, days=45, seed=5, out=folder / "sim")
    home = Home.create(folder / "home", HomeSettings(reporting_zone="Asia/Shanghai"))
    home.import_path(folder / "sim" / "exchange", now=NOW)
    home.close(through=date(2025, 12, 30), now=NOW)
    home.close(now=NOW)
    return home


def ways(home: Home, question: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The answers from what the close has derived, from days only, and from the facts."""
    told = [home.ask(question)]
    with monkeypatch.context() as patched:
        patched.setattr(retention, "from_masks", lambda asked, stream: None)
        told.append(home.ask(question))
        patched.setattr(LakeEvents, "attach_days", lambda *_: None)
        told.append(home.ask(question))
    return told


RANGE = {"cohort_from": "2025-11-20", "cohort_to": "2025-12-20", "intervals": 6}


@pytest.mark.slow
class TestOneNumberWhicheverWay:
    @pytest.mark.parametrize("start", [TRADED, SPOT, REGISTERED], ids=("traded", "spot", "registered"))
    @pytest.mark.parametrize("period", ["day", "week", "month"])
    def test_retention(self, home, start, period, monkeypatch):
        back = SPOT if start is SPOT else TRADED
        for counting, rule in itertools.product(("on", "on_or_after"), ("every_period", "first_match")):
            question = {"kind": "retention", "start": start, "return": back, "period": period, "counting": counting, **RANGE}
            question |= {"cohort_rule": rule, "observe_beyond_last_cohort": rule == "first_match"}
            masks, by_days, by_events = ways(home, question, monkeypatch)
            assert masks == by_days == by_events
            assert sum(row[0] for row in masks["matrix"]) > 0

    def test_brackets_come_from_the_masks_too(self, home, monkeypatch):
        question = {
            "kind": "retention",
            "start": TRADED,
            "return": TRADED,
            "period": "week",
            **RANGE,
            "brackets": [[1, 1], [2, 4]],
        }
        masks, by_days, by_events = ways(home, question, monkeypatch)
        assert masks == by_days == by_events

    @pytest.mark.parametrize(
        "question",
        [
            {"kind": "lifecycle", "activity": TRADED, "period": "week", "date_from": "2025-11-20", "date_to": "2025-12-25"},
            {"kind": "lifecycle", "activity": {"event": "deposited"}, "period": "month"},
            {"kind": "stickiness", "activity": TRADED, "period": "day", "date_from": "2025-12-01", "date_to": "2025-12-14"},
            {"kind": "daily_states", "activity": SPOT},
            {"kind": "trend", "period": "week", "series": [SPOT | {"math": "unique_users"}, TRADED | {"math": "active_30d"}]},
        ],
        ids=lambda question: f"{question['kind']} {question.get('period', '')}",
    )
    def test_questions_of_days(self, home, question, monkeypatch):
        _, by_days, by_events = ways(home, question, monkeypatch)
        assert by_days == by_events

    @pytest.mark.parametrize(
        "question",
        [
            {"kind": "retention", "start": REGISTERED, "return": TRADED, "period": "week", **RANGE},
            {"kind": "retention", "start": TRADED, "return": TRADED, "windows": "rolling", "min_return_count": 2, **RANGE},
            {"kind": "trend", "period": "week", "series": [{"event": "traded_spot"}, {"event": None, "math": "unique_users"}]},
            {"kind": "trend", "series": [{"event": "deposited", "math": "sum", "prop": "usdt"}], "breakdown": {"prop": "rail"}},
            {
                "kind": "conversion_rate",
                "base": REGISTERED,
                "conversion": {"event": "deposited"},
                "window_days": 7,
                "by": "day",
            },
            {"kind": "lifecycle", "activity": {"event": "session"}, "period": "week"},
        ],
        ids=lambda question: question["kind"],
    )
    def test_the_facts_brought_as_events_tell_the_same(self, home, question):
        range_ = {"cohort_from": "2025-11-20"} if question["kind"] == "retention" else {
            "date_from": "2025-11-20", "date_to": "2025-12-31",
        }  # fmt: skip
        asked = {**range_, **question, "tz": "Asia/Shanghai"}
        here, there = home.ask(asked), ask(asked, events=events_of(home))
        # A file ends with its last event, the lake with its last closed day.
        assert here | {"complete": None} == there | {"complete": None}


def events_of(home: Home) -> list[list[Any]]:
    """Every event of the lake, as a person would bring them."""
    with home.reading() as (engine, snapshot):
        stream = Stream(engine, LakeEvents(snapshot, home.settings.zone), home.settings.zone)
        props = {"rail": Prop("rail")}
        stream.define("everything", every=True, in_order=True, texts=props)
        stream.define(
            "deposits",
            {"is_one": Matcher(("deposited",))},
            in_order=True,
            numbers={"usdt": Prop("usdt")},
        )
        amounts = {(user, at): usdt for user, at, usdt in engine.rows("select user_no, at_us, usdt from deposits").values}
        rows = engine.rows("select user_no, at_us, event, rail from everything order by user_no, at_us, event_no").values
        ids = dict(zip(numbers := sorted({row[0] for row in rows}), stream.user_ids(numbers), strict=True))
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    found = []
    for user, at, event, rail in rows:
        properties = {} if rail is None else {"rail": rail}
        if event == "deposited" and amounts[user, at] is not None:
            properties["usdt"] = float(amounts[user, at]) / 1e6
        found.append([ids[user], event, (begin + timedelta(microseconds=at)).isoformat(), properties])
    return found


@pytest.mark.slow
class TestTheLake:
    def test_a_cell_opens_into_as_many_users_as_the_masks_count(self, home):
        question = {"kind": "retention", "start": TRADED, "return": TRADED, "period": "week", **RANGE}
        told = home.ask(question)
        for row, cohort in enumerate(told["cohorts"]):
            for column in (0, 2):
                opened = home.ask(question | {"open": {"cohort": cohort, "column": column}})["opened"]
                assert len(opened["users"]) == told["matrix"][row][column]

    def test_groups_by_a_stratum_add_up(self, home):
        for prop in ("lifecycle", "activity@start", "country"):
            breakdown = {"prop": prop, "scope": "user", "limit": 2}
            told = home.ask(
                {"kind": "retention", "start": TRADED, "return": TRADED, "period": "week", **RANGE, "breakdown": breakdown}
            )
            assert len(told["groups"]) <= 3
            for row in range(len(told["cohorts"])):
                for column in range(6):
                    assert sum(matrix[row][column] for matrix in told["groups"].values()) == told["matrix"][row][column]

    @pytest.mark.parametrize(
        ("question", "code", "hint"),
        [
            ({"kind": "trend", "series": [{"event": "traded_spt"}]}, "unknown_event", "Did you mean 'traded_spot'?"),
            ({"kind": "trend", "series": [SPOT], "breakdown": {"prop": "markt"}}, "unknown_property", "Did you mean 'market'?"),
            (
                {"kind": "trend", "series": [SPOT], "breakdown": {"prop": "contry", "scope": "user"}},
                "unknown_property",
                "Did you mean 'country'?",
            ),
            (
                {"kind": "trend", "series": [SPOT], "breakdown": {"prop": "fee_usdt"}},
                "not_comparable",
                "Name another property.",
            ),
            (
                {"kind": "trend", "series": [SPOT | {"math": "sum", "prop": "market"}]},
                "not_a_number",
                "Sum a property that is one.",
            ),
        ],
    )
    def test_what_the_lake_does_not_have_is_refused(self, home, question, code, hint):
        with pytest.raises(BadInput) as seen:
            home.ask(question)
        assert (seen.value.code, seen.value.hint) == (code, hint)

    def test_the_facts_of_events_have_the_properties_of_their_json(self, home):
        names = home.ask({"kind": "trend", "period": "month", "series": [{"event": None}]})
        assert sum(names["series"][0]) > 0


@pytest.fixture
def exchange(tmp_path):
    """Three users and an employee; ann trades on the first, bob and the employee on the second, ann and bob again on the ninth."""
    exchange = Exchange.at(tmp_path)
    exchange.has("users", """
        user  registered_at     user_type
        ann   2026-03-01T00:00  retail
        bob   2026-03-02T00:00  retail
        eve   2026-03-02T00:00  employee
    """)  # fmt: skip
    exchange.has("spot_trades", """
        event_id  user  executed_at       notional_usdt
        t1        ann   2026-03-01T10:00  100
        t2        bob   2026-03-02T10:00  50
        t3        eve   2026-03-02T11:00  9
        t4        ann   2026-03-09T10:00  10
        t5        bob   2026-03-09T12:00  10
    """)  # fmt: skip
    exchange.closes(date(2026, 3, 10))
    return exchange


def over(exchange: Exchange, question: dict[str, Any]) -> dict[str, Any]:
    snapshot = exchange.lake.snapshot()
    zone = ZoneInfo("UTC")
    return questions.ask(question, Stream(exchange.engine, LakeEvents(snapshot, zone), zone))


def test_employees_are_outside_unless_asked_for(exchange):
    question = {"kind": "trend", "series": [SPOT], "date_from": "2026-03-02", "date_to": "2026-03-02"}
    assert over(exchange, question)["series"] == [[1]]
    assert over(exchange, question | {"everyone": True})["series"] == [[2]]


def test_a_stratum_as_of_the_start_is_that_of_the_day_of_the_event(exchange):
    """Ann is active when she trades, and has never traded the day before she does."""
    series = [SPOT | {"where": [{"prop": "activity@start", "op": "eq", "value": "active", "scope": "user"}]}]
    assert over(exchange, {"kind": "trend", "series": series, "date_from": "2026-03-01", "date_to": "2026-03-01"})[
        "series"
    ] == [[1]]


def test_a_sum_of_money_is_told_in_usdt(exchange):
    question = {"kind": "trend", "series": [SPOT | {"math": "sum", "prop": "notional_usdt"}], "period": "month"}
    assert over(exchange, question)["series"] == [[170.0]]
