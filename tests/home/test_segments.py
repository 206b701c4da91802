"""Segments from their text to their members: sizes, words, who entered and left, lists of ids, and the very lists they open."""

from datetime import date, timedelta

import pytest

from springtide.home import Home
from springtide.home.definitions import Published, withdraw_published, write_published
from springtide.home.users import Crossed, Selection
from springtide.kernel.errors import BadInput, NothingYet, SpringtideError, UnknownName
from tests.exchange import LONG_AFTER, Exchange

LAST = date(2026, 1, 20)
USERS = """
user  registered_at  country  user_type
ann   2026-01-01     SG       retail
bob   2026-01-01     VN       retail
cem   2026-01-09     SG       retail
dee   2026-01-02     SG       retail
eve   2026-01-01     SG       employee
"""
SPOT = """
user  executed_at       notional_usdt  fee_usdt
ann   2026-01-02T10:00  100            1
ann   2026-01-05T10:00  100            1
ann   2026-01-05T11:00  100            1
bob   2026-01-20T10:00  200            1
bob   2026-01-20T11:00  200            1
eve   2026-01-20T11:00  200            9
"""
# Ann deposits and trades the same day; dee deposits and never trades; cem deposits on the 18th, so seven days are not over.
MONEY = """
user  happened_at       kind     usdt  asset  status
ann   2026-01-02T09:00  deposit  500   USDT   completed
bob   2026-01-20T12:00  deposit  500   USDT   completed
cem   2026-01-18T09:00  deposit  500   USDT   completed
dee   2026-01-03T09:00  deposit  500   USDT   completed
"""
EVENTS = """
user  happened_at       name
ann   2026-01-19T23:30  quiz
ann   2026-01-20T00:30  quiz
dee   2026-01-10T10:00  quiz
"""


def publish(home, key, version=1, **body):
    write_published(home.path, "segment", Published(key, version, key.title(), body), stamp="by a test")


@pytest.fixture
def exchange(tmp_path):
    home = Home.create(tmp_path)
    exchange = Exchange.at(tmp_path)
    for table, text in {"users": USERS, "spot_trades": SPOT, "transfers": MONEY, "events": EVENTS}.items():
        exchange.has(table, text)
    yield home
    exchange.engine.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("segments")
    home = Home.create(path)
    exchange = Exchange.at(path)
    for table, text in {"users": USERS, "spot_trades": SPOT, "transfers": MONEY, "events": EVENTS}.items():
        exchange.has(table, text)
    exchange.engine.close()
    kept = home.keep_ids(["ann", "dee", "nobody"])
    write_published(home.path, "id_list", Published("spring", 1, "Spring", kept.body), stamp="by a test")
    home.keep_tags([("friend", "bob"), ("friend", "eve")])
    publish(home, "traders", text="times('traded_spot', days => 30) >= 1")
    publish(home, "idle", text="not segment('traders')")
    publish(home, "picked", select="select user_id from users where country = 'VN'")
    home.close(through=LAST, now=LONG_AFTER)
    return home


def ids(home, text):
    return sorted(row[0] for row in home.users(Selection(rule=text), order="registered_on").rows)


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("true", "ann bob cem dee"),
        ("country = 'SG' and activity = 'never_traded'", "cem dee"),
        ("segment('traders')", "ann bob"),
        ("not segment('traders')", "cem dee"),
        ("segment('idle') and country = 'SG'", "cem dee"),
        ("segment('idle') or segment('picked')", "bob cem dee"),
        ("times('traded_spot', days => 30) >= 3", "ann"),
        ("times('traded_spot', days => 3) = 2", "bob"),
        ("times('traded_spot', since => '2026-01-05', until => '2026-01-05') = 2", "ann"),
        ("times('traded_spot', since => '2026-01-06') = 0", "ann cem dee"),
        ("times('deposited', days => 5) > times('traded_spot', days => 5)", "cem"),
        ("times('quiz', days => 1) = 1", "ann"),
        ("times('quiz', days => 2) = 2 or times('quiz', days => 11) = 1", "ann dee"),
        ("then_not('deposited', 'traded_spot', within_days => 7, days => 30)", "dee"),
        ("then_not('deposited', 'traded_spot', within_days => 2, days => 30)", "cem dee"),
        ("then_not('deposited', 'traded_spot', within_days => 0, days => 30)", "bob cem dee"),
        ("then_not('traded_spot', 'deposited', within_days => 0, days => 30)", "ann"),
        ("then_not('registered', 'deposited', within_days => 7, days => 30)", "bob cem"),
        ("in_list('spring')", "ann dee"),
        ("tagged('friend')", "bob"),
        ("tagged('foe')", ""),
    ],
)
def test_a_text_takes_these_users_and_counts_them(home, text, users):
    assert ids(home, text) == users.split()
    assert home.segment_size(text).users == home.count(Selection(rule=text)).users == len(users.split())


