"""Notes, contacts, tags and who looks after whom: who may, who may not, twice, and what the audit chain says."""

from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused
from springtide.operations.members.models import AuditRow
from springtide.operations.work import reads
from springtide.operations.work.actions import assign_users, log_contact, tag_users, untag_users, withdraw_note, write_note
from tests.operations.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(member_of):
    return member_of("operator")


def _refused(code, do, *args, **kwargs):
    with pytest.raises(Refused) as told:
        do(*args, **kwargs)
    assert told.value.code == code
    assert told.value.hint


def test_an_operator_writes_about_the_users_in_their_care_and_about_no_others(manager, operator):
    assign_users(["ann"], operator, acting=manager, now=NOON)

    write_note("ann", " Prefers Telegram. ", acting=operator, now=NOON)
    _refused("not_allowed", write_note, "bob", "Hello", acting=operator, now=NOON)

    seen = reads.work_on("ann", reader=operator)
    assert [(note.text, note.by, note.is_mine) for note in seen.notes] == [("Prefers Telegram.", "Operator", True)]
    assert seen.cared_for_by == "Operator"
    assert reads.work_on("bob", reader=manager).notes == ()


@pytest.mark.parametrize("role", ["analyst", "qc_reviewer", "approver", "admin"])
def test_who_does_not_work_with_users_writes_nothing(member_of, role):
    member = member_of(role)
    for do in (
        lambda: write_note("ann", "Hello", acting=member, now=NOON),
        lambda: log_contact("ann", channel="call", outcome="reached", acting=member, now=NOON),
        lambda: tag_users(["ann"], "vip-care", acting=member, now=NOON),
        lambda: assign_users(["ann"], None, acting=member, now=NOON),
    ):
        _refused("not_allowed", do)
    assert not AuditRow.objects.filter(acting=member).exists()


def test_a_note_is_withdrawn_by_its_writer_or_a_manager_and_only_once(manager, operator):
    assign_users(["ann"], operator, acting=manager, now=NOON)
    of_manager, of_operator = (write_note("ann", "…", acting=each, now=NOON) for each in (manager, operator))

    _refused("not_allowed", withdraw_note, of_manager, acting=operator, now=NOON)
    withdraw_note(of_operator, acting=manager, now=NOON)
    _refused("moved_already", withdraw_note, of_operator, acting=operator, now=NOON)
    assert [note.id for note in reads.work_on("ann", reader=manager).notes] == [of_manager.pk]


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_a_note_says_something_and_not_too_much(manager, text):
    _refused("bad_note", write_note, "ann", text, acting=manager, now=NOON)


def test_calls_and_chats_count_as_outreach_and_letters_do_not(manager):
    for channel, days in (("call", 1), ("chat", 2), ("email", 3), ("call", 20)):
        log_contact(
            "ann", channel=channel, outcome="reached", happened_at=NOON - timedelta(days=days), acting=manager, now=NOON
        )

    assert reads.outreach_since(["ann", "bob"], NOON - timedelta(days=14)) == {"ann": 2}
    assert [contact.channel for contact in reads.work_on("ann", reader=manager).contacts] == ["call", "chat", "email", "call"]


def test_a_contact_that_cannot_be_is_refused(manager):
    _refused("unknown_channel", log_contact, "ann", channel="phone", outcome="reached", acting=manager, now=NOON)
    _refused("unknown_outcome", log_contact, "ann", channel="call", outcome="ok", acting=manager, now=NOON)
    later = NOON + timedelta(minutes=1)
    _refused("bad_time", log_contact, "ann", channel="call", outcome="reached", happened_at=later, acting=manager, now=NOON)


def test_a_tag_is_carried_once_and_can_be_taken_off(manager):
    assert tag_users(["ann", "bob", " ann "], "vip-care", acting=manager, now=NOON) == 2
    assert tag_users(["bob", "cem"], "vip-care", acting=manager, now=NOON) == 1
    assert untag_users(["ann", "dan"], "vip-care", acting=manager, now=NOON) == 1

    assert reads.tags() == {"vip-care": 2}
    assert reads.tagged("vip-care") == ("bob", "cem")
    _refused("bad_tag", tag_users, ["ann"], "VIP care", acting=manager, now=NOON)


def test_an_operator_tags_all_users_of_a_list_or_none(manager, operator):
    assign_users(["ann"], operator, acting=manager, now=NOON)
    _refused("not_allowed", tag_users, ["ann", "bob"], "warm", acting=operator, now=NOON)
    assert reads.tags() == {}


def test_a_user_is_in_the_care_of_one_member(member_of, manager, operator):
    assert assign_users(["ann", "bob"], operator, acting=manager, now=NOON) == 2
    assert assign_users(["ann", "cem"], manager, acting=manager, now=NOON) == 2
    assert assign_users(["ann"], manager, acting=manager, now=NOON) == 0
    assert reads.users_of(operator) == ("bob",)
    assert reads.users_of(manager) == ("ann", "cem")

    assert assign_users(["bob", "dan"], None, acting=manager, now=NOON) == 1
    assert reads.users_of(operator) == ()
    _refused("cannot_work", assign_users, ["ann"], member_of("analyst"), acting=manager, now=NOON)


def test_every_action_leaves_one_audit_row_with_its_size(manager, operator):
    assign_users(["ann", "bob"], operator, acting=manager, now=NOON)
    tag_users(["ann"], "warm", acting=manager, now=NOON)

    told = AuditRow.objects.filter(acting=manager).order_by("number").values_list("action", "subject", "details")
    assert list(told) == [
        ("assign_users", "member operator", {"users": 2, "changed": 2}),
        ("tag_users", "tag warm", {"users": 1, "new": 1}),
    ]
