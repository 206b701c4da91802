"""The operator's words for keys: regimes, roles, columns. Strata carry their own words in their definitions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from springtide.analytics.strata import Stratification, Stratum
from springtide.kernel.errors import SpringtideError

Word = str | Promise

PERIODS: Final[dict[str, Word]] = {"day": _("Day"), "week": _("Week"), "month": _("Month")}

REGIMES: Final[dict[str, Word]] = {"bull": _("rising"), "bear": _("falling"), "flat": _("flat")}

ROLES: Final[dict[str, Word]] = {
    "manager": _("Manager"),
    "operator": _("Operator"),
    "analyst": _("Analyst"),
    "qc_reviewer": _("Quality reviewer"),
    "approver": _("Approver"),
    "collaborator": _("Collaborator"),
    "admin": _("Administrator"),
}

DEPARTMENTS: Final[dict[str, Word]] = {
    "marketing": _("Marketing"),
    "product": _("Product"),
    "risk": _("Risk control"),
    "channel": _("Channels"),
}

RIGHTS: Final[dict[str, Word]] = {
    "see_overview": _("see the Overview"),
    "edit_questions": _("save questions and metrics"),
    "answer_signals": _("answer signals"),
    "see_user": _("open a user's page"),
    "see_users": _("open lists of users"),
    "work_users": _("work lists of users"),
    "export_users": _("export lists"),
    "see_money": _("see the money of single users"),
    "see_personal": _("see personal data of single users"),
    "see_risk": _("see the reasons of risk control"),
    "see_bonus": _("see bonus lines"),
    "see_segments": _("see segments and the strategy"),
    "edit_segments": _("edit segments, the strategy and strata"),
    "rate_segments": _("rate segments"),
    "approve_segments": _("approve segments, the strategy and strata"),
    "use_sql": _("use the SQL console"),
    "see_campaigns": _("see campaigns"),
    "see_calendar": _("see the campaign calendar"),
    "see_totals": _("see the totals of campaigns"),
    "edit_campaigns": _("draft campaigns"),
    "send_service": _("send service messages"),
    "rate_campaigns": _("rate campaigns"),
    "approve_campaigns": _("approve campaigns"),
    "stop_campaigns": _("pause and stop campaigns"),
    "see_budgets": _("see reward budgets"),
    "grant_rewards": _("grant rewards within the daily limit"),
    "approve_rewards": _("approve rewards"),
    "see_risk_flag": _("see that risk control objects"),
    "decide_risk": _("decide for risk control"),
    "edit_gates": _("edit risk gates and the matrix of jurisdictions"),
    "see_tasks": _("see tasks and tickets"),
    "edit_tasks": _("edit tasks and tickets"),
    "assign_tasks": _("assign tasks"),
    "see_shifts": _("see shifts"),
    "edit_shifts": _("edit shifts and absences"),
    "see_sops": _("see SOPs"),
    "edit_sops": _("write SOPs"),
    "suggest_sops": _("suggest changes to SOPs"),
    "run_sops": _("run SOPs"),
    "acknowledge_sops": _("acknowledge SOPs"),
    "approve_sops": _("approve SOPs"),
    "sign_off_sops": _("sign off runs of SOPs"),
    "see_reviews": _("see reviews"),
    "see_review_totals": _("see totals of reviews"),
    "edit_reviews": _("review quality"),
    "dispute_reviews": _("dispute reviews"),
    "approve_qc_plans": _("approve review plans"),
    "see_scorecards": _("see scorecards"),
    "edit_scorecards": _("edit scorecards"),
    "compute_scorecards": _("compute scorecards"),
    "score_scorecards": _("give quality scores"),
    "approve_bonus": _("approve bonuses"),
    "see_plans": _("see plans"),
    "edit_plans": _("edit plans"),
    "comment_plans": _("comment on plans"),
    "approve_plans": _("approve plans"),
    "see_playbooks": _("see playbooks"),
    "edit_playbooks": _("write playbooks"),
    "approve_playbooks": _("approve playbooks"),
    "see_requests": _("see requests"),
    "edit_requests": _("make and answer requests"),
    "approve_requests": _("approve requests"),
    "see_reports": _("see reports"),
    "edit_reports": _("edit reports"),
    "edit_delivery": _("set up deliveries"),
    "see_data": _("see the state of the data"),
    "see_rows": _("see rows in quarantine"),
    "import_data": _("import and close"),
    "see_schedules": _("see schedules"),
    "edit_schedules": _("change schedules"),
    "see_audit": _("read the audit chain"),
    "see_members": _("see members"),
    "propose_members": _("propose members and roles"),
    "approve_members": _("approve members and roles"),
    "switch_off_members": _("switch members off"),
    "make_tokens": _("make tokens of one's own"),
}

APPROVAL_KINDS: Final[dict[str, Word]] = {
    "gate": _("Risk gate"),
    "risk_matrix": _("Matrix of jurisdictions"),
    "member": _("Member"),
    "campaign": _("Campaign"),
    "strata": _("Edges of strata"),
    "strategy": _("Strategy"),
    "grant": _("Grant by hand"),
    "budget": _("Budget"),
    "payout_file": _("File of payouts"),
}
APPROVAL_STATES: Final[dict[str, Word]] = {
    "open": _("waiting"),
    "approved": _("approved"),
    "returned": _("sent back"),
    "void": _("void"),
    "expired": _("expired"),
}
# What the strategy says of a cell.
PLAYS: Final[dict[str, Word]] = {
    "problem": _("Problem"),
    "playbook": _("Playbook"),
    "channel": _("Channel"),
    "offer": _("Offer"),
    "queue": _("Queue"),
    "service_hours": _("Hours until somebody takes care"),
    "contacts": _("Contacts at most"),
    "per_days": _("in so many days"),
}
APPROVAL_LINES: Final[dict[str, Word]] = {
    **PLAYS,
    "rule": _("Rule"),
    "clause": _("Clause"),
    "applies": _("Asked when"),
    "unknown": _("When not known"),
    "is_cleared_by_decision": _("A person may clear it"),
    "row": _("Row"),
    "minimum_kyc": _("Least KYC level"),
    "groups": _("Groups of jurisdictions"),
    "label": _("Name"),
    "about": _("Description"),
    "order": _("Order"),
    "title": _("Title"),
    "question": _("Question"),
    "priority": _("Priority"),
    "username": _("User name"),
    "role": _("Role"),
    "department": _("Department"),
    "granted_rights": _("Rights by name"),
    "is_active": _("Can sign in"),
    "offer": _("Offer"),
    "users": _("Users"),
    "amount_usdt": _("USDT for each"),
    "budget": _("Left in the budget"),
    "reason": _("Why"),
}

HEALTHS: Final[dict[str, Word]] = {
    "well": _("well"),
    "running": _("running"),
    "waiting": _("waiting for its first time"),
    "late": _("late: no worker looks"),
    "failed": _("failed"),
    "missed": _("ran, after missed ones"),
    "off": _("off"),
}

COLUMNS: Final[dict[str, Word]] = {
    "user_id": _("User"),
    "user_no": _("Number of the user"),
    "user_type": _("Kind of user"),
    "is_counted": _("Counts as a user"),
    "registered_on": _("Registered"),
    "tenure_days": _("Days since registration"),
    "days_since_registration": _("Days since registration"),
    "country": _("Country"),
    "language": _("Language"),
    "channel_id": _("Channel"),
    "status": _("Status"),
    "kyc_level": _("KYC level"),
    "kyc_passed_on": _("KYC passed"),
    "vip_level": _("VIP level"),
    "vip_next_ratio": _("Way to the next tier"),
    "has_consent": _("Consents to marketing"),
    "is_restricted": _("Restriction"),
    "is_downgrade_risk": _("At risk of losing the tier"),
    "is_personally_silent": _("Quieter than usual"),
    "first_deposit_on": _("First deposit"),
    "first_trade_on": _("First trade"),
    "first_spot_on": _("First spot trade"),
    "first_contract_on": _("First contract trade"),
    "last_trade_on": _("Last trade"),
    "last_deposit_on": _("Last deposit"),
    "last_withdrawal_on": _("Last withdrawal"),
    "last_liquidation_on": _("Last liquidation"),
    "days_since_trade": _("Days since trade"),
    "days_since_platform_active": _("Days since the user was last here"),
    "days_since_first_deposit": _("Days since the first deposit"),
    "equity_usdt": _("Assets"),
    "earn_equity_usdt": _("Assets in earn"),
    "equity_mean_30d_usdt": _("Mean assets, 30 days"),
    "asset_size_usdt": _("Assets, the higher of today and the mean of 30 days"),
    "bonus_marked_on": _("Marked as a bonus hunter"),
    "days_since_bonus_mark": _("Days since the mark as a bonus hunter"),
}

# What is summed over the last days, or over all time: `spot_trades_30d`, `fees_all_usdt`.
SUMS: Final[dict[str, Word]] = {
    "trades": _("Trades"),
    "spot_trades": _("Spot trades"),
    "contract_trades": _("Contract trades"),
    "trading_days": _("Trading days"),
    "volume": _("Volume"),
    "spot_volume": _("Spot volume"),
    "contract_volume": _("Contract volume"),
    "api_volume": _("Volume by API"),
    "maker_volume": _("Maker volume"),
    "copy_volume": _("Copied volume"),
    "arbitrage_volume": _("Arbitrage volume"),
    "fees": _("Fees"),
    "net_revenue": _("Net revenue"),
    "realised_pnl": _("Realised profit or loss"),
    "liquidations": _("Liquidations"),
    "deposit": _("Deposits"),
    "withdrawal": _("Withdrawals"),
    "net_deposit": _("Net deposits"),
    "rewards_consumed": _("Rewards used"),
    "sessions": _("Sessions"),
}
_OVER_TIME: Final = re.compile(r"(?P<what>\w+?)_(?:(?P<days>\d+)d|all)(?:_usdt)?")
_QUANTILE: Final = re.compile(r"value_p(?P<percent>\d+)_usdt")

# Kinds of happenings of a user's timeline.
HAPPENINGS: Final[dict[str, Word]] = {
    "registered": _("Registered"),
    "traded_spot": _("Traded spot"),
    "traded_contracts": _("Traded contracts"),
    "liquidated": _("Liquidated"),
    "deposit": _("Deposited"),
    "withdrawal": _("Withdrew"),
    "internal_in": _("Moved in"),
    "internal_out": _("Moved out"),
    "p2p": _("P2P transfer"),
    "reward_grant": _("Reward granted"),
    "reward_activate": _("Reward activated"),
    "reward_consume_fee": _("Reward used on fees"),
    "reward_consume_loss": _("Reward used on a loss"),
    "reward_convert": _("Reward converted"),
    "reward_expire": _("Reward expired"),
    "reward_revoke": _("Reward revoked"),
    "ticket": _("Ticket opened"),
    "message": _("Message"),
    "changed": _("Changed"),
    "restricted": _("Restricted"),
}

CONTACT_CHANNELS: Final[dict[str, Word]] = {
    "call": _("Call"),
    "chat": _("Chat"),
    "email": _("Letter by hand"),
    "meeting": _("Meeting"),
}

OUTCOMES: Final[dict[str, Word]] = {
    "reached": _("reached"),
    "no_answer": _("no answer"),
    "call_back": _("call back"),
    "refused": _("does not want to be contacted"),
}

# Values of text columns that are keys rather than names.
VALUES: Final[dict[str, dict[str, Word]]] = {
    "user_type": {
        "retail": _("Retail"),
        "pro": _("Professional"),
        "institution": _("Institution"),
        "market_maker": _("Market maker"),
        "employee": _("Employee"),
        "test": _("Test account"),
    },
    "status": {"active": _("active"), "frozen": _("frozen"), "closed": _("closed")},
}

# Served metrics by key; the registry says what each of them asks.
METRICS: Final[dict[str, Word]] = {
    "active_traders": _("Active traders"),
    "weekly_active_traders": _("Active traders, 7 days"),
    "monthly_active_traders": _("Active traders, 30 days"),
    "trades": _("Trades"),
    "trades_per_trader": _("Trades per trader"),
    "registrations": _("Registrations"),
    "kyc_passed": _("KYC passed"),
    "first_deposits": _("First deposits"),
    "first_trades": _("First trades"),
    "first_spot_trades": _("First spot trades"),
    "first_contract_trades": _("First contract trades"),
    "kyc_7d": _("KYC within 7 days"),
    "deposit_7d": _("First deposit within 7 days of KYC"),
    "first_trade_24h": _("First trade within 24 hours of the first deposit"),
    "deposit_to_trade_7d": _("First trade within 7 days of the first deposit"),
    "spot_to_contract_30d": _("Contracts within 30 days of the first spot trade"),
    "first_trade_7d": _("First trade within 7 days of registration"),
    "volume": _("Volume"),
    "spot_volume": _("Spot volume"),
    "contract_volume": _("Contract volume"),
    "trade_size": _("Size of a trade"),
    "fees": _("Fees"),
    "take_rate": _("Take rate"),
    "other_income": _("Other income"),
    "commissions": _("Commissions"),
    "rewards_cost": _("Cost of rewards"),
    "net_revenue": _("Net revenue"),
    "arpu": _("Net revenue a trader"),
    "ltv_7": _("Lifetime value, 7 days"),
    "ltv_30": _("Lifetime value, 30 days"),
    "ltv_90": _("Lifetime value, 90 days"),
    "deposits": _("Deposits"),
    "withdrawals": _("Withdrawals"),
    "net_deposits": _("Net deposits"),
    "assets": _("Assets"),
    "assets_per_holder": _("Assets per holder"),
    "maker_share": _("Maker share"),
    "wash_share": _("Wash trading share"),
    "incentive_dependent_share": _("Users who live on rewards"),
    "liquidated_share": _("Liquidated share of contract users"),
    "complaints_per_1000": _("Tickets per 1,000 traders"),
    "csat": _("Satisfaction"),
    "restricted_share": _("Restricted users"),
    "lapsing_share": _("Silent for a month"),
    "dormant_share": _("Silent for three months"),
    "churned_value": _("Emptied wallets"),
    "churned_assets": _("Assets that left"),
    "churned_assets_share": _("Share of assets that left"),
    "win_back": _("Won back"),
    "new_traders": _("New traders"),
    "retained_traders": _("Traders who stayed"),
    "resurrected_traders": _("Traders who came back"),
    "revenue_given": _("Other revenue of given aggregates"),
    "contract_traders": _("Share of traders who use contracts"),
}

PRODUCTS: Final[dict[str, Word]] = {
    "trading": _("All trading"),
    "platform": _("Whole platform"),
    "spot": _("Spot"),
    "contract": _("Contracts"),
}

MILESTONES: Final[dict[str, Word]] = {
    "registration": _("Registered"),
    "kyc": _("KYC passed"),
    "deposit": _("First deposit"),
    "spot_trade": _("First spot trade"),
    "contract_trade": _("First contract trade"),
}


class Labels:
    """Names of stratifications and strata in the member's language. A key that no definition has is shown as it is written."""

    def __init__(self, stratifications: Iterable[Stratification]) -> None:
        self.language = translation.get_language() or "en"
        self.by_key = {each.key: each for each in stratifications}

    def stratification(self, key: str) -> str:
        found = self.by_key.get(key)
        return found.title.within(self.language) if found else plain(key)

    def question(self, key: str) -> str:
        found = self.by_key.get(key)
        return found.question.within(self.language) if found else ""

    def stratum(self, of: str, name: str | None) -> str:
        if name is None:
            return gettext("Not here before")
        found = self._stratum(of, name)
        return found.label.within(self.language) if found else plain(name)

    def about(self, of: str, name: str) -> str:
        found = self._stratum(of, name)
        return found.about.within(self.language) if found else ""

    def _stratum(self, of: str, name: str) -> Stratum | None:
        return next((each for each in self.by_key[of].strata if each.name == name), None) if of in self.by_key else None