def test_what_a_close_published_is_what_the_text_takes(home):
    found = {row.key: (row.users, row.reason) for row in home.segments().rows}
    assert found == {"traders": (2, None), "idle": (2, None), "picked": (1, None)}
    assert [row[0] for row in home.segment_members("traders", order="registered_on").rows] == ["ann", "bob"]


def test_a_rebuild_from_all_history_has_the_same_members(home):
    verified = home.verify()
    assert verified.is_equal
    assert verified.tables["segments"].published == 6  # eve is an employee: in traders, and in no figure


def test_two_segments_are_set_beside_each_other(home):
    found = home.segment_overlap("traders", "picked")
    assert (found.left_users, found.right_users, found.both, found.left_alone, found.right_alone) == (2, 1, 1, 1, 0)


def test_ids_that_nobody_has_are_given_back_and_the_others_are_kept_once(home):
    kept = home.keep_ids(["ann", "zed", "ann", "bob "])
    assert (kept.users, kept.unmatched) == (1, ("zed", "bob "))
    assert home.keep_ids(["ann"]).body == kept.body
    with pytest.raises(BadInput) as refused:
        home.keep_ids(["zed"])
    assert refused.value.code == "no_ids"


# Day by day


def test_who_enters_and_leaves_is_told_by_day_and_as_stays(exchange):
    home = exchange
    publish(home, "lively", text="times('traded_spot', days => 3) >= 1")
    for day in range(1, 11):
        home.close(through=date(2026, 1, day), now=LONG_AFTER)
    by_day = {row.day.day: (row.entered, row.left, row.users) for row in home.segment_days("lively").rows}
    assert by_day == {2: (1, 0, 1), 8: (0, 1, 0)}  # trades on the 2nd and 5th: in from the 2nd, out on the 8th
    assert [(stay.key, stay.entered.day, stay.left.day) for stay in home.memberships("ann")] == [("lively", 2, 8)]
    assert ids_crossed(home, "lively", "entered") == ["ann"]
    assert ids_crossed(home, "lively", "left") == ["ann"]


def ids_crossed(home, key, way):
    crossed = Crossed(key, date(2026, 1, 2), date(2026, 1, 10), way)
    return [row[0] for row in home.users(Selection(crossed=crossed), order="registered_on").rows]


def test_a_segment_published_later_takes_its_members_in_at_once_but_nobody_entered(exchange):
    home = exchange
    home.close(through=date(2026, 1, 10), now=LONG_AFTER)
    publish(home, "singapore", text="country = 'SG'")
    [row] = home.segments().rows
    assert (row.users, row.reason) == (None, "it was published after the last close")
    closed = home.close(through=date(2026, 1, 10), now=LONG_AFTER)
    assert closed.days == ()
    [row] = home.segments().rows
    assert (row.users, row.entered, row.left) == (3, 0, 0)
    assert home.memberships("dee")[0].entered == date(2026, 1, 10)
    before = home.lake.snapshot().manifest
    home.close(through=date(2026, 1, 10), now=LONG_AFTER)
    assert home.lake.snapshot().manifest == before  # closed again, nothing changes


def test_a_segment_that_is_retired_lets_everybody_go(exchange):
    home = exchange
    publish(home, "singapore", text="country = 'SG'")
    home.close(through=date(2026, 1, 10), now=LONG_AFTER)
    withdraw_published(home.path, "segment", "singapore")
    home.close(through=date(2026, 1, 11), now=LONG_AFTER)
    assert home.segments().rows == ()
    assert [(stay.entered.day, stay.left.day) for stay in home.memberships("dee")] == [(2, 11)]
    assert home.verify().is_equal


def test_membership_read_as_stays_is_membership_by_day(exchange):
    home = exchange
    publish(home, "lively", text="times('traded_spot', days => 3) >= 1")
    publish(home, "others", text="not segment('lively') and times('quiz', days => 4) = 0")
    for number in range(12):
        home.close(through=date(2026, 1, 1) + timedelta(days=number), now=LONG_AFTER)
    users = ["ann", "bob", "cem", "dee"]
    stays = {user: home.memberships(user) for user in users}
    for number in range(12):
        day = date(2026, 1, 1) + timedelta(days=number)
        for key in ("lively", "others"):
            selection = Selection(rule=f"segment('{key}')", as_of=day)
            there = {row[0] for row in home.users(selection, order="registered_on").rows}
            told = {
                user
                for user in users
                if any(s.key == key and s.entered <= day and (s.left is None or day < s.left) for s in stays[user])
            }
            assert told == there, (day, key)
    assert home.verify().is_equal


