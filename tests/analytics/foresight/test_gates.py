"""One small exchange, with a user for every reason there is: who may get a message, a fee voucher, a trial fund, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from springtide.analytics.foresight.benefit import Benefit, Lock, Task
from springtide.analytics.foresight.gates import gate_of, shipped_body, shipped_gates
from tests.analytics.foresight.conftest import TODAY, Judged, judged_at

MESSAGE = Benefit()
VOUCHER = Benefit("fee_voucher", amount_usdt=Decimal(5))
TRIAL = Benefit("trial_fund", "perpetual", Decimal(5))


@pytest.fixture(scope="module")
def exchange(tmp_path_factory) -> Iterator[Judged]:
    """Everybody registered a year ago in Vietnam, passed KYC 1, consents, paid 100 in fees in the last days and did nothing else unless
    their row says so."""
    exchange = judged_at(tmp_path_factory.mktemp("gates"))
    exchange.has("users", USERS)
    everybody = list(exchange.numbers)
    fees = "\n".join(f"{user} 2026-03-29T10:00 BTC-USDT buy 1000 100 -" for user in everybody if user not in ("poor", "fresh"))
    exchange.has(
        "spot_trades", f"user executed_at market side notional_usdt fee_usdt counterparty_user_id\n{fees}\n{SPOT.strip()}"
    )
    exchange.has("contract_trades", CONTRACTS)
    exchange.has("transfers", TRANSFERS)
    exchange.has("restrictions", RESTRICTIONS)
    exchange.has("links", links())
    exchange.has("referrals", REFERRALS.format_map(exchange.numbers))
    exchange.has("reward_entries", REWARDS)
    exchange.finds()
    yield exchange
    exchange.engine.close()


USERS = """
user         registered_at  country  jurisdiction  kyc_level  user_type     marketing_consent
clean        2025-03-01     VN       -             1          retail        yes
excluded     2025-03-01     VN       -             1          retail        yes
unwilling    2025-03-01     VN       -             1          retail        yes
british      2025-03-01     GB       -             1          retail        yes
singaporean  2025-03-01     SG       -             1          retail        yes
institution  2025-03-01     SG       -             1          institution   yes
german       2025-03-01     DE       EU            1          retail        yes
nowhere      2025-03-01     -        -             1          retail        yes
martian      2025-03-01     XX       -             1          retail        yes
no_kyc       2025-03-01     VN       -             0          retail        yes
employee     2025-03-01     VN       -             1          employee      yes
silent       2025-03-01     VN       -             1          retail        no
unasked      2025-03-01     VN       -             1          retail        -
twin_a       2025-03-01     VN       -             1          retail        yes
twin_b       2025-03-01     VN       -             1          retail        yes
self_made    2025-03-01     VN       -             1          retail        yes
round_a      2025-03-01     VN       -             1          retail        yes
round_b      2025-03-01     VN       -             1          retail        yes
brought      2025-03-01     VN       -             1          retail        yes
washer       2025-03-01     VN       -             1          retail        yes
to_and_fro   2025-03-01     VN       -             1          retail        yes
hedger_a     2025-03-01     VN       -             1          retail        yes
hedger_b     2025-03-01     VN       -             1          retail        yes
cashed_out   2025-03-01     VN       -             1          retail        yes
liquidated   2025-03-01     VN       -             1          retail        yes
twice        2025-03-01     VN       -             1          retail        yes
loser        2025-03-01     VN       -             1          retail        yes
bold         2026-02-10     VN       -             1          retail        yes
fragile      2025-03-01     VN       -             1          retail        yes
poor         2025-03-01     VN       -             1          retail        yes
fresh        2026-03-20     VN       -             1          retail        yes
rewarded     2025-03-01     VN       -             1          retail        yes
few_0        2025-03-01     VN       -             1          retail        yes
few_1        2025-03-01     VN       -             1          retail        yes
few_2        2025-03-01     VN       -             1          retail        yes
many_0       2025-03-01     VN       -             1          retail        yes
many_1       2025-03-01     VN       -             1          retail        yes
many_2       2025-03-01     VN       -             1          retail        yes
many_3       2025-03-01     VN       -             1          retail        yes
many_4       2025-03-01     VN       -             1          retail        yes
many_5       2025-03-01     VN       -             1          retail        yes
many_6       2025-03-01     VN       -             1          retail        yes
many_7       2025-03-01     VN       -             1          retail        yes
"""
SPOT = """
washer      2026-03-30T10:00 BTC-USDT buy  9000 9  washer
to_and_fro  2026-03-30T10:00 BTC-USDT buy  200  1  clean
to_and_fro  2026-03-30T10:30 BTC-USDT sell 200  1  clean
"""
CONTRACTS = """
user        executed_at       market  side  notional_usdt  fill_type    realised_pnl_usdt  leverage
hedger_a    2026-03-30T10:00  BTC     buy   100            normal       0                  5
hedger_b    2026-03-30T10:03  BTC     sell  100            normal       0                  5
liquidated  2026-03-28T10:00  BTC     sell  100            liquidation  0                  5
twice       2026-03-10T10:00  BTC     sell  100            liquidation  0                  5
twice       2026-03-11T10:00  BTC     sell  100            liquidation  0                  5
loser       2026-03-30T10:00  BTC     sell  100            normal       -50                5
bold        2026-03-30T10:00  BTC     buy   100            normal       0                  20
"""
TRANSFERS = """
user        happened_at       kind        usdt
cashed_out  2026-03-20T10:00  deposit     500
cashed_out  2026-03-25T10:00  withdrawal  401
clean       2026-03-20T10:00  deposit     500
clean       2026-03-25T10:00  withdrawal  400
loser       2026-03-20T10:00  deposit     100
"""
RESTRICTIONS = """
user       kind            valid_from  valid_to
excluded   self_exclusion  2026-01-01  -
unwilling  no_promo        2026-01-01  -
fragile    vulnerable      2026-01-01  -
"""
REFERRALS = """
user       inviter_no   happened_at
self_made  {self_made}  2026-01-01
round_a    {round_b}    2026-01-01
round_b    {round_a}    2026-01-01
brought    {twin_a}     2026-01-01
"""
REWARDS = """
user      happened_at       campaign_ref  action  usdt
rewarded  2026-03-10T10:00  spring        grant   46
"""


def links() -> str:
    devices = {"twins": "twin_a twin_b brought", "hedgers": "hedger_a hedger_b", "few": "few_0 few_1 few_2"}
    devices["many"] = " ".join(f"many_{number}" for number in range(8))
    rows = [f"{user} device {name} 2026-01-01 2026-01-01" for name, users in devices.items() for user in users.split()]
    return "\n".join(["user link_type link_hash first_seen_at last_seen_at", *rows])


def test_a_message_is_refused_to_whom_it_must_not_reach(exchange):
    told = exchange.judges(MESSAGE)
    assert {user: said for user, said in told.items() if said != ("allow", "")} == {
        "excluded": ("deny", "restricted"),
        "unwilling": ("deny", "no_promo"),
        "employee": ("deny", "not_a_customer"),
        "silent": ("deny", "no_consent"),
        "unasked": ("deny", "unknown_has_consent"),
    }


def test_a_fee_voucher_is_refused_or_looked_at_for_a_reason_each(exchange):
    """Half of the 100 that a user is expected to bring is the most in 30 days: the 46 of `rewarded` and 5 more are too much."""
    told = exchange.judges(VOUCHER)
    reasons = {
        "excluded": ("deny", "restricted"),
        "unwilling": ("deny", "no_promo"),
        "british": ("deny", "jurisdiction"),
        "singaporean": ("review", "jurisdiction_restricted"),
        "nowhere": ("deny", "unknown_jurisdiction"),
        "martian": ("deny", "unknown_matrix_verdict"),
        "no_kyc": ("deny", "kyc_too_low"),
        "employee": ("deny", "unknown_matrix_verdict,not_a_customer"),
        "silent": ("deny", "no_consent"),
        "unasked": ("deny", "unknown_has_consent"),
        "twin_a": ("review", "linked_few"),
        "twin_b": ("review", "linked_few"),
        "self_made": ("deny", "self_referral"),
        "round_a": ("deny", "cyclic_referral"),
        "round_b": ("deny", "cyclic_referral"),
        "brought": ("review", "linked_few,referred_by_linked"),
        "washer": ("deny", "own_account,to_and_fro"),
        "to_and_fro": ("review", "to_and_fro"),
        "hedger_a": ("deny", "hedge"),
        "hedger_b": ("deny", "hedge"),
        "bold": ("deny", "unknown_expected_revenue_usdt"),
        "poor": ("deny", "unknown_expected_revenue_usdt"),
        "fresh": ("deny", "unknown_expected_revenue_usdt"),
        "rewarded": ("deny", "user_cap"),
        **{f"few_{number}": ("review", "linked_few") for number in range(3)},
        **{f"many_{number}": ("review", "linked_many") for number in range(8)},
    }
    assert {user: said for user, said in told.items() if said != ("allow", "")} == reasons


def test_a_trial_fund_is_refused_to_who_would_come_to_harm(exchange):
    harmed = ("clean", "german", "liquidated", "twice", "loser", "bold", "fragile")
    assert exchange.judges(TRIAL, *harmed) == {
        "clean": ("allow", ""),
        "german": ("deny", "jurisdiction"),
        "liquidated": ("deny", "liquidated_7d"),
        "twice": ("deny", "liquidated_30d"),
        "loser": ("deny", "heavy_loss"),
        "bold": ("deny", "early_leverage,unknown_expected_revenue_usdt"),
        "fragile": ("deny", "vulnerable"),
    }
    spared = exchange.judges(VOUCHER, "german", "liquidated", "twice", "loser", "fragile")
    assert set(spared.values()) == {("allow", "")}


def test_who_cashed_out_before_the_lock_ended_is_not_paid(exchange):
    """100 had to stay: clean left exactly that, the other 99. Nobody else qualified, which is no cashing out."""
    locked = replace(VOUCHER, moment="payout", lock=Lock(Decimal(100), date(2026, 3, 1), TODAY))
    told = exchange.judges(locked, "clean", "cashed_out", "british")
    assert told == {"clean": ("allow", ""), "cashed_out": ("deny", "cashed_out"), "british": ("deny", "jurisdiction")}
    assert exchange.judges(replace(locked, moment="audience"), "cashed_out") == {"cashed_out": ("allow", "")}
    over = replace(locked, lock=Lock(Decimal(100), date(2026, 3, 1), date(2026, 3, 24)))
    assert exchange.judges(over, "cashed_out") == {"cashed_out": ("allow", "")}


def test_a_task_is_met_without_the_volume_that_went_to_and_fro(exchange):
    """to_and_fro traded 1,400, of which 400 do not count."""
    asks = {minimum: Task(Decimal(minimum), date(2026, 3, 1), TODAY) for minimum in (1000, 1001)}
    told = {minimum: replace(VOUCHER, moment="payout", task=task) for minimum, task in asks.items()}
    assert exchange.judges(told[1000], "to_and_fro")["to_and_fro"] == ("review", "to_and_fro")
    assert exchange.judges(told[1001], "to_and_fro")["to_and_fro"] == ("deny", "wash_task,to_and_fro")


def test_consent_is_not_asked_again_when_a_reward_is_paid(exchange):
    assert exchange.judges(replace(VOUCHER, moment="payout"), "silent") == {"silent": ("allow", "")}


def test_a_live_flag_counts_before_the_next_close(exchange):
    flags = [("clean", "risk_hold"), ("german", "vulnerable")]
    assert exchange.judges(MESSAGE, "clean", "german", live_flags=flags) == {
        "clean": ("deny", "restricted"),
        "german": ("allow", ""),
    }
    assert exchange.judges(TRIAL, "german", live_flags=flags) == {"german": ("deny", "jurisdiction,vulnerable")}


def test_what_a_person_cleared_passes_and_what_the_law_says_does_not(exchange):
    decisions = [("few_0", "linked_few"), ("british", "jurisdiction"), ("clean", "decided"), ("hedger_a", "hedge")]
    assert exchange.judges(VOUCHER, "few_0", "few_1", "british", "clean", "hedger_a", decisions=decisions) == {
        "few_0": ("allow", ""),
        "few_1": ("review", "linked_few"),
        "british": ("deny", "jurisdiction"),
        "clean": ("deny", "decided"),
        "hedger_a": ("allow", ""),
    }


def test_an_exchange_that_changes_a_gate_is_judged_by_its_own(exchange):
    body = shipped_body("linked")
    body["clauses"] = [{**body["clauses"][3], "rule": "cluster_size >= 9"}]
    own = [gate_of("linked", body) if gate.key == "linked" else gate for gate in shipped_gates()]
    assert exchange.judges(VOUCHER, "few_0", "many_0", gates=own) == {"few_0": ("allow", ""), "many_0": ("allow", "")}


def test_who_is_not_in_the_lake_is_denied(exchange):
    told = exchange.judges(VOUCHER, "stranger")["stranger"]
    assert told[0] == "deny"
    assert "unknown_user_type" in told[1]
