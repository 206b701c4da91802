"""The tables of foresight: their columns, types and meaning. Money is a whole number of 1e-6 USDT, a user a master account."""

from __future__ import annotations

from typing import Final

from springtide.analytics.engine import Column, Schema

# What a restriction of a kind is called where users have columns. `restrictions` holds their times.
RESTRICTIONS: Final = {
    "self_exclusion": "is_self_excluded",
    "cooling_off": "is_cooling_off",
    "sanctions": "is_sanctioned",
    "risk_hold": "is_on_risk_hold",
    "no_promo": "is_no_promo",
    "vulnerable": "is_vulnerable",
}

CLUSTERS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("cluster_no", "integer", False, "the cluster: the least number of its users"),
    Column("size", "integer", False, "users in the cluster"),
    Column("is_hub_only", "boolean", False, "shares nothing with others but hubs, which half the world shares: no evidence"),
    Column("score", "double", True, "how surely the user is one of a farm, 0 to 1; null where no model has said"),
    Column("verdict", "varchar", True, "deny or review, from the score; null where it says neither, or there is none"),
    Column("precision_ratio", "double", True, "of users with such a verdict the share that was right when it was measured"),
)

REFERRAL_CYCLES: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("size", "integer", False, "users on the round: 1 invited themselves, 2 each other"),
)

RISK_DAYS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("day", "date", False, "the day in the reporting zone"),
    Column("own_account_usdt", "bigint", False, "volume whose other side is the user too, on another account or the same"),
    Column("to_and_fro_usdt", "bigint", False, "volume with one other user that ends where it began within an hour"),
    Column("hedge_usdt", "bigint", False, "contract volume opened within five minutes of its opposite, on a linked account"),
    Column("partner_no", "integer", True, "the other user with whom most of the day's volume was traded"),
    Column("partner_usdt", "bigint", False, "that volume"),
    Column("partner_trades", "bigint", False, "own fills of it"),
    Column("highest_leverage", "integer", True, "of own contract fills; null without any, or where it is not known"),
    Column("rewards_usdt", "bigint", False, "rewards granted"),
)

RISK_EVIDENCE: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("is_self_excluded", "boolean", False, "excluded themselves"),
    Column("is_cooling_off", "boolean", False, "in a cooling-off period"),
    Column("is_sanctioned", "boolean", False, "on a list of sanctions"),
    Column("is_on_risk_hold", "boolean", False, "held by risk control"),
    Column("is_no_promo", "boolean", False, "wants, or may have, no promotions"),
    Column("is_vulnerable", "boolean", False, "to be treated with care"),
    Column("cluster_no", "integer", True, "the linked cluster; null for who is linked with nobody"),
    Column("cluster_size", "integer", True, "users in it"),
    Column("is_cluster_hub_only", "boolean", False, "linked by hubs alone"),
    Column("cluster_verdict", "varchar", True, "deny or review; null: neither"),
    Column("cluster_score", "double", True, "the score behind the verdict"),
    Column("cluster_precision_ratio", "double", True, "the measured precision of such a verdict"),
    Column("referral_cycle_size", "integer", True, "users on a round of invitations that leads back to the user"),
    Column("is_referred_within_cluster", "boolean", False, "invited by somebody of their own cluster"),
    Column("own_account_30d_usdt", "bigint", False, "own_account_usdt over the last 30 days"),
    Column("to_and_fro_30d_usdt", "bigint", False, "to_and_fro_usdt over the last 30 days"),
    Column("hedge_30d_usdt", "bigint", False, "hedge_usdt over the last 30 days"),
    Column("one_partner_30d_usdt", "bigint", False, "volume with one other user on the days on which it was the most, 30 days"),
    Column("one_partner_trades_30d", "bigint", False, "own fills of it"),
    Column("highest_leverage_30d", "integer", True, "of own contract fills over the last 30 days"),
    Column("rewards_30d_usdt", "bigint", False, "rewards granted over the last 30 days"),
    Column("cluster_rewards_30d_usdt", "bigint", False, "rewards granted to the whole cluster over the last 30 days"),
)

