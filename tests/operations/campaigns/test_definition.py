"""What a campaign may say, and how it is refused when it says something else."""

from decimal import Decimal

import pytest

from springtide.kernel.errors import SpringtideError
from springtide.operations.campaigns.definition import Arm, Condition, read_definition
from tests.operations.campaigns.conftest import body

OFFERS = {"ten": {"type": "fee_voucher", "amount_usdt": 10}, "fifty": {"type": "fee_voucher", "amount_usdt": "50.5"}}
HELLO = {"key": "hello", "do": "message", "channel": "email", "template": "come_back"}


def read(**changes):
    return read_definition("Win back", body(**changes))


def test_a_plain_campaign_is_a_journey_of_one_step():
    found = read()
    assert not found.is_journey
    assert found.step("hello").then == "exit"
    assert found.entry.kind == "once"
    assert found.holdout_ratio == 0.1
    assert found.arms == (Arm("voucher", 1), Arm("word", 1))


def test_an_arm_gets_what_is_said_for_it_and_the_largest_reward_is_that_of_the_dearest_arm():
    steps = [{**HELLO, "template": {"voucher": "come_back", "word": "hello"}, "offer": {"voucher": "fifty"}}]
    found = read(offers=OFFERS, steps=steps, budget_usdt=500)
    step = found.step("hello")
    assert (step.template("voucher"), step.template("word")) == ("come_back", "hello")
    assert (step.offer("voucher"), step.offer("word")) == ("fifty", None)
    assert found.largest_reward() == Decimal("50.5")


def test_steps_lead_to_the_next_unless_they_say_where():
    steps = [
        {"key": "fork", "do": "branch", "rule": "vip_level > 0", "then": "call", "otherwise": "hello"},
        HELLO | {"then": "exit"},
        {"key": "call", "do": "task", "type": "call", "title": "Call them"},
    ]
    found = read(steps=steps)
    assert found.is_journey
    assert [(step.key, step.then, step.otherwise) for step in found.steps] == [
        ("fork", "call", "hello"), ("hello", "exit", ""), ("call", "exit", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "properties", "holds"),
    [
        (Condition("asset", values=("BTC", "ETH")), {"asset": "ETH"}, True),
        (Condition("asset", values=("BTC",)), {}, False),
        (Condition("level", values=("2",)), {"level": 2}, True),
        (Condition("usdt", at_least=100), {"usdt": 100}, True),
        (Condition("usdt", at_least=100, at_most=200), {"usdt": 201.5}, False),
        (Condition("usdt", at_least=100), {"usdt": "many"}, False),
    ],
)
def test_what_a_property_of_an_event_must_be(condition, properties, holds):
    assert condition.holds(properties) is holds


@pytest.mark.parametrize(
    ("changes", "code", "says", "hint"),
    [
        ({"objctive": "x", "objective": "x"}, "unknown_key", "no key 'objctive'", "Did you mean 'objective'?"),
        ({"objective": None}, "bad_campaign", "does not say objective", "Write 'objective: …'."),
        ({"problem": "dormant"}, "bad_campaign", "problem is 'dormant'", "Did you mean 'dormant_users'?"),
        ({"message_class": "promo"}, "bad_campaign", "message_class is 'promo'", "Did you mean 'promotional'?"),
        ({"audience": None}, "bad_campaign", "does not say its audience", "'true' takes everybody"),
        ({"holdout_ratio": 0}, "bad_campaign", "no holdout and does not say why", "no_holdout_because"),
        ({"measure": None}, "bad_campaign", "does not say how it is measured", "measure"),
        ({"measure": {"primary": "fees", "window_days": 31}}, "bad_campaign", "window_days is 31", "7, 14, 30, 60, 90"),
        ({"arms": [{"key": "a"}, {"key": "a"}]}, "bad_campaign", "The arms are a, a", "a key of its own"),
        ({"arms": [{"key": "holdout"}]}, "bad_campaign", "The arms are holdout", "there without being named"),
        ({"steps": []}, "bad_campaign", "has 0 steps", "Write 1 to 100"),
        ({"steps": [{"key": "w", "do": "wait", "hours": 1}]}, "bad_campaign", "Nothing happens", "a message, a reward or a task"),
        ({"steps": [HELLO | {"then": "helo"}]}, "bad_campaign", "leads to 'helo'", "Did you mean 'hello'?"),
        ({"steps": [HELLO | {"then": "hello"}]}, "bad_campaign", "leads back to itself", "Let every way end in exit"),
        ({"steps": [HELLO | {"do": "mesage"}]}, "bad_campaign", "steps[1].do is 'mesage'", "Did you mean 'message'?"),
        ({"steps": [HELLO | {"offer": "tne"}]}, "bad_campaign", "steps[1].offer is 'tne'", ""),
        ({"steps": [HELLO | {"template": {"vouchr": "x"}}]}, "bad_campaign", "the arm 'vouchr'", "Did you mean 'voucher'?"),
        ({"offers": OFFERS, "steps": [HELLO | {"offer": "ten"}]}, "bad_campaign", "has no budget", "budget_usdt"),
        ({"offers": {"ten": {"type": "x", "amount_usdt": "1e-9"}}}, "bad_campaign", "offers.ten.amount_usdt", "six places"),
        ({"entry": {"kind": "close"}}, "bad_campaign", "Who enters on each close is not said", "moved"),
        ({"entry": {"kind": "schedule"}}, "bad_campaign", "does not say entry.cron", ""),
        ({"entry": {"kind": "schedule", "cron": "0 9 * * 1", "zone": "Mars"}}, "unknown_zone", "'Mars'", "IANA"),
        ({"entry": {"kind": "event", "event": "deposit", "where": {"usdt": {}}}}, "bad_campaign", "where.usdt says nothing", ""),
        ({"goal": {}}, "bad_campaign", "The goal says nothing", "event"),
        ({"re_entry": {"kind": "elapsed"}}, "bad_campaign", "re_entry.days is None", "whole number"),
        ({"priority": 101}, "bad_campaign", "priority is 101", "0 to 100"),
    ],
)  # fmt: skip
def test_what_is_refused_says_where_and_what_may_stand_there(changes, code, says, hint):
    with pytest.raises(SpringtideError) as refused:
        read(**changes)
    assert refused.value.code == code
    assert says in refused.value.message
    assert hint in refused.value.hint