def test_a_late_fact_changes_who_is_in(exchange, tmp_path):
    home = exchange
    publish(home, "traders", text="times('traded_spot', days => 30) >= 1")
    home.close(through=LAST, now=LONG_AFTER)
    late = Exchange.at(tmp_path)
    late.numbers = {"ann": 0, "bob": 1, "cem": 2, "dee": 3, "eve": 4}
    late.counted["spot_trades"] = 100
    late.has("spot_trades", "user executed_at notional_usdt\ncem 2026-01-15T10:00 50")
    late.engine.close()
    home.close(through=LAST, now=LONG_AFTER)
    assert home.segments().rows[0].users == 3
    assert home.verify().is_equal


# What is not there, and bad input


def test_a_segment_whose_input_was_never_given_is_not_available_and_says_why(exchange):
    home = exchange
    publish(home, "rich", text="equity_usdt >= 1000")
    publish(home, "poor", text="not segment('rich')")
    publish(home, "orphan", text="segment('gone')")
    publish(home, "odd", text="contry = 'SG'")
    publish(home, "egg", text="segment('hen')")
    publish(home, "hen", text="not segment('egg')")
    publish(home, "fine", text="country = 'SG'")
    home.close(through=LAST, now=LONG_AFTER)
    reasons = {row.key: row.reason for row in home.segments().rows}
    equity = "equity_usdt: no balances or given aggregates (user_days) was given"
    assert reasons == {
        "fine": None,
        "rich": equity,
        "poor": f"segment rich: {equity}",
        "orphan": "segment gone: there is none",
        "odd": "Segment 'odd': There is no column 'contry'.",
        "egg": "Segment 'egg' refers to itself: egg → hen → egg.",
        "hen": "Segment 'egg' refers to itself: egg → hen → egg.",
    }
    with pytest.raises(NothingYet) as refused:
        home.segment_size("segment('poor')")
    assert refused.value.code == "not_available"
    assert home.verify().is_equal


@pytest.mark.parametrize(
    ("body", "code", "hint"),
    [
        ({"text": "segment('me')"}, "segment_circle", "Take one of these steps out."),
        ({"text": "segment('ildle')"}, "unknown_segment", "Did you mean 'idle'?"),
        ({"text": "contry = 'SG'"}, "unknown_column", "Did you mean 'country'?"),
        ({"text": "times('quizz', days => 3) > 0"}, "unknown_event", "Did you mean 'quiz'?"),
        ({"text": "in_list('sprint')"}, "unknown_list", "Did you mean 'spring'?"),
        ({"text": "tagged('fiend')"}, "unknown_tag", "Did you mean 'friend'?"),
        ({"text": "seqment('idle')"}, "unknown_word", "Did you mean 'segment'?"),
        ({"text": "country"}, "wrong_unit", ""),
        ({"text": "times('quiz') > 0"}, "bad_rule", "days => 30"),
        ({"text": "times('quiz', days => 0) > 0"}, "bad_rule", ""),
        ({"text": "times('quiz', since => '2026-02-30') > 0"}, "bad_rule", "2026-03-01"),
        ({"text": "times('quiz', since => '2026-03-02', until => '2026-03-01') > 0"}, "bad_rule", ""),
        ({"text": "times('registered', days => 3) > 0"}, "bad_rule", "registered_on"),
        ({"text": ""}, "bad_rule", ""),
        ({"txt": "true"}, "bad_definition", "Did you mean 'text'?"),
        ({"text": "true", "select": "select user_id from users"}, "bad_definition", ""),
        ({}, "bad_definition", ""),
        ({"select": "select user_id from users; drop table users"}, "bad_select", ""),
        ({"select": "select user_no from users"}, "bad_select", "Select user_id"),
        ({"select": "select * from read_csv('/etc/passwd')"}, "bad_select", ""),
        ({"select": "select user_id from '/etc/passwd'"}, "unknown_table", ""),
        ({"select": "select user_id from user"}, "unknown_table", "Did you mean 'users'?"),
        ({"select": "select user_id from main.users"}, "bad_select", ""),
        ({"select": "delete from users"}, "bad_select", ""),
        ({"select": "with users as (select 1 as user_id) select user_id from users"}, "bad_select", ""),
        ({"select": "select user_id from users where registered_on < $when"}, "bad_select", "$day"),
    ],
)
def test_a_definition_that_cannot_be_evaluated_names_the_word_and_the_nearest(home, body, code, hint):
    with pytest.raises(SpringtideError) as refused:
        home.check_segment("me", body)
    assert refused.value.code == code, refused.value
    assert hint in refused.value.hint


def test_an_unknown_segment_is_answered_with_the_nearest(home):
    with pytest.raises(UnknownName) as unknown:
        home.segment_members("trader")
    assert unknown.value.hint == "Did you mean 'traders'?"
