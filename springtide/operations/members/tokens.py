"""Tokens: secrets with which programs speak for a member. Every write of tokens stands here.

A secret is 256 random bits, shown once; its SHA-256 is kept, which needs no salt since nobody can guess what went in.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from springtide.kernel.errors import Refused, UnknownName, suggest
from springtide.operations.members import states
from springtide.operations.members.actions import audit, count_guess, refuse_guesses
from springtide.operations.members.models import Member, Token

BEGINS: Final = {"api": "spt_", "list": "spl_"}  # so that a scanner of code and logs knows a secret when it sees one
OF_A_LIST: Final = ("see_users", "export_users", "see_money", "see_personal", "see_risk")


@dataclass(frozen=True)
class MadeToken:
    """A token just made. `secret` is shown now and never again."""

    token_id: int
    secret: str
    expires_at: datetime


@dataclass(frozen=True)
class TokenSeen:
    """A token as its owner sees it."""

    id: int
    kind: str
    name: str
    rights: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    last_used_on: date | None
    is_expired: bool


@transaction.atomic
def make_token(
    member: Member,
    *,
    name: str,
    rights: Iterable[str],
    days: int,
    now: datetime,
    kind: str = "api",
    query: Mapping[str, str] | None = None,
) -> MadeToken:
    """Make a token that speaks for `member`, for some of the rights that the member has.

    writes     one token; one audit row, which has no secret
    refuses    not_allowed       the member may make no tokens; a token makes none
               bad_name          no name, or a long one
               bad_lifetime      not 1 to 365 days
               unknown_right     no token carries it: who approves is there in person
               right_not_yours   the member has not got it
               too_many_tokens   twenty that still work are enough
    """
    name, chosen = name.strip(), tuple(dict.fromkeys(rights))
    if not member.may(states.MAKE_TOKENS, "own"):
        raise Refused("You may not make tokens.", "Sign in yourself; a token cannot make another.", code="not_allowed")
    if not 0 < len(name) <= 80:
        raise Refused("A token needs a name of 1 to 80 characters.", "Name the program that will use it.", code="bad_name")
    first, last = states.TOKEN_DAYS
    if not first <= days <= last:
        raise Refused(f"A token cannot live {days} days.", f"Choose {first} to {last} days.", code="bad_lifetime")
    for right in chosen:
        if right not in states.TOKEN_RIGHTS:
            raise Refused(f"No token carries '{right}'.", suggest(right, states.TOKEN_RIGHTS), code="unknown_right")
        if not member.may_some(right):
            raise Refused(f"You have not got the right '{right}' yourself.", "Leave it out.", code="right_not_yours")
    if Token.objects.filter(member=member, revoked_at=None, expires_at__gt=now).count() >= states.MOST_TOKENS:
        raise Refused(
            f"You hold {states.MOST_TOKENS} tokens.", "Revoke those that nothing uses any more.", code="too_many_tokens"
        )
    secret = BEGINS[kind] + secrets.token_urlsafe(32)
    token = Token.objects.create(
        member=member,
        kind=kind,
        name=name,
        hash=_hash(secret),
        rights=list(chosen),
        query=dict(query or {}),
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    details = {"name": name, "kind": kind, "rights": list(chosen), "days": days, **({"list": token.query} if query else {})}
    audit("make_token", subject=f"token {token.pk}", acting=member, now=now, details=details)
    return MadeToken(token.pk, secret, token.expires_at)


def make_list_token(member: Member, *, name: str, query: Mapping[str, str], days: int, now: datetime) -> MadeToken:
    """Make the secret of an address from which a spreadsheet reads one list of users, with the columns that `member` may see.

    refuses    not_allowed    the member may not export this list; and what `make_token` refuses
    """
    if not (member.may(states.SEE_USERS) and member.may(states.EXPORT_USERS)):
        raise Refused("You may not export lists of users.", "Ask a manager for the right to export.", code="not_allowed")
    rights = [right for right in OF_A_LIST if member.may(right)]
    return make_token(member, name=name[:80] or "list", rights=rights, days=days, now=now, kind="list", query=query)


@transaction.atomic
def revoke_token(member: Member, token_id: int, *, now: datetime) -> None:
    """Make one of one's own tokens worthless at once. Revoked twice, it is revoked.

    writes     the token; one audit row
    refuses    unknown_token    it is nobody's, or somebody else's
    """
    if not Token.objects.filter(pk=token_id, member=member).exists():
        raise UnknownName(f"You have no token {token_id}.", "Reload the page and look again.", code="unknown_token")
    if Token.objects.filter(pk=token_id, member=member, revoked_at=None).update(revoked_at=now):
        audit("revoke_token", subject=f"token {token_id}", acting=member, now=now)


def spoken_for(secret: str, *, kind: str, address: str, now: datetime) -> tuple[Member, Token]:
    """The member for whom a secret speaks, narrowed to the rights of its token, and the token.

    A right one always works: nobody's program stops because a neighbour behind the same address guesses.

    writes     the day on which the token was last used; of a wrong one, a guess of its address
    refuses    bad_token         nothing has this secret, or it expired, was revoked, or its member was switched off
               too_many_tries    this address guesses, at tokens or at passwords; the hint says how long it must wait
    """
    token = Token.objects.select_related("member").filter(hash=_hash(secret), kind=kind).first()
    if token is None:
        refuse_guesses(address, now=now)
        count_guess(address, now=now)
        raise Refused("This token is not known.", "Copy all of it, or make a new one on your account page.", code="bad_token")
    if token.revoked_at is not None or token.expires_at <= now or not token.member.is_active:
        raise Refused("This token does not work any more.", "Make a new one on your account page.", code="bad_token")
    if token.last_used_on != now.date():
        Token.objects.filter(pk=token.pk).update(last_used_on=now.date())
    token.member.narrowed_to, token.member.speaks_by = frozenset(token.rights), token.pk
    return token.member, token


def tokens_of(member: Member, *, now: datetime) -> tuple[TokenSeen, ...]:
    """The tokens of a member that were not revoked, the newest first."""
    return tuple(
        TokenSeen(
            each.pk,
            each.kind,
            each.name,
            tuple(each.rights),
            each.made_at,
            each.expires_at,
            each.last_used_on,
            each.expires_at <= now,
        )
        for each in Token.objects.filter(member=member, revoked_at=None).order_by("-pk")
    )


def rights_for_a_token(member: Member) -> tuple[str, ...]:
    """What a token of this member may carry."""
    return tuple(right for right in states.TOKEN_RIGHTS if member.may_some(right))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
