"""The contracts: what every table holds, and the page that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from springtide.analytics.facts import CONTRACTS, contract, fact_schema, lake_schema
from springtide.analytics.facts.checking import RULES
from springtide.analytics.facts.reference import PAGE, tables_page
from springtide.kernel.errors import UnknownName

DOMAIN_TABLES = {
    "users", "user_status_history", "spot_trades", "contract_trades", "transfers", "balances", "reward_entries", "sessions", "events",
    "links", "referrals", "channels", "other_income", "commissions", "surveys", "vip_tiers", "restrictions", "tickets", "messages",
    "prices", "campaign_tasks", "user_days", "period_totals",
}  # fmt: skip


def test_every_input_table_has_a_contract():
    assert {one.name for one in CONTRACTS} == DOMAIN_TABLES


@pytest.mark.parametrize("one", CONTRACTS, ids=lambda one: one.name)
def test_a_contract_is_sound(one):
    assert len(set(one.names)) == len(one.names)
    assert set(one.key) <= set(one.names)
    assert one.user is None or one.field(one.user).kind == "user"
    assert one.day_column is None or one.field(one.day_column).kind in ("time", "day")
    assert one.is_event == (one.key == ("event_id",))
    assert all(field.choices for field in one.fields if field.kind == "choice")
    assert all(field.about for field in one.fields)
    assert not one.is_daily or one.day_column


@pytest.mark.parametrize("one", CONTRACTS, ids=lambda one: one.name)
def test_the_lake_keeps_every_column_with_money_as_whole_numbers_and_users_as_numbers(one):
    schema = {column.name: column.type for column in lake_schema(one)}
    for field in one.stored_fields:
        assert field.lake_name in schema
        if field.kind == "money":
            assert schema[field.lake_name] == "bigint"
    if one.user:
        assert (schema["user_no"], schema["account_no"]) == ("integer", "integer")
        assert one.user not in schema
    assert fact_schema(one.stored_name) == lake_schema(one)
    assert fact_schema(f"{one.stored_name}_replaced")[:-1] == lake_schema(one)


def test_given_aggregates_have_a_name_of_their_own_in_the_lake():
    assert contract("user_days").stored_name == "given_user_days"


def test_a_table_that_is_none_is_told_with_the_nearest():
    with pytest.raises(UnknownName) as told:
        contract("spot_trade")
    assert told.value.hint == "Did you mean 'spot_trades'?"
    with pytest.raises(UnknownName):
        fact_schema("nothing")


def test_the_reference_page_is_made_from_the_contracts():
    page = tables_page()
    assert Path(PAGE).read_text(encoding="utf-8") == page
    for one in CONTRACTS:
        assert f"## {one.name}\n" in page
    assert all(f"| `{rule}` |" in page for rule in RULES)
