"""Adding a member at the command line: it works, bad input, done twice."""

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


def test_it_leaves_one_audit_row_which_says_what(db):
    create_member(username="lin", display_name="", role="collaborator", department="risk", password=PASSWORD, now=NOON)
    row = AuditRow.objects.latest("number")
    assert (row.action, row.subject, row.becomes, row.acting) == ("create_member", "member lin", "collaborator", None)
    assert row.details == {"rights": [], "department": "risk"}
    assert Member.objects.get(username="lin").display_name == "lin"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"username": "L"}, "bad_username"),
        ({"username": "lin lin"}, "bad_username"),
        ({"username": "x" * 65}, "bad_username"),
        ({"role": "manger"}, "unknown_role"),
        ({"language": "fr"}, "unknown_language"),
        ({"granted_rights": ["see_all"]}, "unknown_right"),
        ({"granted_rights": ["approve_plans"]}, "unknown_right"),
        ({"role": "qc_reviewer", "granted_rights": ["export_users"]}, "unknown_right"),
        ({"department": "risk"}, "unknown_department"),
        ({"role": "collaborator", "department": "legal"}, "unknown_department"),
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
