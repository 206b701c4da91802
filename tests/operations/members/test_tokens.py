"""Tokens: they work, who may make them, what they cannot carry, bad input, made twice, and guessing."""

from datetime import date, timedelta

import pytest

from springtide.kernel.errors import Refused, UnknownName
from springtide.operations.members import states, tokens
from springtide.operations.members.actions import audit, begin_sign_in
from springtide.operations.members.models import AuditRow, Member, SignInTry, Token
from tests.operations.conftest import NOON, PASSWORD

HERE, THERE = "10.0.0.1", "10.0.0.2"


@pytest.fixture
def analyst(member_of):
    return member_of("analyst")


def make(member, *rights, **more):
    return tokens.make_token(member, **{"name": "notebook", "rights": rights, "days": 30, "now": NOON, **more})


def speak(secret, *, kind="api", address=HERE, at=NOON):
    return tokens.spoken_for(secret, kind=kind, address=address, now=at)


def refused(call, *args, **more):
    with pytest.raises((Refused, UnknownName)) as error:
        call(*args, **more)
    return error.value.code


def test_a_token_speaks_for_its_member_with_its_own_rights_only(analyst):
    member, token = speak(make(analyst, "see_overview", "see_segments").secret)
    assert (member.pk, token.name) == (analyst.pk, "notebook")
    assert [right for right in states.RIGHTS if member.may(right)] == ["see_overview", "see_segments"]


def test_what_a_token_does_is_in_the_audit_chain_with_the_token(analyst):
    member, token = speak(make(analyst, "see_overview").secret)
    assert audit("do", subject="x", acting=member, now=NOON).details == {"by_token": token.pk}


def test_the_secret_is_shown_once_and_kept_nowhere(analyst):
    secret = make(analyst, "see_overview").secret
    assert secret.startswith("spt_")
    assert len(secret) >= 47  # 256 bits, six to a letter
    kept = str(list(Token.objects.values())) + str(list(AuditRow.objects.values()))
    assert secret not in kept
    assert secret[4:] not in kept


def test_making_and_revoking_leave_a_row_each(analyst):
    made = make(analyst, "see_overview")
    tokens.revoke_token(analyst, made.token_id, now=NOON)
    assert [(row.action, row.details.get("rights")) for row in AuditRow.objects.order_by("number")[1:]] == [
        ("make_token", ["see_overview"]),
        ("revoke_token", None),
    ]


def test_the_day_of_last_use_is_kept(analyst):
    made = make(analyst, "see_overview")
    assert tokens.tokens_of(analyst, now=NOON)[0].last_used_on is None
    speak(made.secret, at=NOON + timedelta(days=2))
    assert tokens.tokens_of(analyst, now=NOON)[0].last_used_on == date(2026, 4, 2)


@pytest.mark.parametrize("role", states.ROLES)
def test_every_member_makes_tokens_and_none_carries_more_than_the_member_has(member_of, role):
    member = member_of(role)
    for right in states.RIGHTS:
        if right in tokens.rights_for_a_token(member):
            continue
        assert refused(make, member, right) in ("right_not_yours", "unknown_right")
    spoken, _token = speak(make(member, *tokens.rights_for_a_token(member)).secret)
    assert [right for right in states.RIGHTS if spoken.may_some(right) and not member.may_some(right)] == []


@pytest.mark.parametrize("right", ["approve_campaigns", "approve_members", "propose_members", "make_tokens", "no_such_right"])
def test_what_is_done_in_person_no_token_carries(member_of, right):
    assert refused(make, member_of("manager"), right) == "unknown_right"


def test_a_token_makes_no_token(analyst):
    member, _token = speak(make(analyst, "see_overview").secret)
    assert refused(make, member, "see_overview") == "not_allowed"


def test_a_right_that_the_member_loses_the_token_loses(member_of):
    analyst = member_of("analyst", granted_rights=["see_money"])
    secret = make(analyst, "see_money").secret
    assert speak(secret)[0].may("see_money")
    Member.objects.update(granted_rights=[])
    assert not speak(secret)[0].may("see_money")


@pytest.mark.parametrize("days", [0, -1, 366, 10**9])
def test_a_lifetime_out_of_bounds_is_refused(analyst, days):
    assert refused(make, analyst, "see_overview", days=days) == "bad_lifetime"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_name_is_needed(analyst, name):
    assert refused(make, analyst, "see_overview", name=name) == "bad_name"


