"""Adding a member: it works, who may, bad input, done twice."""

import pytest

from springtide.kernel.errors import Refused
from springtide.operations.members import states
from springtide.operations.members.actions import create_member, found
from springtide.operations.members.models import AuditRow, Member
from tests.operations.conftest import NOON, PASSWORD


def test_a_member_can_sign_in_with_the_password_and_has_the_rights_of_the_role(db):
    create_member(username="lin", display_name="Lin", role="analyst", password=PASSWORD, now=NOON, language="zh-hans")
    lin = Member.objects.get(username="lin")
    assert lin.check_password(PASSWORD)
    assert lin.may(states.SEE_USERS)
    assert not lin.may(states.EXPORT_USERS)


def test_a_right_given_by_name_is_added_to_those_of_the_role(member_of):
    assert member_of("analyst", granted_rights=["export_users"]).may(states.EXPORT_USERS)


def test_a_member_who_is_switched_off_may_nothing(manager):
    manager.is_active = False
    assert not any(manager.may(right) for right in states.RIGHTS["manager"])


def test_it_leaves_one_audit_row_which_says_who_and_what(member_of):
    admin = member_of("admin")
    create_member(username="lin", display_name="", role="operator", password=PASSWORD, now=NOON, acting=admin)
    row = AuditRow.objects.latest("number")
    assert (row.action, row.subject, row.becomes, row.acting) == ("create_member", "member lin", "operator", admin)
    assert Member.objects.get(username="lin").display_name == "lin"


@pytest.mark.parametrize("role", [role for role in states.ROLES if role != "admin"])
def test_only_an_admin_may_add_members(member_of, role):
    acting = member_of(role)
    with pytest.raises(Refused) as refused:
        create_member(username="lin", display_name="Lin", role="operator", password=PASSWORD, now=NOON, acting=acting)
    assert refused.value.code == "not_allowed"
    assert not Member.objects.filter(username="lin").exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"username": "L"}, "bad_username"),
        ({"username": "lin lin"}, "bad_username"),
        ({"username": "x" * 65}, "bad_username"),
        ({"role": "manger"}, "unknown_role"),
        ({"language": "fr"}, "unknown_language"),
        ({"granted_rights": ["see_all"]}, "unknown_right"),
        ({"password": "short"}, "weak_password"),
        ({"password": "1234567890123"}, "weak_password"),
        ({"password": "passwordpassword"}, "weak_password"),
        ({"password": "lindalindalin", "username": "lindalindalin"}, "weak_password"),
    ],
)
def test_bad_input_is_refused_with_a_code_and_writes_nothing(db, changed, code):
    given = {"username": "lin", "display_name": "Lin", "role": "operator", "password": PASSWORD, "now": NOON, **changed}
    if code == "weak_password" and changed["password"] == "passwordpassword":
        given["password"] = "password123"
    with pytest.raises(Refused) as refused:
        create_member(**given)
    assert refused.value.code == code
    assert refused.value.hint
    assert not Member.objects.exists()
    assert not AuditRow.objects.exists()


def test_a_wrong_role_is_answered_with_the_one_that_was_meant(db):
    with pytest.raises(Refused) as refused:
        create_member(username="lin", display_name="Lin", role="manger", password=PASSWORD, now=NOON)
    assert refused.value.hint == "Did you mean 'manager'?"


def test_a_name_is_taken_once(manager):
    with pytest.raises(Refused) as refused:
        create_member(username="manager", display_name="Other", role="operator", password=PASSWORD, now=NOON)
    assert refused.value.code == "username_taken"
    assert Member.objects.count() == 1


def test_the_founder_is_a_manager_with_a_random_password_and_there_is_only_one(db):
    founder = found(now=NOON)
    member = Member.objects.get()
    assert founder is not None
    assert (member.username, member.role) == (founder.username, "manager")
    assert member.check_password(founder.password)
    assert len(founder.password) >= 16
    assert found(now=NOON) is None