def plain(key: str) -> str:
    """A key nobody named, made readable: `spot_trades` is 'Spot trades'."""
    return key.replace("_", " ").capitalize()


def column(key: str) -> str:
    """The name of a column of users."""
    if key in COLUMNS:
        return str(COLUMNS[key])
    if (summed := _OVER_TIME.fullmatch(key)) and summed["what"] in SUMS:
        span = gettext("%(what)s, %(days)s days") if summed["days"] else gettext("%(what)s, all time")
        return span % {"what": SUMS[summed["what"]], "days": summed["days"]}
    if edge := _QUANTILE.fullmatch(key):
        return gettext("the edge of the lowest %(percent)s in a hundred") % {"percent": edge["percent"]}
    return plain(key.removesuffix("_usdt"))


def metric(key: str) -> str:
    """The name of a served metric."""
    return str(METRICS.get(key) or plain(key))


def value(key: str, text: str) -> str:
    """A value of a text column."""
    return str(VALUES.get(key, {}).get(text) or text)


def happening(kind: str) -> str:
    """A kind of happening, in words."""
    return str(HAPPENINGS.get(kind) or plain(kind))


def product(key: str) -> str:
    """The name of a product."""
    return str(PRODUCTS.get(key) or plain(key))


def regime(key: str | None) -> str:
    """The market's regime in a word."""
    return str(REGIMES.get(key or "") or gettext("not known"))


