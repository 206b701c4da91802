"""Every write of the definitions room.

`seen` is the content hash of the open draft (or, where there is none, of the version in force) as the member saw it, "" where there
was none. Somebody who changed it meanwhile is not overwritten: `moved_already`. `acting` is null at the machine's own command line,
which may write and publish, and never be the second person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from springtide.kernel.errors import Refused, UnknownName, suggest
from springtide.kernel.ids import content_hash
from springtide.operations.definitions import files, states
from springtide.operations.definitions.checks import CHECKS, columns_asked, named_by
from springtide.operations.definitions.models import Definition
from springtide.operations.members import approvals
from springtide.operations.members.actions import audit
from springtide.operations.members.fields import refuse_closed
from springtide.operations.members.models import Member

_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@transaction.atomic
def save_draft(
    kind: str, key: str, *, title: str, body: Mapping[str, Any], acting: Member | None, now: datetime, seen: str = ""
) -> Definition:
    """Write the next version of a definition, or go on writing it; nothing comes into force. Saved as it was, it is no edit.

    writes     one draft, or a changed one, which is no longer in review; one audit row
    refuses    not_allowed, unknown_kind, bad_key, bad_title, bad_body, and what the kind's own reader refuses
               column_not_open    it picks users by a column that the member may not see
               moved_already    somebody changed it since it was `seen`
    """
    return _written(kind, key, title, body, acting, now, seen)


@transaction.atomic
def publish_definition(
    kind: str, key: str, *, title: str, body: Mapping[str, Any], acting: Member | None, now: datetime, seen: str = ""
) -> Definition:
    """Write a definition and put it in force at once. What is in force already is not published again.

    writes     one version in force; the one before it retired; one audit row; after the commit the file
    refuses    as `save_draft`, and
               needs_approval    a second person must approve this kind: submit it
    """
    if _kind(kind).approves:
        raise Refused(
            f"A {_named(kind)} comes into force once somebody else approved it.",
            "Submit it for approval.",
            code="needs_approval",
        )
    in_force = Definition.objects.filter(kind=kind, key=key, state="published").first()
    if in_force and in_force.content_hash == _hash(kind, key, title, body) and not _open(kind, key):
        _refuse_unless_may_edit(kind, key, acting)
        return in_force
    draft = _written(kind, key, title, body, acting, now, seen, action=None)
    _publish(draft, "draft", "publish_definition", acting, now)
    return draft


@transaction.atomic
def submit_definition(kind: str, key: str, *, acting: Member, now: datetime, seen: str) -> Definition:
    """Ask for the approval of the draft as it was seen. Asked again it is one question, and one that ran out is asked anew.

    writes     the draft, now in review; one approval; audit rows
    refuses    not_allowed      the member may not edit this kind
               no_draft         there is nothing to submit
               move_not_open    it needs nobody's approval
               moved_already    the draft is not what was `seen`
               no_approver      nobody who had no hand in it could approve it
    """
    _refuse_unless_may_edit(kind, key, acting)
    draft = _require_draft(kind, key)
    right = states.KINDS[kind].approves
    if right is None:
        raise Refused(f"A {_named(kind)} needs nobody's approval.", "Publish it.", code="move_not_open")
    _refuse_other_content(draft, seen)
    if draft.state == "draft":
        _move(draft, "submit", seen, now=now)
        _audited("submit_definition", draft, acting, now, was="draft")
    hands = [member for member in (draft.drafted_by, draft.edited_by) if member]
    approvals.ask_approval(kind, draft.pk, seen, title=draft.title, right=right, acting=acting, excluded=hands, now=now)
    return draft


@transaction.atomic
def approve_definition(kind: str, key: str, *, acting: Member, now: datetime, seen: str, note: str = "") -> Definition:
    """Approve a draft in review with exactly the content that was `seen`, and put it in force.

    writes     one version in force; the one before it retired; the approval; audit rows; after the commit the file
    refuses    not_allowed      the member may not approve this kind
               four_eyes        the member wrote it, edited it last, or asked for it
               expired          nobody answered in time
               no_draft, move_not_open, moved_already
    """
    draft = _require_draft(kind, key)
    _refuse_unless_second(draft, acting)
    _refuse_other_content(draft, seen)
    _check(kind, key, draft.title, draft.body)  # the world may have moved since it was written
    approvals.approve(_question(draft), seen=seen, acting=acting, now=now, note=note)
    _publish(draft, "in_review", "approve_definition", acting, now)
    return draft


@transaction.atomic
def return_definition(kind: str, key: str, *, note: str, acting: Member, now: datetime, seen: str) -> Definition:
    """Give a draft in review back to who wrote it, with a word why.

    writes     the draft, no longer in review; the approval, returned; audit rows
    refuses    not_allowed, four_eyes, expired, no_draft, move_not_open, moved_already
               no_reason    no word why
    """
    draft = _require_draft(kind, key)
    _refuse_unless_second(draft, acting)
    _refuse_other_content(draft, seen)
    approvals.return_(_question(draft), seen=seen, acting=acting, now=now, note=note)
    _move(draft, "return", seen, now=now, note=note.strip()[:400], decided_by=acting, decided_at=now)
    _audited("return_definition", draft, acting, now, was="in_review", note=draft.note)
    return draft


@transaction.atomic
def take_back_definition(kind: str, key: str, *, acting: Member, now: datetime) -> Definition:
    """Take one's own question back: the draft can be written on, and nobody approves it.

    writes     the draft, no longer in review; the approval, void; audit rows
    refuses    no_draft, move_not_open
               unknown_approval    somebody else asked
    """
    draft = _require_draft(kind, key)
    approvals.withdraw_approval(_question(draft), acting=acting, now=now)
    _move(draft, "take_back", draft.content_hash, now=now)
    _audited("take_back_definition", draft, acting, now, was="in_review")
    return draft


@transaction.atomic
def drop_draft(kind: str, key: str, *, acting: Member | None, now: datetime, seen: str) -> None:
    """Throw an open draft away; what is in force stays in force.

    writes     the draft, dropped; one audit row
    refuses    not_allowed, no_draft, moved_already
    """
    _refuse_unless_may_edit(kind, key, acting)
    draft = _require_draft(kind, key)
    was = draft.state
    approvals.void_changed(kind, draft.pk, "", acting=acting, now=now)
    _move(draft, "drop", seen, now=now, decided_by=acting, decided_at=now)
    _audited("drop_draft", draft, acting, now, was=was)


@transaction.atomic
def retire_definition(kind: str, key: str, *, acting: Member | None, now: datetime, seen: str) -> None:
    """Take a definition out of force. Its versions stay on record.

    writes     the version, retired; one audit row; after the commit the file is gone
    refuses    not_allowed       the member may not edit this kind
               needs_approval    a kind that a second person approves: publish what shall be in force instead
               not_in_force      there is no version in force, or another than was `seen`
               named_by_others   a segment in force names it
    """
    _refuse_unless_may_edit(kind, key, acting)
    if states.KINDS[kind].approves:
        raise Refused(
            f"A {_named(kind)} is not taken out of force by one person.",
            "Submit a version that says what shall be in force instead.",
            code="needs_approval",
        )
    if others := named_by(kind, key):
        raise Refused(
            f"{_named(kind).capitalize()} '{key}' is named by {', '.join(others)}.",
            "Change or retire these first.",
            code="named_by_others",
        )
    as_seen = Definition.objects.filter(kind=kind, key=key, state="published", content_hash=seen)
    retired = as_seen.first()
    if retired is None or not as_seen.update(state="retired", decided_by=acting, decided_at=now):
        raise Refused(f"{_named(kind).capitalize()} '{key}' is not in force as you saw it.", "Reload.", code="not_in_force")
    retired.state = "retired"
    _audited("retire_definition", retired, acting, now, was="published")
    transaction.on_commit(partial(files.take_out_of_force, kind, key))


# --- how


def _written(
    kind: str,
    key: str,
    title: str,
    body: Mapping[str, Any],
    acting: Member | None,
    now: datetime,
    seen: str,
    action: str | None = "save_draft",
) -> Definition:
    _refuse_unless_may_edit(kind, key, acting)
    title = " ".join(title.split())
    _check(kind, key, title, body)
    if acting is not None:
        refuse_closed(acting, columns_asked(kind, key, body))
    content = _hash(kind, key, title, body)
    # Counted before it is looked: who writes between the two takes this number, and ours is refused.
    version = files.highest_version(kind, key) + 1
    draft = _open(kind, key)
    standing = draft or Definition.objects.filter(kind=kind, key=key, state="published").first()
    if draft and draft.content_hash == content:
        return draft
    if seen != (standing.content_hash if standing else ""):
        raise _moved(kind, key)
    if draft:
        was = draft.state
        changes = {"title": title, "body": dict(body), "content_hash": content, "note": "", "state": "draft"}
        as_seen = Definition.objects.filter(pk=draft.pk, state=was, content_hash=draft.content_hash)
        if not as_seen.update(**changes, edited_by=acting, edited_at=now):
            raise _moved(kind, key)
        approvals.void_changed(kind, draft.pk, content, acting=acting, now=now)
        draft.refresh_from_db()
    else:
        was = ""
        hands = {"drafted_by": acting, "drafted_at": now, "edited_by": acting, "edited_at": now}
        draft = Definition(kind=kind, key=key, version=version, title=title, body=dict(body), content_hash=content, **hands)
        try:
            with transaction.atomic():
                draft.save(force_insert=True)
        except IntegrityError as taken:
            raise _moved(kind, key) from taken
    if action:
        _audited(action, draft, acting, now, was=was)
    return draft


def _publish(draft: Definition, was: str, action: str, acting: Member | None, now: datetime) -> None:
    Definition.objects.filter(kind=draft.kind, key=draft.key, state="published").update(state="retired", decided_at=now)
    move = "approve" if was == "in_review" else "publish"
    _move(draft, move, draft.content_hash, now=now, decided_by=acting, decided_at=now)
    _audited(action, draft, acting, now, was=was)
    transaction.on_commit(partial(files.put_in_force, draft))


def _move(draft: Definition, move: str, seen: str, *, now: datetime, **changes: Any) -> None:
    """Compare and set: the draft is as it was seen, and the move is open to it, or nothing happens."""
    becomes = next((to for state, name, to in states.MOVES if (state, name) == (draft.state, move)), None)
    if becomes is None:
        raise Refused(f"It is {draft.state.replace('_', ' ')}.", "Reload and look again.", code="move_not_open")
    _refuse_other_content(draft, seen)
    as_seen = Definition.objects.filter(pk=draft.pk, state=draft.state, content_hash=seen)
    if not as_seen.update(state=becomes, **changes):
        raise _moved(draft.kind, draft.key)
    for name, value in {"state": becomes, **changes}.items():
        setattr(draft, name, value)


def _refuse_other_content(draft: Definition, seen: str) -> None:
    if draft.content_hash != seen:
        raise _moved(draft.kind, draft.key)


def _kind(kind: str) -> states.Kind:
    if kind not in states.KINDS:
        raise UnknownName(f"Nothing of the kind '{kind}' is defined here.", suggest(kind, states.KINDS), code="unknown_kind")
    return states.KINDS[kind]


def _check(kind: str, key: str, title: str, body: Mapping[str, Any]) -> None:
    if not _KEY.fullmatch(key):
        raise Refused(
            f"'{key}' cannot be a key.",
            "Use 1 to 64 of a-z, 0-9, underscore, dot and dash, beginning with a letter or a digit.",
            code="bad_key",
        )
    if not title or len(title) > 200:
        raise Refused("It has no title, or one of more than 200 characters.", "Give it a short title.", code="bad_title")
    try:
        length = len(json.dumps(body, allow_nan=False))
    except (TypeError, ValueError) as bad:
        raise Refused(f"The body is no JSON: {bad}.", "Give plain texts, numbers, lists and keys.", code="bad_body") from bad
    if length > states.LARGEST_BODY or {"key", "version"} & set(body):
        raise Refused(
            f"The body has {length} characters, or says its own key or version.",
            f"At most {states.LARGEST_BODY} characters; key and version are given to it.",
            code="bad_body",
        )
    if check := CHECKS.get(kind) or states.CHECKS_ABOVE.get(kind):
        check(key, body)


def _hash(kind: str, key: str, title: str, body: Mapping[str, Any]) -> str:
    return content_hash([kind, key, " ".join(title.split()), body])


def _question(draft: Definition) -> int:
    """The approval that waits for a draft in review."""
    asked = approvals.question_about(draft.kind, draft.pk) if draft.state == "in_review" else None
    if asked is None:
        raise Refused("It does not wait for an approval.", "Submit it first.", code="move_not_open")
    return asked


def _open(kind: str, key: str) -> Definition | None:
    return Definition.objects.filter(kind=kind, key=key, state__in=states.OPEN).first()


def _require_draft(kind: str, key: str) -> Definition:
    _kind(kind)
    if draft := _open(kind, key):
        return draft
    raise Refused(f"There is no open draft of {_named(kind)} '{key}'.", "Write one first.", code="no_draft")


def _refuse_unless_may_edit(kind: str, key: str, acting: Member | None) -> None:
    right = _kind(kind).edits
    if acting is None:
        return
    first = Definition.objects.filter(kind=kind, key=key).order_by("version").first()
    is_own = first is None or first.drafted_by_id == acting.pk
    if not acting.may(right, *(("own",) if is_own else ())) or (kind in states.PERSONAL and not is_own):
        raise Refused(f"You may not write this {_named(kind)}.", "Ask a manager or an analyst.", code="not_allowed")


def _refuse_unless_second(draft: Definition, acting: Member) -> None:
    right = states.KINDS[draft.kind].approves
    if right is None or not acting.may_some(right):
        raise Refused(f"You may not decide on a {_named(draft.kind)}.", "Ask an approver or a manager.", code="not_allowed")
    if acting.pk in (draft.drafted_by_id, draft.edited_by_id):
        raise Refused("You wrote this or edited it last.", "Ask another member who may approve.", code="four_eyes")


def _moved(kind: str, key: str) -> Refused:
    return Refused(f"Somebody changed {_named(kind)} '{key}' meanwhile.", "Reload it and look again.", code="moved_already")


def _named(kind: str) -> str:
    return kind.replace("_", " ")


def _audited(action: str, definition: Definition, acting: Member | None, now: datetime, *, was: str, **more: str) -> None:
    details = {"version": definition.version, "content": definition.content_hash, **more}
    subject = f"{definition.kind} {definition.key}"
    audit(action, subject=subject, acting=acting, now=now, was=was, becomes=definition.state, details=details)
