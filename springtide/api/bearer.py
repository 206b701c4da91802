"""Who asks: the member for whom a bearer token speaks, with no more than the token's rights."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from springtide.kernel import clock
from springtide.kernel.errors import Refused
from springtide.operations.members import states, tokens
from springtide.operations.members.addresses import address_of
from springtide.operations.members.models import Member


class Token(HttpBearer):
    """A token of a member who has `right`; None: of any member. `some`: over some things is enough, its action asks over which."""

    def __init__(self, right: str | None = None, *, some: bool = False) -> None:
        super().__init__()
        if right is not None and right not in states.MATRIX:
            raise KeyError(right)
        self.right, self.some = right, some

    def authenticate(self, request: HttpRequest, token: str) -> Member:
        """The member for whom `token` speaks.

        refuses    bad_token, too_many_tries
                   not_allowed    the member lacks the right, or the token does not carry it
        """
        member, _token = tokens.spoken_for(token, kind="api", address=address_of(request), now=clock.now())
        if self.right is not None and not (member.may_some(self.right) if self.some else member.may(self.right)):
            raise Refused(
                f"This needs the right '{self.right}'.",
                "Make a token that carries it, or ask for the right.",
                code="not_allowed",
            )
        return member


def member_of(request: HttpRequest) -> Member:
    """The member for whom the request speaks."""
    return cast(Member, request.auth)  # type: ignore[attr-defined]
