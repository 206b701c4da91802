"""The words of the pages of rewards, and reading what their forms say."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import yaml
from django.utils.translation import gettext_lazy as _

from springtide.desk.words import Word
from springtide.kernel.errors import BadInput

KINDS: Final[dict[str, Word]] = {
    "cash": _("Cash"),
    "token": _("Token"),
    "trial_fund": _("Trial fund"),
    "fee_voucher": _("Fee voucher"),
    "rebate": _("Rebate"),
    "loss_cover": _("Loss cover"),
    "apy_boost": _("Interest boost"),
    "fee_tier_trial": _("Fee tier trial"),
    "points": _("Points"),
    "raffle": _("Raffle"),
}
BUDGET_KINDS: Final[dict[str, Word]] = {
    "plan": _("Plan"),
    "campaign": _("Campaign"),
    "stratum": _("Stratum"),
    "day": _("Day"),
}
STATES: Final[dict[str, Word]] = {
    "reserved": _("promised"),
    "granted": _("owed"),
    "active": _("in use"),
    "consumed": _("used up"),
    "expired": _("expired"),
    "revoked": _("revoked"),
    "clawed_back": _("taken back"),
    "released": _("lapsed"),
}
MOVES: Final[dict[str, Word]] = {
    "reserve": _("put aside"),
    "release": _("lapsed"),
    "grant": _("owed from now on"),
    "consume": _("used"),
    "expire": _("expired"),
    "revoke": _("revoked"),
    "claw_back": _("taken back"),
    "take_rest": _("what was left taken back"),
}
ACCOUNTS: Final[dict[str, Word]] = {
    "funding": _("funding"),
    "budget": _("budget"),
    "reserved": _("reserved"),
    "granted": _("granted"),
    "consumed": _("consumed"),
    "expired": _("expired"),
    "clawed_back": _("clawed back"),
}
PAYOUTS: Final[dict[str, Word]] = {
    "waiting": _("waits to be paid"),
    "held": _("held by a gate"),
    "sending": _("being paid"),
    "paid": _("paid"),
    "failed": _("refused by the exchange"),
    "unknown": _("nobody knows whether it was paid"),
    "cancelled": _("called off"),
}
GRANTS: Final[dict[str, Word]] = {
    "waiting": _("waits for approval"),
    "done": _("given"),
    "withdrawn": _("withdrawn"),
}
FILES: Final[dict[str, Word]] = {
    "made": _("made"),
    "handed_over": _("handed over"),
    "answered": _("answered"),
    "withdrawn": _("withdrawn"),
}
LIMITS: Final[dict[str, Word]] = {
    "operator_daily": _("What one member grants by hand in a day alone"),
    "one_approver": _("Up to here one other person is enough"),
    "risk_reward": _("A single reward above this needs risk control"),
    "own_budget": _("New money for a budget above this needs an approver"),
    "low_balance": _("Below this the paying account is low"),
}
DIFFERENCES: Final[dict[str, Word]] = {
    "missing_there": _("Paid by us, not known to the exchange"),
    "missing_here": _("Known to the exchange, never asked for by us"),
    "other_amount": _("Another amount"),
    "other_use": _("More was used than was granted"),
    "unexpected": _("Granted by the exchange, not paid by our books"),
}
REFUSALS: Final[dict[str, Word]] = {
    "deny": _("not allowed by the gates"),
    "review": _("waits for risk control"),
    "not_judged": _("not known to the gates"),
    "has_one": _("has one already, or a linked account has"),
    "offer_cap": _("has had as many as one may"),
    "not_beside": _("has another open reward"),
    "no_budget": _("the budget is used up"),
    "closed": _("the budget is closed"),
    "known": _("given already"),
    "over_offer": _("more than the offer gives"),
}


def terms(text: str) -> Mapping[str, Any]:
    """The terms that somebody wrote, one a line: `lock_days: 7`.

    refuses    bad_term
    """
    try:
        told = yaml.safe_load(text) or {}
    except yaml.YAMLError as bad:
        raise BadInput("The terms cannot be read.", "Write one a line, such as lock_days: 7", code="bad_term") from bad
    if not isinstance(told, dict):
        raise BadInput("The terms cannot be read.", "Write one a line, such as lock_days: 7", code="bad_term")
    return {str(name): Decimal(str(value)) if isinstance(value, float) else value for name, value in told.items()}
