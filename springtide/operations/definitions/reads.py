"""What screens and commands ask about definitions. `member` null: the machine itself, which sees everything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from springtide.kernel.errors import UnknownName, suggest
from springtide.operations.definitions import states
from springtide.operations.definitions.models import Definition
from springtide.operations.members.models import Member


@dataclass(frozen=True)
class DefinitionSeen:
    """One version as a screen shows it. `content_hash` goes back to an action as `seen`."""

    number: int  # what an approval calls it
    kind: str
    key: str
    version: int
    title: str
    body: Mapping[str, Any]
    content_hash: str
    state: str
    drafted_by: str
    drafted_at: datetime
    edited_by: str
    edited_at: datetime
    decided_by: str
    decided_at: datetime | None
    note: str
    is_own: bool  # the member who asks wrote it first
    may_edit: bool

    @property
    def is_open(self) -> bool:
        return self.state in states.OPEN


def definition(kind: str, key: str, member: Member | None = None, *, version: int | None = None) -> DefinitionSeen:
    """One definition: the version in force, or the `version` asked for.

    refuses    unknown_definition    there is none, or the member may not know of it
    """
    rows = _rows(kind, key).filter(version=version) if version is not None else _rows(kind, key).filter(state="published")
    if seen := _visible(rows, member):
        return seen[0]
    keys = [one.key for one in definitions(kind, member)]
    what = f"version {version} of {kind} '{key}'" if version is not None else f"{kind.replace('_', ' ')} '{key}' in force"
    raise UnknownName(f"There is no {what}.", suggest(key, keys), code="unknown_definition")


def draft(kind: str, key: str, member: Member | None = None) -> DefinitionSeen | None:
    """The open draft of a definition, if there is one that the member may see."""
    return next(iter(_visible(_rows(kind, key).filter(state__in=states.OPEN), member)), None)


def in_force(kind: str, key: str, member: Member | None = None) -> DefinitionSeen | None:
    """The version of a definition in force, if there is one that the member may see."""
    return next(iter(_visible(_rows(kind, key).filter(state="published"), member)), None)


def hash_in_force(kind: str, key: str, member: Member | None = None) -> str:
    """What goes to an action as `seen` by who means to replace whatever is in force; "" where nothing is."""
    standing = in_force(kind, key, member)
    return standing.content_hash if standing else ""


def definitions(
    kind: str, member: Member | None = None, *, among: Collection[str] = ("published",)
) -> tuple[DefinitionSeen, ...]:
    """The definitions of a kind in these states, by title."""
    return _visible(_rows(kind).filter(state__in=among).order_by("title", "key"), member)


def history(kind: str, key: str, member: Member | None = None) -> tuple[DefinitionSeen, ...]:
    """Every version of a definition, newest first."""
    return _visible(_rows(kind, key).order_by("-version"), member)


def numbered(number: int) -> DefinitionSeen:
    """The definition that an approval is about, for whoever may see the approval."""
    return _visible(_joined(Definition.objects.filter(pk=number)), None)[0]


def _rows(kind: str, key: str | None = None) -> QuerySet[Definition]:
    if kind not in states.KINDS:
        raise UnknownName(f"Nothing of the kind '{kind}' is defined here.", suggest(kind, states.KINDS), code="unknown_kind")
    rows = _joined(Definition.objects.filter(kind=kind))
    return rows if key is None else rows.filter(key=key)


def _joined(rows: QuerySet[Definition]) -> QuerySet[Definition]:
    return rows.select_related("drafted_by", "edited_by", "decided_by")


def _visible(rows: QuerySet[Definition], member: Member | None) -> tuple[DefinitionSeen, ...]:
    """Rows that the member may see. A personal thing is its writer's, and anybody's once it says `is_shared`."""
    found = list(rows)
    first = Definition.objects.filter(kind__in={row.kind for row in found}, key__in={row.key for row in found})
    writers: dict[tuple[str, str], int | None] = {}
    for kind, key, writer in first.order_by("version").values_list("kind", "key", "drafted_by"):
        writers.setdefault((kind, key), writer)
    seen = (_seen(row, member, is_own=member is not None and writers[row.kind, row.key] == member.pk) for row in found)
    return tuple(one for one in seen if member is None or _may_see(one, member))


def _may_see(seen: DefinitionSeen, member: Member) -> bool:
    is_shared = bool(seen.body.get("is_shared"))
    ties = (*(("own",) if seen.is_own else ()), *(("shared",) if is_shared else ()))
    return member.may(states.KINDS[seen.kind].sees, *ties) and (seen.kind not in states.PERSONAL or seen.is_own or is_shared)


def _seen(row: Definition, member: Member | None, *, is_own: bool) -> DefinitionSeen:
    kind = states.KINDS[row.kind]
    return DefinitionSeen(
        number=row.pk,
        kind=row.kind,
        key=row.key,
        version=row.version,
        title=row.title,
        body=row.body,
        content_hash=row.content_hash,
        state=row.state,
        drafted_by=_name(row.drafted_by),
        drafted_at=row.drafted_at,
        edited_by=_name(row.edited_by),
        edited_at=row.edited_at,
        decided_by=_name(row.decided_by),
        decided_at=row.decided_at,
        note=row.note,
        is_own=is_own,
        may_edit=member is None
        or (member.may(kind.edits, *(("own",) if is_own else ())) and (is_own or row.kind not in states.PERSONAL)),
    )


def _name(member: Member | None) -> str:
    return member.display_name if member else ""
