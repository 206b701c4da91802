"""Every write of the members room."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from springtide.kernel.errors import Refused, UnknownName, suggest
from springtide.operations.members import states
from springtide.operations.members.models import AuditHead, AuditRow, Member, SignInTry

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


@dataclass(frozen=True)
class Founder:
    """The first manager and the password, which is shown once and stored only as a hash."""

    username: str
    password: str


@transaction.atomic
def create_member(
    *,
    username: str,
    display_name: str,
    role: str,
    password: str,
    now: datetime,
    department: str = "",
    language: str = "en",
    granted_rights: Iterable[str] = (),
) -> Member:
    """Add a member, for somebody at the machine's own command line; who works in the console proposes one (`proposals.py`).

    writes     one member; one audit row
    refuses    bad_username      not 2 to 64 of a-z, 0-9, dot, dash, underscore
               unknown_role, unknown_department, unknown_language
               unknown_right     a right that nobody is given by name, or that this role cannot have
               weak_password     short, common, all digits, or like the name
               username_taken    another member has this name
    """
    granted = sorted(set(granted_rights))
    refuse_bad_member(username=username, role=role, department=department, language=language, granted_rights=granted)
    member = Member(
        username=username,
        display_name=display_name.strip() or username,
        role=role,
        department=department,
        language=language,
        granted_rights=granted,
        joined_at=now,
    )
    set_password(member, password)
    try:
        with transaction.atomic():
            member.save(force_insert=True)
    except IntegrityError as taken:
        raise Refused(f"There is a member '{username}' already.", "Choose another name.", code="username_taken") from taken
    details = {"rights": granted, **({"department": department} if department else {})}
    audit("create_member", subject=f"member {username}", acting=None, now=now, becomes=role, details=details)
    return member


def refuse_bad_member(
    *, username: str, role: str, department: str, language: str = "en", granted_rights: Iterable[str] = ()
) -> None:
    """Refuse a member that cannot be.

    refuses    bad_username, unknown_role, unknown_department, unknown_language, unknown_right
    """
    if not _USERNAME.fullmatch(username):
        raise Refused(
            f"'{username}' cannot be a user name.",
            "Use 2 to 64 of a-z, 0-9, dot, dash and underscore, beginning with a letter or a digit.",
            code="bad_username",
        )
    named = states.named_for(role)
    for value, allowed, code in [
        (role, states.ROLES, "unknown_role"),
        (department, ("", *states.DEPARTMENTS) if role == "collaborator" else ("",), "unknown_department"),
        (language, states.LANGUAGES, "unknown_language"),
        *((right, named, "unknown_right") for right in granted_rights),
    ]:
        if value not in allowed:
            raise Refused(
                f"There is no {code.removeprefix('unknown_')} '{value}' for a member of this kind.",
                suggest(value, allowed) or "Leave it out.",
                code=code,
            )


def found(*, now: datetime, username: str = "manager") -> Founder | None:
    """Make the first manager with a random password, or nothing when there are members already."""
    with transaction.atomic():
        if Member.objects.exists():
            return None
        password = secrets.token_urlsafe(12)
        create_member(username=username, display_name="Manager", role="manager", password=password, now=now)
    return Founder(username, password)


@transaction.atomic
def change_password(member: Member, *, old: str, new: str, now: datetime) -> None:
    """Change one's own password.

    refuses    wrong_password    `old` is not the present one
               weak_password     short, common, all digits, or like the name
    """
    if not member.check_password(old):
        raise Refused("That is not your present password.", "Type the one you signed in with.", code="wrong_password")
    set_password(member, new)
    member.save(update_fields=["password"])
    audit("change_password", subject=f"member {member.username}", acting=member, now=now)


@transaction.atomic
def reset_password(username: str, new: str, *, now: datetime) -> None:
    """Give a member a new password, for somebody at the machine's own command line. It ends the member's sessions.

    refuses    unknown_member, weak_password
    """
    member = Member.objects.filter(username=username).first()
    if member is None:
        names = Member.objects.values_list("username", flat=True)
        raise UnknownName(f"There is no member '{username}'.", suggest(username, names), code="unknown_member")
    set_password(member, new)
    member.save(update_fields=["password"])
    audit("reset_password", subject=f"member {username}", acting=None, now=now)


@transaction.atomic
def end_sessions(member: Member, *, now: datetime) -> None:
    """End every session of a member, wherever it is; whoever asks from one of them keeps it by signing it anew."""
    member.session_round += 1
    member.save(update_fields=["session_round"])
    audit("end_sessions", subject=f"member {member.username}", acting=member, now=now)


@transaction.atomic
def choose_language(member: Member, language: str, *, now: datetime) -> None:
    """Choose the language of one's own screens.

    refuses    unknown_language    Springtide does not speak it
    """
    if language not in states.LANGUAGES:
        raise Refused(f"There is no language '{language}'.", suggest(language, states.LANGUAGES), code="unknown_language")
    was, member.language = member.language, language
    member.save(update_fields=["language"])
    audit("choose_language", subject=f"member {member.username}", acting=member, now=now, was=was, becomes=language)


def allow_export(
    member: Member, *, what: str, users: int, details: dict[str, Any], now: datetime, ties: Iterable[str] = ()
) -> None:
    """Let a member take a list of users out of the house. `ties`: how the member is tied to this list.

    writes     one audit row: what, how many users, which columns
    refuses    not_allowed    the member may not see this list, or has no right to export
    """
    if not (member.may(states.SEE_USERS, *ties) and member.may(states.EXPORT_USERS, *ties)):
        raise Refused("You may not export lists of users.", "Ask a manager for the right to export.", code="not_allowed")
    audit("export_users", subject=what[:200], acting=member, now=now, details={"users": users, **details})


def refuse_guesses(address: str, *, now: datetime) -> None:
    """Let nobody try a token from an address that guesses, at tokens or at passwords.

    refuses    too_many_tries    the address must wait; the hint says how long
    """
    row = SignInTry.objects.filter(kind="address", key=_key(address), last_at__gt=now - states.FORGOTTEN_AFTER).first()
    if row is not None:
        _refuse_before(_waits(row), now, "Too many wrong tokens or passwords came from your address.")


@transaction.atomic
def count_guess(address: str, *, now: datetime) -> None:
    """Count a token that nobody has against the address it came from."""
    _count([_try("address", address, now)], now)


def begin_sign_in(username: str, address: str, *, now: datetime) -> None:
    """Count a try *before* the password is looked at, so that many at once are not all let through.

    refuses    too_many_tries    this name or this address must wait; the hint says how long
    """
    with transaction.atomic():
        SignInTry.objects.filter(last_at__lt=now - states.FORGOTTEN_AFTER).delete()
        tries = _tries(username, address, now)
        _refuse_before(max(map(_waits, tries)), now, "Too many wrong passwords.")
        _count(tries, now)


def confirm_password(member: Member, password: str, address: str, *, now: datetime) -> None:
    """Make sure that it is the member who sits there, before something that cannot be taken back.

    refuses    wrong_password, too_many_tries
    """
    begin_sign_in(member.username, address, now=now)
    if not member.check_password(password):
        raise Refused("That is not your password.", "Type the one you sign in with.", code="wrong_password")
    with transaction.atomic():
        _forget(member, address, now)


@transaction.atomic
def signed_in(member: Member, address: str, *, now: datetime) -> None:
    """Forget the failures of a member who knew the password; the address keeps its other failures."""
    _forget(member, address, now)
    audit("sign_in", subject=f"member {member.username}", acting=member, now=now)


def audit(
    action: str,
    *,
    subject: str,
    acting: Member | None,
    now: datetime,
    was: str = "",
    becomes: str = "",
    details: dict[str, Any] | None = None,
) -> AuditRow:
    """Add one row to the audit chain, in the transaction of the action it tells of."""
    with transaction.atomic():
        AuditHead.objects.get_or_create(pk=1)
        head = AuditHead.objects.select_for_update().get(pk=1)
        row = AuditRow(
            number=head.rows + 1,
            at=now,
            acting=acting,
            action=action,
            subject=subject,
            was=was,
            becomes=becomes,
            details={**(details or {}), **({"by_token": acting.speaks_by} if acting and acting.speaks_by else {})},
        )
        row.hash = chained(head.hash, row)
        row.save(force_insert=True)
        head.rows, head.hash = row.number, row.hash
        head.save(update_fields=["rows", "hash"])
    return row


def chained(before: str, row: AuditRow) -> str:
    """The hash of an audit row that follows one with the hash `before`."""
    content = [row.number, row.at.astimezone(UTC).isoformat(), row.acting_id, row.action, row.subject, row.was, row.becomes]
    text = json.dumps([before, *content, row.details], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def set_password(member: Member, password: str) -> None:
    """Give a member a password, without saving it.

    refuses    weak_password    short, common, all digits, or like the name
    """
    try:
        validate_password(password, member)
    except ValidationError as weak:
        raise Refused(" ".join(weak.messages), "Choose a longer, less common password.", code="weak_password") from weak
    member.set_password(password)


def _tries(username: str, address: str, now: datetime) -> list[SignInTry]:
    """The three rows that count for this try, locked, in one order so that two tries never wait for each other."""
    name = username.casefold()
    return [_try(*each, now) for each in (("address", address), ("name", name), ("pair", f"{name}\n{address}"))]


def _forget(member: Member, address: str, now: datetime) -> None:
    for row in _tries(member.username, address, now):
        row.failures = max(0, row.failures - 1) if row.kind == "address" else 0
        row.save(update_fields=["failures"])


def _try(kind: str, text: str, now: datetime) -> SignInTry:
    SignInTry.objects.get_or_create(kind=kind, key=_key(text), defaults={"last_at": now})
    return SignInTry.objects.select_for_update().get(kind=kind, key=_key(text))


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _waits(row: SignInTry) -> datetime:
    """Until when the next try must wait. Rows that are too old to count were taken away before."""
    return row.last_at + states.wait_after(row.kind, row.failures)


def _refuse_before(until: datetime, now: datetime, message: str) -> None:
    if until > now:
        seconds = int((until - now).total_seconds()) + 1
        raise Refused(message, f"Wait {seconds} seconds, then try again.", code="too_many_tries")


def _count(tries: Iterable[SignInTry], now: datetime) -> None:
    for row in tries:
        row.failures = states.counted(row.failures, row.last_at, now) + 1
        row.last_at = now
        row.save(update_fields=["failures", "last_at"])