def test_twenty_tokens_are_enough(analyst):
    made = [make(analyst, "see_overview") for _ in range(20)]
    assert refused(make, analyst, "see_overview") == "too_many_tokens"
    tokens.revoke_token(analyst, made[0].token_id, now=NOON)
    make(analyst, "see_overview")


def test_an_expired_a_revoked_and_a_switched_off_members_token_do_not_work(analyst):
    made, other = make(analyst, "see_overview"), make(analyst, "see_overview")
    last = NOON + timedelta(days=30)
    speak(made.secret, at=last - timedelta(seconds=1))
    assert refused(speak, made.secret, at=last) == "bad_token"
    tokens.revoke_token(analyst, other.token_id, now=NOON)
    assert refused(speak, other.secret) == "bad_token"
    Member.objects.update(is_active=False)
    assert refused(speak, made.secret) == "bad_token"


def test_a_token_of_one_kind_does_not_open_the_other(member_of):
    manager = member_of("manager")
    api, listed = make(manager, "see_users"), tokens.make_list_token(manager, name="l", query={}, days=9, now=NOON)
    assert refused(speak, api.secret, kind="list") == "bad_token"
    assert refused(speak, listed.secret, kind="api") == "bad_token"
    assert speak(listed.secret, kind="list")[1].query == {}


def test_the_token_of_a_list_sees_the_columns_its_maker_sees(member_of):
    analyst = member_of("analyst", granted_rights=["export_users", "see_money"])
    made = tokens.make_list_token(analyst, name="vip", query={"lifecycle": "vip"}, days=9, now=NOON)
    assert Token.objects.get(pk=made.token_id).rights == ["see_users", "export_users", "see_money"]


@pytest.mark.parametrize("role", [role for role in states.ROLES if role != "manager"])
def test_who_may_not_export_makes_no_address_of_a_list(member_of, role):
    assert refused(tokens.make_list_token, member_of(role), name="l", query={}, days=9, now=NOON) == "not_allowed"


def test_nobody_revokes_somebody_elses_token_nor_hears_that_it_exists(analyst, member_of):
    made = make(analyst, "see_overview")
    assert refused(tokens.revoke_token, member_of("manager"), made.token_id, now=NOON) == "unknown_token"
    assert refused(tokens.revoke_token, member_of("admin"), 2**31, now=NOON) == "unknown_token"
    speak(made.secret)


def test_revoked_twice_it_is_revoked_once(analyst):
    made = make(analyst, "see_overview")
    tokens.revoke_token(analyst, made.token_id, now=NOON)
    tokens.revoke_token(analyst, made.token_id, now=NOON)
    assert AuditRow.objects.filter(action="revoke_token").count() == 1


def test_an_address_that_guesses_waits_with_tokens_and_with_passwords(analyst):
    good = make(analyst, "see_overview").secret
    for n in range(20):
        assert refused(speak, f"spt_{n}") == "bad_token"
    assert refused(speak, "spt_20") == "too_many_tries"
    assert refused(begin_sign_in, "analyst", HERE, now=NOON) == "too_many_tries"
    assert refused(speak, "spt_21", address=THERE) == "bad_token"
    assert refused(speak, "spt_22", at=NOON + timedelta(seconds=31)) == "bad_token"
    speak(good)  # a program that knows its token is no guesser, whoever sits beside it


def test_an_address_that_guesses_passwords_waits_with_tokens_too(db):
    for n in range(20):
        begin_sign_in(f"member{n}", HERE, now=NOON)
    assert refused(speak, "spt_1") == "too_many_tries"


def test_a_worn_out_token_is_no_guess(analyst):
    made = make(analyst, "see_overview")
    tokens.revoke_token(analyst, made.token_id, now=NOON)
    for _ in range(30):
        assert refused(speak, made.secret) == "bad_token"
    begin_sign_in("analyst", HERE, now=NOON)


def test_a_good_token_writes_nothing_but_its_day(analyst, django_assert_num_queries):
    secret = make(analyst, "see_overview").secret
    speak(secret)
    with django_assert_num_queries(1):
        speak(secret)
    assert not SignInTry.objects.exists()


def test_changing_the_password_leaves_tokens_as_they_are(analyst):
    from springtide.operations.members.actions import change_password

    secret = make(analyst, "see_overview").secret
    change_password(analyst, old=PASSWORD, new="another tide, 4 boats", now=NOON)
    speak(secret)
