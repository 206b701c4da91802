"""One's own password and language."""

import pytest

from springtide.kernel.errors import Refused
from springtide.operations.members.actions import change_password, choose_language
from springtide.operations.members.models import AuditRow, Member
from tests.operations.conftest import NOON, PASSWORD


def test_a_new_password_takes_the_place_of_the_old_one(manager):
    change_password(manager, old=PASSWORD, new="another tide, 4 boats", now=NOON)
    kept = Member.objects.get()
    assert kept.check_password("another tide, 4 boats")
    assert not kept.check_password(PASSWORD)
    assert AuditRow.objects.latest("number").action == "change_password"


@pytest.mark.parametrize(
    ("old", "new", "code"), [("not it", "another tide, 4 boats", "wrong_password"), (PASSWORD, "short", "weak_password")]
)
def test_a_password_is_not_changed_without_the_old_one_nor_to_a_weak_one(manager, old, new, code):
    with pytest.raises(Refused) as refused:
        change_password(manager, old=old, new=new, now=NOON)
    assert refused.value.code == code
    assert Member.objects.get().check_password(PASSWORD)


def test_a_language_is_chosen_among_those_springtide_speaks(manager):
    choose_language(manager, "zh-hans", now=NOON)
    assert Member.objects.get().language == "zh-hans"
    with pytest.raises(Refused) as refused:
        choose_language(manager, "zh_hans", now=NOON)
    assert refused.value.hint == "Did you mean 'zh-hans'?"
