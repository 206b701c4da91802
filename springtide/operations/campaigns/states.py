"""The moves a campaign may make, who a member is to it, and how many must agree. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from springtide.analytics.decisions.policy import Limits
from springtide.operations.members import states as rights

KIND: Final = "campaign"  # of approvals
MOVES: Final = {
    ("draft", "submit", "in_review"),  # from, move, to
    ("in_review", "approve", "approved"),
    ("in_review", "return", "draft"),
    ("in_review", "edit", "draft"),  # what was submitted is no longer what it says
    ("approved", "reopen", "draft"),  # what was approved is not edited: it is drafted anew
    ("approved", "launch", "running"),
    ("running", "pause", "paused"),
    ("paused", "resume", "running"),
    ("paused", "revise", "draft"),  # the next version; who is under way keeps the one they began with
    ("running", "finish", "measuring"),  # nobody enters any more, nothing more is sent
    ("paused", "finish", "measuring"),
    ("running", "kill", "measuring"),  # the same, at once, and what waits to be sent is called back
    ("paused", "kill", "measuring"),
    ("measuring", "close", "closed"),
    ("draft", "cancel", "cancelled"),
    ("in_review", "cancel", "cancelled"),
    ("approved", "cancel", "cancelled"),
}
STATES: Final = ("draft", "in_review", "approved", "running", "paused", "measuring", "closed", "cancelled")
EDITABLE: Final = ("draft", "in_review")
LIVE: Final = "running"
ENTERED: Final = ("running", "paused", "measuring")  # states in which somebody may be under way or be measured
FIXED: Final = ("arms", "holdout_ratio", "entry", "exclusion_group", "measure")  # once somebody was assigned, these stay

RUN_MOVES: Final = {
    ("freezing", "freeze", "deciding"),  # its audience is fixed
    ("deciding", "decide", "sending"),  # every user of it has a decision
    ("sending", "send", "done"),  # everybody who was due is dealt with
    ("freezing", "stop", "stopped"),  # the campaign was killed, or its time was over before it began
    ("deciding", "stop", "stopped"),
    ("sending", "stop", "stopped"),
}
RUN_STATES: Final = ("freezing", "deciding", "sending", "done", "stopped")
UNDER_WAY: Final = ("freezing", "deciding", "sending")
VERDICTS: Final = ("sent", "refused", "control", "holdout", "entered")
TRAVELLER_MOVES: Final = {
    ("waiting", "go_on", "waiting"),
    ("waiting", "arrive", "done"),
    ("waiting", "leave", "left"),  # the goal was reached, or the campaign was killed
}
TRAVELLER_STATES: Final = ("waiting", "done", "left")
MOST_STEPS: Final = 100
BATCH: Final = 20_000  # users in one transaction

CONFIRMED_FOR: Final = timedelta(minutes=5)  # how long a password typed anew allows what cannot be undone
LARGEST_BODY: Final = 200_000  # characters


def after(state: str, move: str) -> str | None:
    """Where a move leads from a state; None where it is not open."""
    return next((to for start, name, to in MOVES if (start, name) == (state, move)), None)


def ties(*, is_own: bool, state: str) -> tuple[str, ...]:
    """What a member is to a campaign, in the words of the matrix of rights."""
    return (*(("own",) if is_own else ()), *(("drafts",) if is_own or state in EDITABLE else ()))


@dataclass(frozen=True)
class Asked:
    """An approval that a campaign needs: whose right, how many, and why."""

    right: str
    quorum: int
    why: str


def approvals_needed(
    limits: Limits, *, budget_usdt: Decimal, users: int | None, largest_reward_usdt: Decimal, is_fast: bool = False
) -> tuple[Asked, ...]:
    """Who must say yes. `users` null: the audience is not known beforehand, and counts as a large one unless it is fast-laned.

    `is_fast`: it is an approved template inside its audience, budget and offer.
    """
    reasons = []
    if budget_usdt > limits.second_approver_budget_usdt:
        reasons.append(f"a budget of {budget_usdt:f} USDT")
    if users is not None and users > limits.second_approver_users:
        reasons.append(f"{users:,} users")
    quorum = 2 if reasons and not is_fast else 1
    needed = [Asked(rights.APPROVE_CAMPAIGNS, quorum, " and ".join(reasons))]
    if largest_reward_usdt > limits.risk_approver_reward_usdt:
        needed.append(Asked(rights.DECIDE_RISK, 1, f"up to {largest_reward_usdt:f} USDT for one user"))
    return tuple(needed)
