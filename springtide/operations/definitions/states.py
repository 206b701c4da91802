"""The moves a definition may make, and what each kind of definition needs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from springtide.operations.members import states as rights

MOVES: Final = {
    ("draft", "submit", "in_review"),  # from, move, to; kinds that need a second person
    ("in_review", "approve", "published"),
    ("in_review", "return", "draft"),
    ("in_review", "take_back", "draft"),
    ("in_review", "edit", "draft"),  # what was submitted is no longer what it says
    ("draft", "publish", "published"),  # kinds that need none
    ("draft", "drop", "dropped"),
    ("in_review", "drop", "dropped"),
    ("published", "retire", "retired"),  # taken out of force, or followed by the next version
}
STATES: Final = ("draft", "in_review", "published", "retired", "dropped")
OPEN: Final = ("draft", "in_review")

LARGEST_BODY: Final = 200_000  # characters; what grows with users lies in a file of its own, named by its hash

Body = Mapping[str, Any]
Check = Callable[[str, Body], None]  # key, body; refuses what cannot be used
CHECKS_ABOVE: Final[dict[str, Check]] = {}  # of kinds that a room above reads; it enters its check as its app comes up


@dataclass(frozen=True)
class Kind:
    """A kind of definition.

    sees        the right to read one
    edits       the right to write and publish one; asked with the tie `own` where the member wrote it
    approves    the right of the second person without whom it does not come into force; null where none is needed
    """

    key: str
    sees: str
    edits: str
    approves: str | None = None


KINDS: Final = {
    kind.key: kind
    for kind in (
        Kind("strata", "see_segments", "edit_segments", approves="approve_segments"),
        Kind("strategy", "see_segments", "edit_segments", approves="approve_segments"),
        Kind("segment", "see_segments", "edit_segments"),
        Kind("id_list", "see_segments", "edit_segments"),
        Kind("dashboard", rights.SEE_OVERVIEW, rights.SEE_OVERVIEW),  # how one arranges what one sees anyway
        Kind("annotation", rights.SEE_OVERVIEW, rights.ANSWER_SIGNALS),
        Kind("signal_owner", rights.SEE_OVERVIEW, rights.ANSWER_SIGNALS),
        Kind("signal_answer", rights.SEE_OVERVIEW, rights.ANSWER_SIGNALS),
        Kind("saved_question", rights.SEE_OVERVIEW, "edit_questions"),
        Kind("saved_query", "use_sql", "use_sql"),
        Kind("gate", rights.SEE_RISK_FLAG, rights.EDIT_GATES, approves=rights.DECIDE_RISK),
        Kind("risk_matrix", rights.SEE_RISK_FLAG, rights.EDIT_GATES, approves=rights.DECIDE_RISK),
        Kind("campaign_policy", rights.SEE_CAMPAIGNS, rights.EDIT_CAMPAIGNS, approves=rights.APPROVE_CAMPAIGNS),
        Kind("message_template", rights.SEE_CAMPAIGNS, rights.EDIT_CAMPAIGNS),  # the campaign that uses one is approved
    )
}
PERSONAL: Final = ("dashboard", "saved_query")  # nobody writes somebody else's; seen by others once `is_shared`
