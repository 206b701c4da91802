"""Rights and who has them, which columns need one, and how long somebody who guesses passwords must wait. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

ROLES: Final = ("manager", "operator", "analyst", "qc_reviewer", "approver", "collaborator", "admin")
DEPARTMENTS: Final = ("marketing", "product", "risk", "channel")  # whose collaborators they are
LANGUAGES: Final = ("en", "zh-hans")

Cell = frozenset[str]  # of which things; see rights.txt


def _read(text: str) -> dict[str, dict[str, Cell]]:
    """The matrix: right → role → cell."""
    head, *lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if tuple(head[1:]) != ROLES:
        raise ValueError(f"rights.txt has the columns {head}")
    return {
        right: {role: frozenset(cell.split("/")) - {"-"} for role, cell in zip(ROLES, cells, strict=True)}
        for right, *cells in lines
    }


MATRIX: Final = _read((Path(__file__).parent / "rights.txt").read_text(encoding="utf-8"))
RIGHTS: Final = tuple(MATRIX)

# Their names, so that a wrong one is found before it runs; a test holds them to the matrix.
SEE_OVERVIEW: Final = "see_overview"
EDIT_QUESTIONS: Final = "edit_questions"
ANSWER_SIGNALS: Final = "answer_signals"  # and note what happened beside them
SEE_USER: Final = "see_user"
SEE_USERS: Final = "see_users"
WORK_USERS: Final = "work_users"
EXPORT_USERS: Final = "export_users"
SEE_MONEY: Final = "see_money"
SEE_PERSONAL: Final = "see_personal"
SEE_RISK: Final = "see_risk"
SEE_BONUS: Final = "see_bonus"
SEE_SEGMENTS: Final = "see_segments"
EDIT_SEGMENTS: Final = "edit_segments"
RATE_SEGMENTS: Final = "rate_segments"
APPROVE_SEGMENTS: Final = "approve_segments"
USE_SQL: Final = "use_sql"
SEE_CAMPAIGNS: Final = "see_campaigns"
SEE_CALENDAR: Final = "see_calendar"
SEE_TOTALS: Final = "see_totals"
EDIT_CAMPAIGNS: Final = "edit_campaigns"
SEND_SERVICE: Final = "send_service"  # messages that pass over consent, caps and quiet hours
RATE_CAMPAIGNS: Final = "rate_campaigns"
APPROVE_CAMPAIGNS: Final = "approve_campaigns"
STOP_CAMPAIGNS: Final = "stop_campaigns"
SEE_BUDGETS: Final = "see_budgets"
GRANT_REWARDS: Final = "grant_rewards"
APPROVE_REWARDS: Final = "approve_rewards"
SEE_RISK_FLAG: Final = "see_risk_flag"
DECIDE_RISK: Final = "decide_risk"
EDIT_GATES: Final = "edit_gates"  # and the matrix; they come into force once somebody of risk control approved
SEE_TASKS: Final = "see_tasks"
EDIT_TASKS: Final = "edit_tasks"
ASSIGN_TASKS: Final = "assign_tasks"
SEE_SHIFTS: Final = "see_shifts"
EDIT_SHIFTS: Final = "edit_shifts"
SEE_SOPS: Final = "see_sops"
EDIT_SOPS: Final = "edit_sops"
SUGGEST_SOPS: Final = "suggest_sops"
RUN_SOPS: Final = "run_sops"
ACKNOWLEDGE_SOPS: Final = "acknowledge_sops"
APPROVE_SOPS: Final = "approve_sops"
SIGN_OFF_SOPS: Final = "sign_off_sops"
SEE_REVIEWS: Final = "see_reviews"
SEE_REVIEW_TOTALS: Final = "see_review_totals"
EDIT_REVIEWS: Final = "edit_reviews"
DISPUTE_REVIEWS: Final = "dispute_reviews"
APPROVE_QC_PLANS: Final = "approve_qc_plans"
SEE_SCORECARDS: Final = "see_scorecards"
EDIT_SCORECARDS: Final = "edit_scorecards"
COMPUTE_SCORECARDS: Final = "compute_scorecards"
SCORE_SCORECARDS: Final = "score_scorecards"
APPROVE_BONUS: Final = "approve_bonus"
SEE_PLANS: Final = "see_plans"
EDIT_PLANS: Final = "edit_plans"
COMMENT_PLANS: Final = "comment_plans"
APPROVE_PLANS: Final = "approve_plans"
SEE_PLAYBOOKS: Final = "see_playbooks"
EDIT_PLAYBOOKS: Final = "edit_playbooks"
APPROVE_PLAYBOOKS: Final = "approve_playbooks"
SEE_REQUESTS: Final = "see_requests"
EDIT_REQUESTS: Final = "edit_requests"
APPROVE_REQUESTS: Final = "approve_requests"
SEE_REPORTS: Final = "see_reports"
EDIT_REPORTS: Final = "edit_reports"
EDIT_DELIVERY: Final = "edit_delivery"
SEE_DATA: Final = "see_data"
SEE_ROWS: Final = "see_rows"
IMPORT_DATA: Final = "import_data"
SEE_SCHEDULES: Final = "see_schedules"
EDIT_SCHEDULES: Final = "edit_schedules"
SEE_AUDIT: Final = "see_audit"
SEE_MEMBERS: Final = "see_members"
PROPOSE_MEMBERS: Final = "propose_members"
APPROVE_MEMBERS: Final = "approve_members"
SWITCH_OFF_MEMBERS: Final = "switch_off_members"
MAKE_TOKENS: Final = "make_tokens"

TOKEN_KINDS: Final = ("api", "list")
# What a token may carry. Who approves, proposes or switches off a member is there in person, and no token makes another.
TOKEN_RIGHTS: Final = tuple(
    right
    for right in MATRIX
    if not right.startswith("approve_") and right not in (PROPOSE_MEMBERS, SWITCH_OFF_MEMBERS, MAKE_TOKENS)
)
TOKEN_DAYS: Final = (1, 365)  # how long a token may live
MOST_TOKENS: Final = 20  # that one member may hold at a time

APPROVAL_MOVES: Final = {
    ("open", "approve", "approved"),  # from, move, to; once the quorum is full
    ("open", "return", "returned"),
    ("open", "void", "void"),  # the content changed, or the asker took it back
    ("approved", "void", "void"),
}
APPROVAL_STATES: Final = ("open", "approved", "returned", "void")
STANDING: Final = ("open", "approved")  # a thing has one of these at a time
ASKED_FOR: Final = timedelta(days=14)  # how long the question waits
APPROVED_FOR: Final = timedelta(days=30)  # how long a yes holds, when what it allows has not begun

PROPOSAL_STATES: Final = ("proposed", "done", "withdrawn")

# Wrong passwords allowed before the first wait. One name from one address is somebody who forgot; one name from everywhere, or
# one address with many names, is somebody who guesses.
FREE_FAILURES: Final = {"pair": 5, "name": 20, "address": 20}
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=24)


def reach(right: str, role: str, *, department: str = "", granted: Collection[str] = ()) -> Cell:
    """Of which things somebody of this role has `right`: `all`, `others`, ties such as `own`, or nothing at all.

    What stands for a department or for a name is resolved: it becomes `all` for whom it is meant, and nothing for anybody else.
    """
    cell = MATRIX[right].get(role, frozenset())
    words = cell - {"named", *DEPARTMENTS}
    is_meant = (department in DEPARTMENTS and department in cell) or ("named" in cell and right in granted)
    return words | {"all"} if is_meant else words


def named_for(role: str) -> Cell:
    """The rights that a member of this role may be given by name."""
    return frozenset(right for right, cells in MATRIX.items() if "named" in cells.get(role, ()))


def reaches(cell: Cell, ties: Collection[str]) -> bool:
    """True when a cell covers a thing to which the member has these ties."""
    return "all" in cell or ("others" in cell and "own" not in ties) or not cell.isdisjoint(ties)


# What a column says of a single user, and the right to see it. Columns that no line names are open to whoever may see the user.
_MONEY_ENDS: Final = "_usdt"
_PERSONAL: Final = frozenset(
    {"jurisdiction", "timezone", "referrer_user_id", "inviter_id", "invitee_id", "master_user_id", "address", "contact"}
)
_RISK: Final = frozenset({"bonus_marked_on", "days_since_bonus_mark"})
_RISK_BEGINS: Final = ("risk_", "linked_", "cluster_", "restriction_", "link_")


def field_right(column: str) -> str | None:
    """The right that a column of a single user needs: money, personal data, reasons of risk; None where it needs none."""
    if column in _RISK or column.startswith(_RISK_BEGINS):
        return SEE_RISK
    if column in _PERSONAL:
        return SEE_PERSONAL
    return SEE_MONEY if column.endswith(_MONEY_ENDS) else None


def wait_after(kind: str, failures: int) -> timedelta:
    """How long the next try must wait after this many failures in a row: nothing at first, then doubling."""
    over = failures - FREE_FAILURES[kind]
    if over < 0:
        return timedelta()
    return min(FIRST_WAIT * 2.0 ** min(over, 10), LONGEST_WAIT)


def counted(failures: int, last_at: datetime, now: datetime) -> int:
    """Failures that still count at `now`: a day without any forgets them."""
    return 0 if now - last_at >= FORGOTTEN_AFTER else failures