def work(kind: str, payload: Mapping[str, Any]) -> str:
    """What a job is, in words."""
    if kind == "import":
        return gettext("Import %(file)s") % {"file": PurePath(str(payload.get("path", ""))).name}
    if kind == "close":
        return gettext("Close the days")
    return plain(kind)


BROKEN: Final[dict[str, Word]] = {
    "missing": _("%(column)s is empty"),
    "type": _("%(column)s is of the wrong kind"),
    "not_finite": _("%(column)s is no finite number"),
    "out_of_range": _("%(column)s is beyond what can be kept"),
    "digits_lost": _("%(column)s lost its last digits in a spreadsheet"),
    "negative": _("%(column)s is negative"),
    "future": _("%(column)s lies in the future"),
    "unknown_user": _("%(column)s is not in users"),
    "before_registration": _("%(column)s is older than the user's registration"),
    "conflict": _("the row has the key and version of another row, but other content"),
    "encoding": _("%(column)s has bytes that are no text"),
    "layout": _("the row does not split into the fields of the heading"),
    "master_changed": _("%(column)s differs from the master that was set before"),
    "master_unknown": _("%(column)s is a master that is not in users"),
    "master_is_sub_account": _("%(column)s is a master that is a sub-account itself"),
    "master_has_sub_accounts": _("%(column)s would make a sub-account of a master"),
}


