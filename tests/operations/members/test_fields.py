"""Columns of single users: the row comes without what a member may not see, and nobody finds it out by asking around it."""

import pytest

from springtide.kernel.errors import Refused
from springtide.operations.members.fields import fields, refuse_closed
from springtide.operations.members.models import Member

COLUMNS = ("user_id", "country", "equity_usdt", "referrer_user_id", "lifecycle", "linked_accounts", "days_since_bonus_mark")


@pytest.mark.parametrize(
    ("role", "granted", "left_out"),
    [
        ("manager", [], ["linked_accounts", "days_since_bonus_mark"]),
        ("manager", ["see_risk"], []),
        ("analyst", [], ["equity_usdt", "referrer_user_id", "linked_accounts", "days_since_bonus_mark"]),
        ("analyst", ["see_money"], ["referrer_user_id", "linked_accounts", "days_since_bonus_mark"]),
        ("analyst", ["see_money", "see_personal", "see_risk"], []),
        ("operator", ["see_personal"], ["equity_usdt", "linked_accounts", "days_since_bonus_mark"]),
        ("admin", [], ["equity_usdt", "referrer_user_id", "linked_accounts", "days_since_bonus_mark"]),
    ],
)
def test_columns_are_parted_by_right_and_keep_their_order(role, granted, left_out):
    told = fields(Member(username="m", role=role, granted_rights=granted), COLUMNS)
    assert list(told.left_out) == left_out
    assert list(told.shown) == [column for column in COLUMNS if column not in left_out]


def test_risk_control_sees_its_reasons():
    risk = Member(username="m", role="collaborator", department="risk")
    assert fields(risk, ["risk_reason"]).shown == ("risk_reason",)


def test_own_bonus_lines_are_not_those_of_others():
    operator = Member(username="m", role="operator")
    assert operator.may("see_bonus", "own")
    assert not operator.may("see_bonus")


def test_a_question_about_a_closed_column_is_refused_by_its_name():
    with pytest.raises(Refused) as refused:
        refuse_closed(Member(username="m", role="analyst"), ["country", "equity_usdt"])
    assert refused.value.code == "column_not_open"
    assert "equity_usdt" in refused.value.message
    refuse_closed(Member(username="m", role="manager"), ["country", "equity_usdt"])
