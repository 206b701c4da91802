"""What screens and commands ask about campaigns. `member` null: the machine itself, which sees everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from springtide.kernel.errors import UnknownName, suggest
from springtide.operations.campaigns import states
from springtide.operations.campaigns.definition import Definition, read_definition
from springtide.operations.campaigns.models import Campaign, Version
from springtide.operations.members import states as rights
from springtide.operations.members.models import Approval, Member


@dataclass(frozen=True)
class ApprovalWaits:
    """An approval that a campaign needs: which right, how many said yes of how many, and how it stands."""

    id: int
    right: str
    title: str
    state: str
    given: int
    quorum: int


@dataclass(frozen=True)
class CampaignSeen:
    """A campaign as a screen shows it. `content_hash` goes back to an action as `seen`; `moves`: what this member may do now."""

    id: int
    key: str
    title: str
    state: str
    body: Mapping[str, Any]
    content_hash: str
    definition: Definition
    version: int  # of the last launch; 0: never
    drafted_by: str
    drafted_at: datetime
    edited_by: str
    edited_at: datetime
    ended_at: datetime | None
    note: str
    is_own: bool
    approvals: tuple[ApprovalWaits, ...]
    moves: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        told = {name.name: getattr(self, name.name) for name in fields(self) if name.name != "definition"}
        times = {name: value.isoformat() for name, value in told.items() if isinstance(value, datetime)}
        return {**told, **times, "approvals": [vars(each) for each in self.approvals], "moves": list(self.moves)}


# Which right a move needs; approving and returning are answered in the inbox of approvals.
_MAY: Mapping[str, str] = {
    "edit": rights.EDIT_CAMPAIGNS,
    "submit": rights.EDIT_CAMPAIGNS,
    "reopen": rights.EDIT_CAMPAIGNS,
    "launch": rights.EDIT_CAMPAIGNS,
    "resume": rights.EDIT_CAMPAIGNS,
    "revise": rights.EDIT_CAMPAIGNS,
    "cancel": rights.EDIT_CAMPAIGNS,
    "close": rights.EDIT_CAMPAIGNS,
    "pause": rights.STOP_CAMPAIGNS,
    "finish": rights.STOP_CAMPAIGNS,
    "kill": rights.STOP_CAMPAIGNS,
}


def campaign(key: str, member: Member | None = None) -> CampaignSeen:
    """One campaign.

    refuses    unknown_campaign    there is none, or the member may not know of it
    """
    found = handle(key, member)
    return _seen(found, member)


def handle(key: str, member: Member | None = None) -> Campaign:
    """One campaign, as the handle that a view passes to an action.

    refuses    unknown_campaign    there is none, or the member may not know of it
    """
    found = Campaign.objects.select_related("drafted_by", "edited_by").filter(key=key).first()
    if found is None or not _may_see(found, member):
        keys = [] if member and not member.may(rights.SEE_CAMPAIGNS) else Campaign.objects.values_list("key", flat=True)
        raise UnknownName(f"There is no campaign '{key}'.", suggest(key, keys), code="unknown_campaign")
    return found


def campaigns(member: Member | None = None, *, among: tuple[str, ...] = states.STATES) -> tuple[CampaignSeen, ...]:
    """The campaigns in these states that the member may see, the newest first."""
    rows: QuerySet[Campaign] = (
        Campaign.objects.filter(state__in=among).select_related("drafted_by", "edited_by").order_by("-pk")
    )
    return tuple(_seen(each, member) for each in rows if _may_see(each, member))


def difference(number: int) -> tuple[tuple[str, str, str], ...]:
    """What approving a campaign would change against its last launch: (what, was, becomes); all of it, where it never ran."""
    found = Campaign.objects.get(pk=number)
    last = found.versions.order_by("-number").first()
    was = _flat({"title": last.title, **last.body} if last else {})
    becomes = _flat({"title": found.title, **found.body})
    names = dict.fromkeys((*becomes, *was))
    return tuple((name, was.get(name, ""), becomes.get(name, "")) for name in names if was.get(name) != becomes.get(name))


def definition_of(version: Version) -> Definition:
    """What a version says."""
    return read_definition(version.title, version.body)


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Every leaf of a body by its path, as people read it."""
    if isinstance(value, Mapping):
        entries = ((f"{path}.{key}".lstrip("."), each) for key, each in value.items())
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        entries = ((f"{path}.{_named(each, number)}", each) for number, each in enumerate(value, 1))
    else:
        return {path: ", ".join(map(str, value)) if isinstance(value, list) else str(value)}
    return {leaf: said for below, each in entries for leaf, said in _flat(each, below).items()}


def _named(entry: Any, number: int) -> str:
    return str(entry.get("key", number)) if isinstance(entry, Mapping) else str(number)


def _may_see(campaign: Campaign, member: Member | None) -> bool:
    return member is None or member.may(rights.SEE_CAMPAIGNS)


def _seen(row: Campaign, member: Member | None) -> CampaignSeen:
    is_own = member is not None and row.drafted_by_id == member.pk
    ties = states.ties(is_own=is_own, state=row.state)
    moves = tuple(
        move
        for start, move, _ in sorted(states.MOVES)
        if start == row.state and move in _MAY and (member is None or member.may(_MAY[move], *ties))
    )
    also = ("edit",) if row.state == "draft" and (member is None or member.may(rights.EDIT_CAMPAIGNS, *ties)) else ()
    asked = Approval.objects.filter(kind=states.KIND, number=row.pk, content_hash=row.content_hash).exclude(state="void")
    return CampaignSeen(
        id=row.pk,
        key=row.key,
        title=row.title,
        state=row.state,
        body=row.body,
        content_hash=row.content_hash,
        definition=read_definition(row.title, row.body),
        version=row.versions.count(),
        drafted_by=row.drafted_by.display_name,
        drafted_at=row.drafted_at,
        edited_by=row.edited_by.display_name,
        edited_at=row.edited_at,
        ended_at=row.ended_at,
        note=row.note,
        is_own=is_own,
        approvals=tuple(
            ApprovalWaits(each.pk, each.right, each.title, each.state, each.given, each.quorum) for each in asked.order_by("pk")
        ),
        moves=tuple(sorted({*moves, *also})),
    )
