"""Risk control: from what its room says to what the pages show, in the member's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from springtide.analytics.foresight.benefit import Benefit
from springtide.analytics.foresight.gates import Gate
from springtide.analytics.foresight.hits import Hits, says
from springtide.analytics.foresight.matrix import Matrix
from springtide.desk import words
from springtide.desk.words import Word
from springtide.kernel.errors import BadInput
from springtide.operations.risk.reads import CaseSeen, GateSeen

FLAGS: Final[dict[str, Word]] = {
    "self_exclusion": gettext_lazy("Excluded themselves"),
    "cooling_off": gettext_lazy("Cooling off"),
    "sanctions": gettext_lazy("Sanctions"),
    "risk_hold": gettext_lazy("Held by risk control"),
    "no_promo": gettext_lazy("No promotions"),
    "vulnerable": gettext_lazy("To be treated with care"),
}
KINDS: Final[dict[str, Word]] = {"review": gettext_lazy("Review"), "appeal": gettext_lazy("Appeal")}
SAYS: Final[dict[str, Word]] = {"clear": gettext_lazy("cleared"), "deny": gettext_lazy("denied")}
VERDICTS: Final[dict[str, Word]] = {
    "allow": gettext_lazy("allowed"),
    "review": gettext_lazy("to be looked at"),
    "hold": gettext_lazy("held until somebody looked"),
    "deny": gettext_lazy("denied"),
}
REWARDS: Final[dict[str, Word]] = {
    "message": gettext_lazy("A message only"),
    "cash": gettext_lazy("Cash"),
    "token": gettext_lazy("Tokens"),
    "trial_fund": gettext_lazy("Trial fund"),
    "fee_voucher": gettext_lazy("Fee voucher"),
    "rebate": gettext_lazy("Rebate"),
    "loss_cover": gettext_lazy("Loss cover"),
    "apy_boost": gettext_lazy("Higher interest"),
    "fee_tier_trial": gettext_lazy("Trial of a fee tier"),
    "points": gettext_lazy("Points"),
    "raffle": gettext_lazy("Raffle"),
}
INSTRUMENTS: Final[dict[str, Word]] = {
    "spot": gettext_lazy("Spot"),
    "perpetual": gettext_lazy("Perpetuals"),
    "dated": gettext_lazy("Dated contracts"),
    "option": gettext_lazy("Options"),
    "earn": gettext_lazy("Earn"),
}
# What is known against a user, beside the columns that every profile has.
EVIDENCE: Final[dict[str, Word]] = {
    "cluster_no": gettext_lazy("Cluster"),
    "cluster_size": gettext_lazy("Linked users, with this one"),
    "is_cluster_hub_only": gettext_lazy("Linked by hubs alone"),
    "cluster_verdict": gettext_lazy("What the model says of the cluster"),
    "cluster_score": gettext_lazy("Score of the model"),
    "cluster_precision_ratio": gettext_lazy("Measured precision of such a verdict"),
    "referral_cycle_size": gettext_lazy("Users on a round of invitations"),
    "is_referred_within_cluster": gettext_lazy("Invited by a linked user"),
    "own_account_30d_usdt": gettext_lazy("Traded with themselves, 30 days"),
    "to_and_fro_30d_usdt": gettext_lazy("Traded to and fro, 30 days"),
    "hedge_30d_usdt": gettext_lazy("Opened against a linked user, 30 days"),
    "one_partner_30d_usdt": gettext_lazy("Traded with one partner, 30 days"),
    "one_partner_trades_30d": gettext_lazy("Fills with that partner"),
    "highest_leverage_30d": gettext_lazy("Highest leverage, 30 days"),
    "rewards_30d_usdt": gettext_lazy("Rewards, 30 days"),
    "cluster_rewards_30d_usdt": gettext_lazy("Rewards of the linked users, 30 days"),
    "expected_revenue_usdt": gettext_lazy("Net revenue expected of 90 days"),
    "amount_usdt": gettext_lazy("Would get"),
    "jurisdiction": gettext_lazy("Jurisdiction"),
    "matrix_verdict": gettext_lazy("What the matrix says"),
    "kyc_minimum": gettext_lazy("Least KYC level"),
    "is_sub_account": gettext_lazy("Sub-account"),
    "has_cashed_out": gettext_lazy("Took out what was locked"),
    "loss_90d_usdt": gettext_lazy("Loss on contracts, 90 days"),
    "task_volume_usdt": gettext_lazy("Volume of the task"),
    "task_excluded_usdt": gettext_lazy("Of it left out"),
    "task_minimum_usdt": gettext_lazy("Volume that the task asks for"),
    "is_self_excluded": FLAGS["self_exclusion"],
    "is_cooling_off": FLAGS["cooling_off"],
    "is_sanctioned": FLAGS["sanctions"],
    "is_on_risk_hold": FLAGS["risk_hold"],
    "is_no_promo": FLAGS["no_promo"],
    "is_vulnerable": FLAGS["vulnerable"],
}


@dataclass(frozen=True)
class ShownCase:
    """A case with its reasons in words, and its evidence as a table: one line a user."""

    seen: CaseSeen
    kind: str
    reasons: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    left_out: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class ShownGate:
    """What a gate says of a user: each clause with whether it holds and what it saw."""

    title: str
    verdict: str
    is_allowed: bool
    clauses: tuple[tuple[str, str, bool | None, str], ...]  # in words, the rule, does it hold, what it saw


def shown_case(seen: CaseSeen, gates: Sequence[Gate], language: str) -> ShownCase:
    columns = tuple(dict.fromkeys(name for told in seen.evidence.values() for name in told))
    return ShownCase(
        seen,
        str(KINDS[seen.kind]),
        tuple(says(code, gates).within(language) for code in seen.codes),
        tuple(map(_column, columns)),
        tuple((user, tuple(_value(told.get(name)) for name in columns)) for user, told in seen.evidence.items()),
        tuple(map(_column, seen.left_out)),
        str(SAYS.get(seen.says, "")),
    )


def shown_gates(seen: Sequence[GateSeen], language: str) -> tuple[ShownGate, ...]:
    return tuple(
        ShownGate(
            each.title.within(language),
            str(VERDICTS[each.verdict]),
            each.verdict == "allow",
            tuple(
                (clause.says.within(language), clause.rule, clause.holds, _saw(clause.seen, clause.left_out))
                for clause in each.clauses
            ),
        )
        for each in seen
    )


def shown_hits(found: Hits, gates: Sequence[Gate], language: str) -> dict[str, Any]:
    """The lines of the hit rates: gate, reason, verdict, users and their share; and what is not told."""
    titles = {gate.key: gate.title.within(language) for gate in gates}
    return {
        "found": found,
        "sentence": found.sentence(language),
        "hits": [
            (
                titles.get(hit.gate, ""),
                hit.says.within(language),
                str(VERDICTS[hit.verdict]),
                hit.users,
                _share(hit.users, found.users),
            )
            for hit in found.hits
        ],
        "silent": [(titles[hit.gate], hit.says.within(language), hit.mend.within(language)) for hit in found.silent],
    }


def definitions_of(gates: Sequence[Gate], language: str) -> list[dict[str, Any]]:
    """The gates in force for the page that shows them."""
    return [
        {
            "key": gate.key,
            "title": gate.title.within(language),
            "version": gate.version,
            "applies": gate.applies.text,
            "unknown": VERDICTS[gate.unknown],
            "is_cleared": gate.is_cleared_by_decision,
            "clauses": [(each.says.within(language), VERDICTS[each.verdict], each.rule.text) for each in gate.clauses],
        }
        for gate in gates
    ]


def matrix_rows(matrix: Matrix) -> list[dict[str, Any]]:
    """The rows of the matrix for the page that shows them."""
    return [
        {
            "where": ", ".join(sorted(row.where)),
            "instruments": ", ".join(str(INSTRUMENTS[each]) for each in INSTRUMENTS if each in row.instruments),
            "clients": ", ".join(sorted(row.clients)),
            "verdict": _MATRIX[row.verdict],
            "since": row.since,
            "until": row.until,
            "why": row.why,
        }
        for row in matrix.rows
    ]


def benefit_of(query: Mapping[str, str]) -> Benefit:
    """The benefit that an address or a form names; a message where it names none.

    refuses    unknown_reward, unknown_instrument, bad_amount
    """
    text = query.get("amount", "").strip() or "0"
    try:
        amount = Decimal(text) if len(text) < 20 else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and 0 <= amount <= 10**9):
        raise BadInput(f"'{text[:40]}' is no amount.", "Write it as 5 or 0.25.", code="bad_amount")
    moment = "payout" if query.get("moment") == "payout" else "audience"
    return Benefit(query.get("reward", "message"), query.get("instrument", "spot"), amount, moment)  # type: ignore[arg-type]


_MATRIX: Final[dict[str, Word]] = {
    "none": gettext_lazy("nothing"),
    "restricted": gettext_lazy("restricted: not before compliance says so"),
    "allowed": gettext_lazy("allowed"),
}


def _column(name: str) -> str:
    return str(EVIDENCE[name]) if name in EVIDENCE else words.column(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return "–" if value is None else f"{value:,.3g}" if isinstance(value, float) else str(value)


def _saw(seen: Sequence[tuple[str, Any]], left_out: Sequence[str]) -> str:
    told = [f"{_column(name)}: {_value(value)}" for name, value in seen]
    return "; ".join([*told, *(_("%(column)s: not open to you") % {"column": _column(name)} for name in left_out)])


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