def broken(column: str | None, rule: str, says: str) -> str:
    """What is wrong with a row: as the facts say it in English, and in the member's language where we have the words."""
    if rule not in BROKEN or (translation.get_language() or "en").startswith("en"):
        return says
    return str(BROKEN[rule]) % {"column": column or ""}


def reason(said: str) -> str:
    """Why something cannot be told, as the analytics say it (`column: no table was given`), in the member's language."""
    return " ".join(_clause(clause) for clause in said.split("; ") if clause)


_CLAUSES: Final[tuple[tuple[re.Pattern[str], Word], ...]] = (
    (re.compile(r"no (?P<tables>.+) was given"), _("no %(tables)s was given")),
    (re.compile(r"(?P<column>.+) is unknown in (?P<table>.+)"), _("%(column)s is unknown in %(table)s")),
    (
        re.compile(r"users are derived from their activity, so when they registered is not known"),
        _("users are derived from their activity, so when they registered is not known"),
    ),
    (
        re.compile(r"the source counts by week, so days within it are not known"),
        _("the source counts by week, so days within it are not known"),
    ),
    (
        re.compile(r"only (?P<peers>\d+) users are like them, and (?P<needed>\d+) are needed"),
        _("only %(peers)s users are like them, and %(needed)s are needed"),
    ),
    (re.compile(r"none of their like got on"), _("none of their like got on")),
)


