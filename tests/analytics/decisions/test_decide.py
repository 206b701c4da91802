"""Deciding: one row a candidate, the checks in their order, and what is not known refuses."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from springtide.analytics.decisions import BadPolicy, read_policy
from springtide.analytics.decisions.assignment import PERSONS, Share
from springtide.analytics.decisions.deciding import CANDIDATES, CONTACTS, JUDGED, USERS, Asked, decide, reasons
from springtide.analytics.engine import DuckEngine
from springtide.analytics.facts import fact_schema

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
KNOWN = {
    "is_known": True, "is_sub_account": False, "is_counted": True, "status": "active", "has_consent": True, "vip_level": None,
    "language": "en", "timezone": "UTC", "country": None, "is_in": True, "is_goal_reached": False, "lacks": None,
}  # fmt: skip
EVERYBODY = (Share("treated", 0, 10_000),)
NOBODY_IS_CONTROL = {"control_ratio": 0.01, "vip_level_outside": 1}


class Room:
    """An engine with the tables of a pass; `has(user=…)` says what is known of a user."""

    def __init__(self, engine):
        self.engine, self.names, self.rows, self.contacts = engine, [], [], []
        self.beside: dict[str, list[tuple[int]]] = {name: [] for name in ("entered", "excluding", "decided", "withdrawn")}
        self.verdicts = {}

    def has(self, name, *, risk="allow", **known):
        number = len(self.names)
        self.names.append(name)
        row = {**KNOWN, "user_no": number, "user_id": name, **known}
        self.rows.append(tuple(row[column.name] for column in CANDIDATES))
        if risk:
            self.verdicts[number] = risk
        return self

    def says(self, table, name):
        self.beside[table].append((self.names.index(name),))

    def contacted(self, name, at, channel="email", message_class="promotional"):
        moment = datetime.fromisoformat(at)
        self.contacts.append((self.names.index(name), moment, channel, message_class, channel in ("call", "chat")))

    def decides(self, *, shares=EVERYBODY, now=NOON, message_class="promotional", channel="email", **policy):
        engine, numbers = self.engine, range(len(self.names))
        engine.table("candidates", CANDIDATES, self.rows)
        engine.table("persons_of", PERSONS[:3], [(number, number, date(2026, 1, 1)) for number in numbers])
        users = tuple(column for column in fact_schema("users") if column.name in ("user_no", "user_id"))
        engine.table("users", users, [(number, self.names[number]) for number in numbers])
        engine.table("judged", JUDGED, [(number, verdict, "") for number, verdict in self.verdicts.items()])
        engine.table("contacts", CONTACTS, self.contacts)
        for name, listed in self.beside.items():
            engine.table(name, USERS, listed)
        rules = read_policy({**NOBODY_IS_CONTROL, **policy})
        asked = Asked("win_back", 1, "hello", message_class, channel, shares, rules, ZoneInfo("UTC"), now)
        decide(engine, asked)
        told = engine.rows("select user_id, verdict, check_no, reason from decisions_made order by user_no")
        return {user: (verdict, check_no, reason) for user, verdict, check_no, reason in told.values}


@pytest.fixture
def room():
    engine = DuckEngine(memory_limit="500MB", threads=1)
    yield Room(engine)
    engine.close()


@pytest.fixture(autouse=True)
def nobody_is_control(monkeypatch):
    """VIPs are outside the control: so are all users of these tests, unless a test says otherwise."""
    monkeypatch.setitem(KNOWN, "vip_level", 1)


DUE = ("due", 16, "")


def test_each_check_refuses_with_its_own_reason_and_the_first_one_counts(room):
    room.has("fine")
    room.has("twice").says("decided", "twice")
    room.has("unheard", is_known=False)
    room.has("frozen", status="frozen")
    room.has("tester", is_counted=False, risk="deny")
    room.has("farm", risk="deny", has_consent=False)
    room.has("odd", risk="review")
    room.has("unjudged", risk=None)
    room.has("quiet", has_consent=False)
    room.has("unasked", has_consent=None)
    room.has("gone").says("withdrawn", "gone")
    room.has("outside", is_in=False, is_goal_reached=True)
    room.has("again").says("entered", "again")
    room.has("elsewhere").says("excluding", "elsewhere")
    room.has("there", is_goal_reached=True)
    room.has("nameless", lacks="missing_first_name")
    assert room.decides() == {
        "fine": DUE,
        "twice": ("refused", 2, "decided_before"),
        "unheard": ("refused", 3, "unknown_user"),
        "frozen": ("refused", 3, "not_active"),
        "tester": ("refused", 3, "not_counted"),
        "farm": ("refused", 4, "risk_deny"),
        "odd": ("refused", 4, "risk_review"),
        "unjudged": ("refused", 4, "risk_deny"),
        "quiet": ("refused", 5, "no_consent"),
        "unasked": ("refused", 5, "no_consent"),
        "gone": ("refused", 5, "withdrawn"),
        "outside": ("refused", 7, "not_in_audience"),
        "again": ("refused", 8, "entered_before"),
        "elsewhere": ("refused", 8, "in_another"),
        "there": ("refused", 10, "goal_reached"),
        "nameless": ("refused", 15, "missing_first_name"),
    }


def test_a_service_message_asks_neither_consent_nor_control_nor_caps_nor_quiet_hours(room):
    room.has("quiet", has_consent=False, vip_level=0)
    room.has("farm", risk="deny")
    for day in range(1, 5):
        room.contacted("quiet", f"2026-03-3{min(day, 1)}T0{day}:00")
    midnight = NOON.replace(hour=0)
    assert room.decides(message_class="service", now=midnight, control_ratio=0.15) == {
        "quiet": DUE, "farm": ("refused", 4, "risk_deny"),
    }  # fmt: skip


def test_the_holdout_is_asked_what_the_treated_are_asked_and_nothing_else(room):
    room.has("held")
    room.has("held_there", is_goal_reached=True)
    room.has("held_capped", lacks="missing_first_name")
    told = room.decides(shares=(Share("holdout", 0, 10_000),))
    assert told == {
        "held": ("holdout", 9, "holdout"),
        "held_there": ("refused", 10, "goal_reached"),
        "held_capped": ("holdout", 9, "holdout"),
    }
    passed = {each.reason: each.has_passed for each in reasons(room.engine)}
    assert passed == {"holdout": 2, "goal_reached": 0}


def test_control_users_are_rows_and_say_whether_they_would_have_passed(room):
    for number in range(400):
        room.has(f"u{number}", vip_level=0, is_in=number % 2 == 0)
    room.decides(control_ratio=0.15)
    rows = room.engine.rows(
        "select verdict, count(*), count(case when has_passed then 1 end) from decisions_made group by verdict order by verdict"
    ).values
    counted = {verdict: (users, passed) for verdict, users, passed in rows}
    assert set(counted) == {"control", "due", "refused"}
    assert 30 <= counted["control"][0] <= 90
    assert 0 < counted["control"][1] < counted["control"][0]


@pytest.mark.parametrize(
    ("contacts", "reason"),
    [
        (["2026-03-25T12:00", "2026-03-28T12:00", "2026-03-30T12:00", "2026-03-31T09:00"], "capped_class"),
        (["2026-03-24T23:59", "2026-03-28T12:00", "2026-03-30T12:00", "2026-03-31T09:00"], ""),  # eight days ago
    ],
)
def test_four_promotional_messages_in_seven_days_of_the_users_calendar_are_enough(room, contacts, reason):
    room.has("ann")
    for at in contacts:
        room.contacted("ann", at)
    assert room.decides()["ann"][2] == reason


def test_a_rolling_window_counts_hours_back_from_now(room):
    room.has("ann")
    for at in ("2026-03-24T12:00", "2026-03-28T12:00", "2026-03-30T12:00", "2026-03-31T09:00"):
        room.contacted("ann", at)
    assert room.decides(caps={"window": "rolling"})["ann"][2] == "capped_class"
    assert room.decides(caps={"window": "rolling"}, now=NOON.replace(minute=1))["ann"] == DUE


def test_a_day_of_a_cap_begins_where_the_user_lives(room):
    room.has("tokyo", timezone="Asia/Tokyo").contacted("tokyo", "2026-03-30T15:00", message_class="lifecycle")
    room.has("berlin", timezone="Europe/Berlin").contacted("berlin", "2026-03-30T15:00", message_class="lifecycle")
    told = room.decides(message_class="lifecycle", now=NOON)
    assert told == {"tokyo": ("refused", 13, "capped_class"), "berlin": DUE}  # 15:00 in UTC is midnight in Tokyo


def test_calls_and_chats_of_people_count_towards_outreach_and_towards_everything(room):
    room.has("called").contacted("called", "2026-03-20T12:00", channel="call", message_class="")
    room.has("long_ago").contacted("long_ago", "2026-03-17T12:00", channel="call", message_class="")
    assert room.decides(channel="call") == {"called": ("refused", 13, "capped_outreach"), "long_ago": DUE}
    overall = {"overall": {"most": 1, "days": 14}}
    assert room.decides(caps=overall)["called"] == ("refused", 13, "capped_overall")
    assert room.decides(caps={"channels": {"email": {"most": 0, "days": 1}}})["called"][2] == "capped_channel"


def test_in_quiet_hours_a_message_is_due_when_they_end_by_the_users_own_clock(room):
    room.has("tokyo", timezone="Asia/Tokyo")  # 21:00
    room.has("auckland", timezone="Pacific/Auckland")  # 01:00 of the next day
    room.has("nowhere", timezone="Mars/Phobos", country="NZ")
    room.has("unknown", timezone=None)
    room.decides()
    told = room.engine.rows("select user_id, due_at, waits_by from decisions_made order by user_no").values
    assert told == [
        ("tokyo", None, ""),
        ("auckland", datetime(2026, 3, 31, 19), "own"),  # 08:00 there, at UTC+13
        ("nowhere", datetime(2026, 3, 31, 19), "country"),  # the Chatham Islands are awake by then: 45 minutes ahead
        ("unknown", None, ""),
    ]


def test_every_candidate_is_decided_once(room):
    for number in range(50):
        room.has(f"u{number}", timezone=["UTC", "Asia/Tokyo", None][number % 3], country=[None, "US"][number % 2])
    assert len(room.decides()) == 50


def test_the_quiet_hours_of_a_policy_are_hours():
    assert read_policy({}).quiet.begins == time(22)


def test_a_cap_may_be_taken_away_and_one_of_a_channel_put_up():
    caps = read_policy({"caps": {"overall": None, "channels": {"push": {"most": 2, "days": 1}}}}).caps
    assert caps.overall is None
    assert (caps.channels["push"].most, caps.classes["promotional"].most) == (2, 4)


@pytest.mark.parametrize(
    ("body", "says", "hint"),
    [
        ({"control_ratio": 0.2}, "control_ratio is 0.2", "between 0.01 and 0.15"),
        ({"contrl_ratio": 0.1}, "no key 'contrl_ratio'", "Did you mean 'control_ratio'?"),
        ({"quiet_hours": None}, "quiet_hours is None", "below it"),
        ({"quiet_hours": {"from": "late"}}, "quiet_hours.from is 'late'", "22:00"),
        ({"caps": {"window": "weekly"}}, "caps.window is 'weekly'", "calendar or rolling"),
        ({"caps": {"outreach": {"most": 1, "days": 60}}}, "caps.outreach.days is 60", "30 days back"),
        ({"caps": {"classes": {"lifecycle": 3}}}, "caps.classes.lifecycle is 3", "most"),
        ({"limits": {"risk_approver_reward_usdt": -1}}, "risk_approver_reward_usdt is -1", "USDT"),
        ({"salt": 0}, "salt is 0", "from 1"),
    ],
)
def test_a_policy_that_cannot_be_says_where_and_what_may_stand_there(body, says, hint):
    with pytest.raises(BadPolicy) as refused:
        read_policy(body)
    assert says in refused.value.message
    assert hint in refused.value.hint