CHANNEL_VALUES: Schema = (
    Column(
        "channel_id", "varchar", True, "the acquisition channel; null: all users together, for those whose channel says little"
    ),
    Column("users", "bigint", False, "users who registered 90 to 119 days ago"),
    Column("ltv_90_usdt", "bigint", False, "their net revenue of the first 90 days, by user"),
)

# What a gate may ask about a user: gate_columns.sql gives one row of these for each. Null: not known.
GATE_COLUMNS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("amount_usdt", "bigint", False, "what the user would get"),
    Column("kyc_minimum", "integer", False, "the least KYC level of the instrument"),
    *(Column(column.name, "boolean", True, column.about) for column in RISK_EVIDENCE if column.name in RESTRICTIONS.values()),
    Column("jurisdiction", "varchar", True, "whose law applies; the country where no jurisdiction is told"),
    Column(
        "matrix_verdict",
        "varchar",
        True,
        "none, restricted or allowed: what the matrix says of jurisdiction, instrument and client type",
    ),
    Column("kyc_level", "integer", True, "KYC level as of the last close"),
    Column("user_type", "varchar", True, "retail, pro, institution, market_maker, employee, test"),
    Column("is_sub_account", "boolean", True, "an account of another user"),
    Column("has_consent", "boolean", True, "marketing consent"),
    Column("cluster_size", "integer", True, "users of the linked cluster; 1 for who is linked with nobody"),
    Column("is_cluster_hub_only", "boolean", True, "linked by hubs alone, which is no evidence"),
    Column("cluster_verdict", "varchar", True, "deny, review or none, from the score of the cluster's model"),
    Column("cluster_precision_ratio", "double", True, "the measured precision of such a verdict; 0 where none was measured"),
    Column("referral_cycle_size", "integer", True, "users on a round of invitations: 0 none, 1 invited themselves"),
    Column("is_referred_within_cluster", "boolean", True, "invited by somebody of their own cluster"),
    Column("own_account_30d_usdt", "bigint", True, "volume whose other side is the user too, 30 days"),
    Column(
        "to_and_fro_30d_usdt", "bigint", True, "volume with one other user that ends where it began within an hour, 30 days"
    ),
    Column("one_partner_30d_usdt", "bigint", True, "volume with the one other user with whom most was traded, 30 days"),
    Column("one_partner_trades_30d", "bigint", True, "own fills of it"),
    Column("volume_30d_usdt", "bigint", True, "spot and contract volume, 30 days"),
    Column("hedge_30d_usdt", "bigint", True, "contract volume opened against a linked account within five minutes, 30 days"),
    Column("contract_volume_30d_usdt", "bigint", True, "contract volume, 30 days"),
    Column("task_volume_usdt", "bigint", True, "volume in the days of the task"),
    Column(
        "task_excluded_usdt",
        "bigint",
        True,
        "the part of it that does not count: with oneself, to and fro, with one partner alone",
    ),
    Column("task_minimum_usdt", "bigint", True, "the volume that the task asks for"),
    Column("has_cashed_out", "boolean", True, "took the net deposit below what qualified before the lock ended"),
    Column("liquidations_7d", "bigint", True, "liquidations over the last 7 days"),
    Column("liquidations_30d", "bigint", True, "liquidations over the last 30 days"),
    Column("loss_90d_usdt", "bigint", True, "realised loss on contracts over the last 90 days; 0 for a profit"),
    Column("net_deposit_90d_usdt", "bigint", True, "deposits less withdrawals over the last 90 days"),
    Column("highest_leverage_30d", "integer", True, "of own contract fills over the last 30 days; 0 without any"),
    Column("tenure_days", "integer", True, "days since registration"),
    Column("rewards_30d_usdt", "bigint", True, "rewards granted over the last 30 days, and promised"),
    Column("cluster_rewards_30d_usdt", "bigint", True, "the same of the whole cluster"),
    Column("expected_revenue_usdt", "bigint", True, "net revenue expected of 90 days; of new users, their channel's LTV_90"),
)
GATE_TYPES: dict[str, str] = {column.name: column.type for column in GATE_COLUMNS}