def _clause(said: str) -> str:
    columns, colon, why = said.rpartition(": ")
    for pattern, word in _CLAUSES:
        if found := pattern.fullmatch(why):
            why = str(word) % {name: text.replace(" or ", gettext(" or ")) for name, text in found.groupdict().items()}
            break
    what = ", ".join(column(each) for each in columns.split(", ")) + gettext(": ") if colon else ""
    clause = what + why
    return clause[:1].upper() + clause[1:] + gettext(".")


# What an error means, by its code, for those who do not read English; the rooms below say it in English, with what was seen.
ERRORS: Final[dict[str, tuple[Word, Word]]] = {
    "too_many_tries": (_("Too many wrong passwords."), _("Wait a little, then try again.")),
    "wrong_password": (_("That is not your present password."), _("Type the one you signed in with.")),
    "weak_password": (_("This password is too weak."), _("Choose a longer, less common password.")),
    "not_allowed": (_("Your role does not open this."), _("Ask a manager, or an administrator, for the right to it.")),
    "not_kept": (_("There is no snapshot of this day."), _("Snapshots are kept for 35 days and at month ends.")),
    "nothing_closed": (_("No day is closed yet."), _("Import files, then close the days.")),
    "no_home": (_("There is no Springtide home here."), _("Make one with: springtide init")),
    "bad_day": (_("That is not a day that can be shown."), _("Choose one from the strip.")),
    "bad_filter": (_("A filter cannot have this value."), _("Choose one from the page.")),
    "bad_page": (_("There is no such page of the list."), _("An export has everything.")),
    "unknown_stratum": (_("There is no such stratum."), _("Choose one from the page.")),
    "unknown_stratification": (_("There is no such stratification."), _("Choose one from the page.")),
    "unknown_list": (_("There is no such list."), _("Open one from the Overview.")),
    "unknown_job": (_("There is no such work."), _("It may have been cleared away; start it again.")),
    "unknown_upload": (_("This file is no longer here."), _("Dropped files are kept for seven days: drop it again.")),
    "unknown_mapping": (_("There is no such mapping."), _("Choose one from the list.")),
    "mapping_exists": (_("There is a mapping of this name already."), _("Give this one another name.")),
    "no_zone": (
        _("The times in this file name no time zone."),
        _("Say where they were written, such as UTC or Asia/Shanghai; it is asked once and kept in the mapping."),
    ),
    "two_for_one": (_("Two columns are taken for the same one."), _("Keep one of them.")),
    "bad_mapping": (_("These choices do not fit the table."), _("Change what is named below.")),
    "unknown_format": (_("This kind of file cannot be imported."), _("Allowed are CSV, CSV.gz, Parquet and Excel.")),
    "empty_file": (_("The file is empty."), _("Export it again: the first line must be the headings.")),
    "damaged_file": (_("The file is damaged or cut off."), _("Export it again.")),
    "wrong_encoding": (_("The file's encoding is not known."), _("Save it as UTF-8.")),
    "wrong_delimiter": (_("The lines do not split into columns."), _("Export it with commas between the columns.")),
    "duplicate_column": (_("Two columns have the same heading."), _("Rename one of them.")),
    "missing_column": (_("A mandatory column is missing."), _("Say what gives it, or that the source does not know it.")),
    "too_many_users": (_("The list is too long for this kind of file."), _("Export as CSV, or narrow it with the filters.")),
    "bad_statement": (_("This statement cannot run."), _("Mend what is named below.")),
    "not_in_console": (_("The console does not run this."), _("It runs one query over its own tables.")),
    "unknown_table": (_("There is no such table."), _("Choose one from the tables beside the statement.")),
    "table_not_open": (_("This table is not open to you."), _("Ask an approver for the right to it.")),
    "column_not_open": (_("This column is not open to you."), _("Leave it out, or ask an approver for the right.")),
    "took_too_long": (_("The statement took too long and was stopped."), _("Read fewer days, or sum up before you join.")),
    "too_much_memory": (
        _("The statement needed too much memory and was stopped."),
        _("Read fewer days or columns, or sum up before you join."),
    ),
    "answer_too_large": (_("The answer is too large."), _("Choose fewer columns, or sum up.")),
    "answer_gone": (_("The rows of this statement are no longer kept."), _("Run it again.")),
    "too_many_running": (_("Too many statements are running."), _("Wait until one ends.")),
    "bad_gate": (_("This cannot be a gate."), _("Mend the place that is named.")),
    "bad_matrix": (_("This cannot be the matrix."), _("Mend the row that is named.")),
    "unknown_gate": (_("There is no such gate."), _("Choose one of the twelve.")),
    "no_evidence": (_("The last close left no evidence of risk."), _("Close again.")),
    "bad_amount": (_("This is no amount that can be given."), _("Write it as 5 or 0.25.")),
    "unknown_reward": (_("There is no such reward."), _("Choose one from the page.")),
    "unknown_instrument": (_("There is no such instrument."), _("Choose one from the page.")),
    "unknown_flag": (_("There is no such flag."), _("Choose one from the page.")),
    "no_such_flag": (_("There is no such flag."), _("Reload and look again.")),
    "bad_flag": (_("This cannot be a flag."), _("Give a user, and an end after its begin.")),
    "unknown_case": (_("There is no such case."), _("Reload the queue.")),
    "unknown_answer": (_("This is no answer."), _("Choose one from the page.")),
    "bad_duration": (_("A decision stands for a day at least, and a year at most."), _("Say for how many days.")),
    "nothing_to_clear": (
        _("None of its reasons may be cleared by a person."),
        _("What the law or the user's protection asks stays; mend the data, or deny."),
    ),
    "open_already": (_("An appeal of this user waits already."), _("Look at the queue.")),
    "four_eyes": (_("You had a hand in this, or gain by it."), _("Somebody else with the right must look at it.")),
    "no_approver": (_("Nobody else could approve this."), _("Invite an approver first.")),
    "said_already": (_("You have answered it."), _("It waits for somebody else.")),
    "no_reason": (_("Say why it goes back."), _("Write a sentence that its drafter can work with.")),
    "expired": (_("Nobody answered in time."), _("Who drafted it can ask again.")),
    "move_not_open": (_("It is not open to this any more."), _("Reload and look again.")),
    "moved_already": (_("Somebody else was faster, or it was changed."), _("Reload and look again.")),
    "unknown_approval": (_("There is no such approval."), _("Reload the page and look again.")),
    "unknown_proposal": (_("There is no such proposal."), _("Reload the page and look again.")),
    "unknown_member": (_("There is no such member."), _("Reload the page and look again.")),
    "unknown_token": (_("You have no such token."), _("Reload the page and look again.")),
    "right_not_yours": (_("You have not got this right yourself."), _("Leave it out.")),
    "too_many_tokens": (_("You hold as many tokens as one may."), _("Revoke those that nothing uses any more.")),
    "bad_name": (_("It needs a name that is not too long."), _("Give it another one.")),
    "bad_username": (_("This cannot be a user name."), _("Use 2 to 64 of a-z, 0-9, dot, dash and underscore.")),
    "username_taken": (_("This name is taken."), _("Choose another name.")),
    "own_account": (_("You cannot switch yourself off."), _("Ask another admin.")),
    "bad_invitation": (_("This invitation does not work."), _("Ask to be invited anew.")),
    "not_approved": (_("The invitation waits for its approval."), _("Ask who invited you, and come back.")),
    "below_taken": (
        _("The budget cannot be lowered so far: more of it is taken."),
        _("Lower it less, or release reservations first."),
    ),
    "over_parent": (_("This is more than the budget around it has."), _("Raise that one first, or ask for less.")),
    "bad_parent": (_("A budget of this kind cannot lie there."), _("From the outside in: plan, campaign, stratum, day.")),
    "above_limit": (_("This is above what you may approve."), _("Ask an approver, or risk control.")),
    "over_offer": (_("The offer does not give so much."), _("Give an amount up to what it is worth.")),
    "no_users": (_("No user is named."), _("Give one id a line.")),
    "nobody_left": (_("The gates let none of them through."), _("Ask risk control to look.")),
    "nothing_due": (_("No payout is due."), _("Those that are held are looked at again tomorrow.")),
    "unknown_term": (_("There is no such term."), _("The page on rewards lists them.")),
    "bad_term": (_("A term has a value that cannot be."), _("The page on rewards says what each may be.")),
    "unknown_offer": (_("There is no such offer."), _("Publish it first.")),
    "unknown_budget": (_("There is no such budget."), _("Open one first.")),
    "bad_results": (_("The results cannot be read."), _("The first line is: key,result,reason; a result is paid or failed.")),
    "no_references": (
        _("The exchange's reward entries carry no reference."),
        _("Give reward_entries with the column reference: the key under which the reward was asked for."),
    ),
    "unknown_schedule": (_("There is no such schedule."), _("Reload the page and look again.")),
    "bad_cron": (
        _("This is no cron line."),
        _("Write five fields: minute, hour, day of month, month, day of week; such as 30 0 * * *."),
    ),
    "bad_template": (_("This cannot be a template."), _("Mend the part that is named.")),
    "template_failed": (_("The template ran, and failed."), _("Look at its preview.")),
    "template_too_long": (_("The template was stopped: it is too long."), _("Make it shorter.")),
    "missing_variable": (
        _("A variable is not known, without which the template refuses."),
        _("Give the variable a default, or leave the user out."),
    ),
    "bad_variable": (_("A value is no text or number, or too long for a message."), _("Give a shorter one.")),
    "bad_link": (_("This link is not whole."), _("Open it from the message again, or write to support.")),
    "unknown_connector": (_("There is no such connector."), _("Reload the page and look again.")),
    "unknown_template": (_("There is no such template."), _("Choose one that is in force.")),
    "bad_secret": (_("A secret is not there, or cannot be used."), _("Mend what delivery.toml names.")),
    "host_not_allowed": (_("This host is not among the allowed ones."), _("Add it to allowed_hosts.")),
    "bad_url": (_("This address cannot be called."), _("Give an https address without user or password.")),
    "worker_lost": (
        _("The worker stopped without a word at every try."),
        _("Look into its log; it may have run out of memory."),
    ),
}


@dataclass(frozen=True)
class Told:
    """An error in the member's language. `detail`: what was seen, in English, where the message alone does not say it."""

    message: str
    hint: str
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self.hint, self.detail) if part)


def told(code: str, message: str, hint: str) -> Told:
    """An error as a member reads it."""
    if (translation.get_language() or "en").startswith("en") or code not in ERRORS:
        return Told(gettext(message) if message else "", gettext(hint) if hint else "")
    return Told(str(ERRORS[code][0]), str(ERRORS[code][1]), f"{message} {hint}".strip())


def told_error(error: SpringtideError) -> Told:
    """An error as a member reads it."""
    return told(error.code, error.message, error.hint)
