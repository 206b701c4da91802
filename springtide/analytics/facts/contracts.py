"""The input contracts: what an exchange gives, table by table, as data.

A contract says how a table is keyed, which columns it has, what each may hold, and how sorely the table is needed. The checks
of an import, the tables of the lake, the guesses of the import screen and the reference page are all read from here.

In the lake a fact is stored under its table's `stored_name`, with money as whole numbers of 1e-6 USDT, times as UTC without a
zone, and its user as two numbers: `account_no` is the user's own, `user_no` the master's (the same where there is no master).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from springtide.analytics.engine import Column, ColumnType, Schema
from springtide.kernel.errors import UnknownName, suggest

Kind = Literal["text", "user", "decimal", "money", "integer", "boolean", "time", "day", "choice", "json"]
Need = Literal["mandatory", "recommended", "optional"]

STORED: dict[Kind, ColumnType] = {
    "text": "varchar",
    "user": "integer",
    "decimal": "decimal(38,12)",
    "money": "bigint",
    "integer": "integer",
    "boolean": "boolean",
    "time": "timestamp",
    "day": "date",
    "choice": "varchar",
    "json": "varchar",
}


@dataclass(frozen=True)
class Field:
    """A column of an input table.

    `kind` says what it holds; a `user` must be known and is stored as a number. `nullable` columns may be empty or left out.
    `is_signed` numbers may be negative; times and days may not lie in the future unless `may_be_future`. `default` stands where
    the column is left out. `stored_as` is its name in the lake where that differs.
    """

    name: str
    kind: Kind
    about: str
    nullable: bool = False
    choices: tuple[str, ...] = ()
    is_signed: bool = False
    may_be_future: bool = False
    default: str | int | bool | None = None
    stored_as: str = ""

    @property
    def lake_name(self) -> str:
        return self.stored_as or self.name

    @property
    def is_required(self) -> bool:
        """Must a file (or its mapping) give this column?"""
        return not self.nullable and self.default is None


@dataclass(frozen=True)
class Contract:
    """An input table.

    key              the columns that name a row; the first one of a fact is its event_id, unique within its source
    user             the column that names the user, null where rows are not about one user
    day_column       the time or day that decides on which day a row lies, null where it lies on none
    is_daily         are its files kept by day?
    newest_wins      a row with a known key and other content replaces the known one; else only a higher version may
    after_registration   may no row be older than its user's registration?
    lake_name        its name in the lake where that differs
    needed_if        what makes it mandatory, where that depends
    """

    name: str
    about: str
    need: Need
    grain: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    user: str | None = None
    day_column: str | None = None
    is_daily: bool = False
    newest_wins: bool = True
    after_registration: bool = False
    lake_name: str = ""
    needed_if: str = ""

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields if field.is_required)

    @property
    def stored_name(self) -> str:
        return self.lake_name or self.name

    @property
    def is_event(self) -> bool:
        """Is it a fact with source, event_id, version and is_void?"""
        return not self.newest_wins

    @property
    def stored_fields(self) -> tuple[Field, ...]:
        """The fields that are columns of the lake table; the user and is_void are stored otherwise."""
        return tuple(field for field in self.fields if field.name not in (self.user, "is_void"))


def _text(name: str, about: str, *, nullable: bool = False, stored_as: str = "", default: str | None = None) -> Field:
    return Field(name, "text", about, nullable, stored_as=stored_as, default=default)


def _user(name: str = "user_id", about: str = "the user's opaque id") -> Field:
    return Field(name, "user", about, stored_as="" if name == "user_id" else f"{name.removesuffix('_id')}_no")


def _money(name: str, about: str, *, nullable: bool = False, is_signed: bool = False) -> Field:
    return Field(name, "money", about, nullable, is_signed=is_signed)


def _decimal(name: str, about: str, *, nullable: bool = False, is_signed: bool = False) -> Field:
    return Field(name, "decimal", about, nullable, is_signed=is_signed)


def _count(name: str, about: str, *, nullable: bool = False) -> Field:
    return Field(name, "integer", about, nullable)


def _flag(name: str, about: str, *, nullable: bool = False, default: bool | None = None) -> Field:
    return Field(name, "boolean", about, nullable, default=default)


def _time(name: str, about: str, *, nullable: bool = False, may_be_future: bool = False) -> Field:
    # `at` is a reserved word of the engine: in the lake it is called happened_at.
    return Field(name, "time", about, nullable, may_be_future=may_be_future, stored_as="happened_at" if name == "at" else "")


def _day(name: str = "day", about: str = "the day in the reporting zone", *, may_be_future: bool = False) -> Field:
    return Field(name, "day", about, may_be_future=may_be_future)


def _choice(name: str, about: str, choices: str, *, nullable: bool = False, default: str | None = None) -> Field:
    return Field(name, "choice", about, nullable, choices=tuple(choices.split()), default=default)


# What every fact carries. A corrected row has the same event_id and a higher version; a deleted one is void.
_FACT = (
    _text("event_id", "unique within its source"),
    _text("source", "the system it came from", default="exchange"),
    Field("version", "integer", "a correction has the same event_id and a higher version", default=1),
    _flag("is_void", "true takes the row back", default=False),
)
# A table whose newest row wins may still number its versions: a lower one never replaces a higher one.
_VERSION = (Field("version", "integer", "a lower version never replaces a higher one", default=1),)

_TRADE = (
    _user(),
    _time("executed_at", "when it was filled"),
    _text("market", "the exchange's name of the market"),
    _text("base", "the asset that is bought or sold"),
    _text("quote", "the asset it is paid in"),
    _choice("side", "the user's side", "buy sell"),
    _choice("role", "did the order rest or take?", "maker taker", nullable=True),
    _decimal("price", "in the quote asset"),
    _decimal("quantity", "in the base asset"),
    _money("notional_usdt", "value at the time of the fill"),
    _money("fee_usdt", "fee as charged, after vouchers; a maker rebate is negative", is_signed=True),
    _text("order_id", "the order it belongs to", nullable=True),
    _choice("via", "how the order came", "app web api copy bot convert", nullable=True),
    _text("counterparty_user_id", "the user on the other side, where known", nullable=True),
)

USERS = Contract(
    "users",
    "One row for every account. A sub-account names its master, and is rolled up to it.",
    "mandatory",
    "one row per account",
    ("user_id",),
    (
        _text("user_id", "opaque id: no name, e-mail, phone or address"),
        _time("registered_at", "when the account was made"),
        Field("vip_level", "integer", "VIP level", True),
        _text("country", "country of residence", nullable=True),
        _text("jurisdiction", "whose law applies", nullable=True),
        _text("language", "language of messages", nullable=True),
        _text("timezone", "IANA name of the user's time zone", nullable=True),
        _count("kyc_level", "0 is none"),
        _time("kyc_passed_at", "when KYC was first passed", nullable=True),
        _choice("user_type", "what kind of account it is", "retail pro institution market_maker employee test"),
        _text("master_user_id", "the master of a sub-account; once set it stays", nullable=True),
        _text("channel_id", "acquisition channel", nullable=True),
        _text("referrer_user_id", "who invited the user", nullable=True),
        _choice("status", "may the account be used?", "active frozen closed"),
        _flag("marketing_consent", "may we write to the user for marketing?", nullable=True),
    ),
    day_column="registered_at",
)

CONTRACTS: tuple[Contract, ...] = (
    USERS,
    Contract(
        "vip_tiers",
        "What each VIP level asks for. Volumes count 30 days; a criterion that is empty does not count.",
        "recommended",
        "one row per scheme, level and first day of validity",
        ("scheme", "level", "valid_from"),
        (
            _text("scheme", "name of the scheme"),
            _count("level", "level, 0 is the base"),
            _time("valid_from", "from when the tier holds", may_be_future=True),
            _money("spot_volume_30d", "spot volume asked for, USDT", nullable=True),
            _money("contract_volume_30d", "contract volume asked for, USDT", nullable=True),
            _money("asset_usdt", "assets asked for", nullable=True),
            _decimal("token_balance", "holding of the exchange's token asked for", nullable=True),
            _choice("logic", "is any criterion enough, or must all hold?", "any all"),
            _decimal("spot_maker_bps", "fee in basis points; a rebate is negative", nullable=True, is_signed=True),
            _decimal("spot_taker_bps", "fee in basis points", nullable=True, is_signed=True),
            _decimal("contract_maker_bps", "fee in basis points", nullable=True, is_signed=True),
            _decimal("contract_taker_bps", "fee in basis points", nullable=True, is_signed=True),
            _decimal("api_share_max", "greatest API share of volume, 0 to 1", nullable=True),
            *_VERSION,
        ),
    ),
    Contract(
        "channels",
        "Spend and results of acquisition channels by day.",
        "recommended",
        "one row per channel and day",
        ("channel_id", "day"),
        (
            _text("channel_id", "the channel"),
            _day(),
            _text("name", "name of the channel"),
            _text("sub_channel", "part of the channel", nullable=True),
            _text("partner", "who runs it", nullable=True),
            _money("spend_usdt", "spend of the day"),
            _count("clicks", "clicks", nullable=True),
            _count("installs", "installs", nullable=True),
            _count("registrations", "registrations", nullable=True),
            *_VERSION,
        ),
        day_column="day",
    ),
    Contract(
        "prices",
        "Daily closes: the market regime is read from those of BTC.",
        "mandatory",
        "one row per asset and day",
        ("asset", "day"),
        (_text("asset", "such as BTC"), _day(), _money("close_usdt", "close of the day"), *_VERSION),
        day_column="day",
    ),
    Contract(
        "campaign_tasks",
        "What campaigns run elsewhere asked for, so that takers who came for the reward alone can be told.",
        "optional",
        "one row per campaign",
        ("campaign_ref",),
        (
            _text("campaign_ref", "the campaign, as reward_entries names it"),
            _text("name", "its name", nullable=True),
            _count("minimum_trades", "trades asked for", nullable=True),
            _money("minimum_volume_usdt", "volume asked for", nullable=True),
            _time("starts_at", "start of the window", may_be_future=True),
            _time("ends_at", "end of the window", may_be_future=True),
            _time(
                "unlock_at",
                "when the reward may be withdrawn; the end of the window if empty",
                nullable=True,
                may_be_future=True,
            ),
            *_VERSION,
        ),
    ),
    Contract(
        "user_status_history",
        "Changes of a user's attributes, so that a past day is told as it was.",
        "recommended",
        "one row per user, attribute and change",
        ("user_id", "attribute", "valid_from"),
        (
            _user(),
            _choice("attribute", "what changed", "kyc_level vip_level status consent restriction country"),
            _text("old", "value before", nullable=True, stored_as="old_value"),
            _text("new", "value since", nullable=True, stored_as="new_value"),
            _time("valid_from", "when it changed"),
            *_VERSION,
        ),
        user="user_id",
        day_column="valid_from",
    ),
    Contract(
        "restrictions",
        "Who must not be addressed or rewarded. An empty table says that nobody is; a missing one says nothing.",
        "mandatory",
        "one row per user, kind and begin",
        ("user_id", "kind", "valid_from"),
        (
            _user(),
            _choice("kind", "why", "self_exclusion cooling_off sanctions risk_hold no_promo vulnerable"),
            _time("valid_from", "from when it holds", may_be_future=True),
            _time("valid_to", "until when; empty: for good", nullable=True, may_be_future=True),
            _text("source", "who set it"),
            *_VERSION,
        ),
        user="user_id",
    ),
    Contract(
        "links",
        "What accounts share, as keyed hashes only.",
        "recommended",
        "one row per user, link type and hash",
        ("user_id", "link_type", "link_hash"),
        (
            _user(),
            _choice("link_type", "what is shared", "device ip24 payment withdrawal_address face api_key"),
            _text("link_hash", "keyed hash, never the thing itself"),
            _time("first_seen_at", "first seen"),
            _time("last_seen_at", "last seen"),
            *_VERSION,
        ),
        user="user_id",
    ),
    Contract(
        "referrals",
        "Who invited whom.",
        "mandatory",
        "one row per invited user",
        ("invitee_id",),
        (
            _user("invitee_id", "who was invited"),
            _user("inviter_id", "who invited"),
            _text("code", "referral code", nullable=True),
            _time("at", "when"),
            _text("scheme", "referral scheme", nullable=True),
            *_VERSION,
        ),
        user="invitee_id",
        day_column="at",
        needed_if="referral is used",
    ),
    Contract(
        "spot_trades",
        "Spot fills, one side: the user's own.",
        "mandatory",
        "one row per fill",
        ("event_id",),
        (*_FACT, *_TRADE),
        user="user_id",
        day_column="executed_at",
        is_daily=True,
        newest_wins=False,
        after_registration=True,
    ),
    Contract(
        "contract_trades",
        "Contract fills. Liquidations, ADL and settlement are told apart: they are no activity of the user.",
        "mandatory",
        "one row per fill",
        ("event_id",),
        (
            *_FACT,
            *_TRADE,
            _choice("contract_type", "what is traded", "perpetual dated option"),
            _choice("position_side", "the position it opens or closes", "long short both", nullable=True),
            _flag("reduce_only", "may it only close?", nullable=True),
            _decimal("leverage", "leverage of the position", nullable=True),
            _money("realised_pnl_usdt", "realised profit or loss", nullable=True, is_signed=True),
            _choice("fill_type", "who caused it", "normal liquidation adl settlement"),
        ),
        user="user_id",
        day_column="executed_at",
        is_daily=True,
        newest_wins=False,
        after_registration=True,
        needed_if="the exchange has contracts",
    ),
    Contract(
        "transfers",
        "Deposits, withdrawals and moves between accounts.",
        "mandatory",
        "one row per transfer",
        ("event_id",),
        (
            *_FACT,
            _user(),
            _time("at", "when it was asked for"),
            _time("completed_at", "when it was done", nullable=True),
            _choice("kind", "what it is", "deposit withdrawal internal_in internal_out p2p"),
            _choice("rail", "how it went", "crypto fiat card p2p", nullable=True),
            _text("asset", "what was moved"),
            _decimal("quantity", "how much of it"),
            _money("usdt", "value at the time", nullable=True),
            _choice("status", "how it ended", "pending completed failed cancelled"),
            _text("address_hash", "keyed hash of the address", nullable=True),
        ),
        user="user_id",
        day_column="at",
        is_daily=True,
        newest_wins=False,
        after_registration=True,
    ),
    Contract(
        "balances",
        "What users held at the end of a day. A day's snapshot is whole: who is not in it holds nothing.",
        "recommended",
        "one row per user, day, asset and product",
        ("user_id", "day", "asset", "product"),
        (
            _user(),
            _day(),
            _text("asset", "what is held"),
            _choice("product", "in which wallet", "spot contract earn bonus"),
            _decimal("quantity", "how much of it", is_signed=True),
            _money("usdt", "value at the end of the day", is_signed=True),
            *_VERSION,
        ),
        user="user_id",
        day_column="day",
        is_daily=True,
        after_registration=True,
    ),
    Contract(
        "reward_entries",
        "Rewards of campaigns, also of those not run here.",
        "mandatory",
        "one row per ledger entry",
        ("event_id",),
        (
            *_FACT,
            _user(),
            _text("campaign_ref", "the campaign"),
            _text("reward_type", "such as fee_voucher, trial_fund, cash"),
            _choice("action", "what happened to the reward", "grant activate consume_fee consume_loss convert expire revoke"),
            _money("usdt", "value"),
            _time("at", "when"),
            _text("reference", "the key under which Springtide asked for the reward, where it did", nullable=True),
        ),
        user="user_id",
        day_column="at",
        is_daily=True,
        newest_wins=False,
        after_registration=True,
        needed_if="the return of campaigns not run here is asked for",
    ),
    Contract(
        "sessions",
        "Visits by day and platform.",
        "recommended",
        "one row per user, day and platform",
        ("user_id", "day", "platform"),
        (
            _user(),
            _day(),
            _text("platform", "such as app, web"),
            _count("sessions", "visits"),
            _count("seconds", "time spent", nullable=True),
            *_VERSION,
        ),
        user="user_id",
        day_column="day",
        is_daily=True,
        after_registration=True,
    ),
    Contract(
        "events",
        "Anything else worth counting: a page, a quiz, a copy-follow, a launchpad.",
        "optional",
        "one row per event",
        ("event_id",),
        (
            *_FACT,
            _user(),
            _time("at", "when"),
            _text("name", "what happened"),
            Field("properties", "json", "a JSON object", True),
        ),
        user="user_id",
        day_column="at",
        is_daily=True,
        newest_wins=False,
    ),
    Contract(
        "other_income",
        "Income besides fees.",
        "recommended",
        "one row per entry",
        ("event_id",),
        (
            *_FACT,
            _user(),
            _time("at", "when"),
            _choice("kind", "what it is", "convert_spread liquidation_fee earn_margin"),
            _money("usdt", "value; a loss is negative", is_signed=True),
        ),
        user="user_id",
        day_column="at",
        is_daily=True,
        newest_wins=False,
        after_registration=True,
    ),
    Contract(
        "commissions",
        "Commissions and rebates paid out of fees. The user is the one whose trading caused them.",
        "recommended",
        "one row per entry",
        ("event_id",),
        (
            *_FACT,
            _user(),
            _time("at", "when"),
            _choice("kind", "what it is", "referral affiliate rebate"),
            _money("usdt", "value; a reversal is negative", is_signed=True),
        ),
        user="user_id",
        day_column="at",
        is_daily=True,
        newest_wins=False,
        after_registration=True,
    ),
    Contract(
        "surveys",
        "Answers to survey questions.",
        "optional",
        "one row per answer",
        ("event_id",),
        (
            *_FACT,
            _user(),
            _time("at", "when"),
            _text("question", "what was asked"),
            _decimal("score", "the answer as a number", is_signed=True),
            _text("reason", "in the user's words", nullable=True),
        ),
        user="user_id",
        day_column="at",
        is_daily=True,
        newest_wins=False,
    ),
    Contract(
        "tickets",
        "Support tickets as they stand.",
        "recommended",
        "one row per ticket",
        ("ticket_id",),
        (
            _text("ticket_id", "the ticket"),
            _user(),
            _time("opened_at", "when it was opened"),
            _text("topic", "what it is about"),
            _text("severity", "how bad"),
            _text("status", "where it stands"),
            _time("first_replied_at", "first answer", nullable=True),
            _time("resolved_at", "when it was resolved", nullable=True),
            _flag("reopened", "was it opened again?", nullable=True),
            _decimal("csat", "satisfaction", nullable=True),
            *_VERSION,
        ),
        user="user_id",
        day_column="opened_at",
        is_daily=True,
    ),
    Contract(
        "messages",
        "Messages sent by other systems, so that caps and histories count them.",
        "optional",
        "one row per message",
        ("message_id",),
        (
            _text("message_id", "the message"),
            _user(),
            _time("at", "when"),
            _text("channel", "such as push, email"),
            _text("campaign_ref", "the campaign", nullable=True),
            _choice("outcome", "the furthest it came", "sent delivered opened clicked unsubscribed bounced"),
            *_VERSION,
        ),
        user="user_id",
        day_column="at",
        is_daily=True,
    ),
    Contract(
        "user_days",
        "Aggregates by user and day (or week), where they are given instead of trades, transfers and sessions. "
        "A week's row stands on the first day of the week.",
        "optional",
        "one row per user, day and product",
        ("event_id",),
        (
            *_FACT,
            _user(),
            _day(),
            _text("product", "spot, contract, or a product of your own"),
            _choice("grain", "what a row counts", "day week", default="day"),
            _flag("is_active", "was the user active in the product?"),
            _flag("is_trading", "is the activity trading?", nullable=True),
            _count("trades", "own fills", nullable=True),
            _money("volume_usdt", "notional of own fills", nullable=True),
            _money("fees_usdt", "fees as charged", nullable=True, is_signed=True),
            _money("net_revenue_usdt", "net revenue", nullable=True, is_signed=True),
            _money("equity_usdt", "equity at the end of the day", nullable=True, is_signed=True),
            _money("rewards_usdt", "value of rewards used", nullable=True),
            _decimal("reward_quantity", "reward in units of its asset", nullable=True),
            _text("reward_asset", "the asset of the reward", nullable=True),
        ),
        user="user_id",
        day_column="day",
        is_daily=True,
        newest_wins=False,
        after_registration=True,
        lake_name="given_user_days",
    ),
    Contract(
        "period_totals",
        "Sums by user over a period, where no days are known.",
        "optional",
        "one row per user, period and product",
        ("user_id", "from_day", "to_day", "product"),
        (
            _user(),
            _day("from_day", "first day of the period"),
            _day("to_day", "last day of the period"),
            _text("product", "spot, contract, or a product of your own"),
            _count("trades", "own fills", nullable=True),
            _money("volume_usdt", "notional of own fills", nullable=True),
            _money("fees_usdt", "fees as charged", nullable=True, is_signed=True),
            _count("liquidations", "liquidations", nullable=True),
            _money("realised_pnl_usdt", "realised profit or loss", nullable=True, is_signed=True),
            *_VERSION,
        ),
        user="user_id",
    ),
)
_BY_NAME = {contract.name: contract for contract in CONTRACTS}
_BY_LAKE_NAME = {contract.stored_name: contract for contract in CONTRACTS}

_ABOUT_NUMBERS = (
    Column("user_no", "integer", False, "number of the user (of the master, for a sub-account)"),
    Column("account_no", "integer", False, "number of the account itself"),
)
_USER_EXTRAS = (
    Column("user_no", "integer", False, "dense number of the account, from 0"),
    Column("master_no", "integer", False, "number of the master; its own where there is none"),
    Column("registered_on", "date", False, "day of registration in the reporting zone"),
    Column("kyc_passed_on", "date", True, "day in the reporting zone on which KYC was first passed"),
    Column("is_derived", "boolean", False, "made from the facts: registered when first seen"),
)

QUARANTINE = "quarantine"
QUARANTINE_SCHEMA: Schema = (
    Column("table_name", "varchar", False, "the input table it was meant for"),
    Column("file", "varchar", False, "the file, or the database table, it came from"),
    Column("line", "bigint", False, "its line in the file (the heading is line 1), or its row number"),
    Column("column_name", "varchar", True, "the column that breaks the rule"),
    Column("value", "varchar", True, "what was seen there"),
    Column("rule", "varchar", False, "the rule that it breaks"),
    Column("row", "varchar", False, "the row as it came, as a JSON object of texts"),
    Column("mapping", "varchar", False, "the mapping it was read with, empty without one"),
    Column("imported_at", "timestamp", False, "when it was first refused"),
)


def contract(name: str) -> Contract:
    """The contract of an input table.

    refuses    unknown_table    no input table has this name
    """
    if name not in _BY_NAME:
        raise UnknownName(f"There is no input table '{name}'.", suggest(name, _BY_NAME), code="unknown_table")
    return _BY_NAME[name]


def lake_schema(contract: Contract) -> Schema:
    """The columns of the lake table in which the rows of a contract are kept.

    Only what names a row and its day is never null: any other column may be unknown to a source.
    """
    never_null = {*contract.key, contract.day_column, "source", "version"}
    columns = [
        Column(field.lake_name, STORED[field.kind], field.name not in never_null, field.about)
        for field in contract.stored_fields
    ]
    if contract is USERS:
        number, *rest = _USER_EXTRAS
        return (number, *columns, *rest)
    return (*(_ABOUT_NUMBERS if contract.user else ()), *columns)


def replaced_schema(contract: Contract) -> Schema:
    """The columns of `<table>_replaced`: rows that a correction or a void took out of the table, and the voids themselves."""
    return (*lake_schema(contract), Column("is_void", "boolean", False, "is this the row that took the fact back?"))


def keys_schema() -> Schema:
    """The columns of `<table>_keys`: one row for every version of every fact ever taken."""
    return (
        Column("key", "uuid", False, "MD5 of source and event_id"),
        Column("version", "integer", False, "version of the row"),
        Column("day", "date", False, "day on which the row lies"),
    )


@cache
def fact_schema(table: str) -> Schema:
    """The columns of a lake table of facts, by its name in the lake (`given_user_days`, `spot_trades_replaced`, `quarantine`).

    refuses    unknown_table    no such table
    """
    if table == QUARANTINE:
        return QUARANTINE_SCHEMA
    for suffix, schema in (("_replaced", replaced_schema), ("_keys", lambda contract: keys_schema())):
        if table.endswith(suffix) and table.removesuffix(suffix) in _BY_LAKE_NAME:
            return schema(_BY_LAKE_NAME[table.removesuffix(suffix)])
    if table not in _BY_LAKE_NAME:
        raise UnknownName(f"The lake has no facts '{table}'.", suggest(table, _BY_LAKE_NAME), code="unknown_table")
    return lake_schema(_BY_LAKE_NAME[table])
