"""Guessing passwords costs time: by name and address, by name alone, by address alone."""

from datetime import timedelta

import pytest

from springtide.kernel.errors import Refused
from springtide.operations.members import states
from springtide.operations.members.actions import begin_sign_in, signed_in
from springtide.operations.members.models import SignInTry
from tests.operations.conftest import NOON

HERE, THERE = "10.0.0.1", "10.0.0.2"
pytestmark = pytest.mark.django_db


def fail(times, *, name="lin", address=HERE, at=NOON):
    for _ in range(times):
        begin_sign_in(name, address, now=at)


def refused(name="lin", address=HERE, at=NOON):
    with pytest.raises(Refused) as error:
        begin_sign_in(name, address, now=at)
    assert error.value.code == "too_many_tries"
    return error.value


def test_five_wrong_passwords_are_free_and_then_the_wait_doubles():
    waits = [states.wait_after("pair", failures).total_seconds() for failures in range(4, 11)]
    assert waits == [0, 30, 60, 120, 240, 480, 900]


def test_the_sixth_try_must_wait_and_says_how_long():
    fail(5)
    assert refused().hint == "Wait 31 seconds, then try again."
    begin_sign_in("lin", HERE, now=NOON + timedelta(seconds=31))


def test_a_refused_try_does_not_lengthen_the_wait():
    fail(5)
    for _ in range(10):
        refused()
    begin_sign_in("lin", HERE, now=NOON + timedelta(seconds=31))


def test_capital_letters_are_no_way_around():
    fail(5, name="lin")
    refused(name="LIN")


def test_somebody_else_at_another_address_is_not_locked_out():
    fail(5)
    begin_sign_in("lin", THERE, now=NOON)
    begin_sign_in("wei", HERE, now=NOON)


def test_one_name_tried_from_many_addresses_waits_everywhere():
    for n in range(20):
        begin_sign_in("lin", f"10.0.1.{n}", now=NOON)
    refused(address="10.9.9.9")


def test_one_address_that_tries_many_names_waits_for_every_name():
    for n in range(20):
        begin_sign_in(f"member{n}", HERE, now=NOON)
    refused(name="wei")


def test_who_knows_the_password_starts_afresh(manager):
    fail(4, name="manager")
    begin_sign_in("manager", HERE, now=NOON)
    signed_in(manager, HERE, now=NOON)
    fail(5, name="manager")


def test_signing_in_to_an_own_account_does_not_clear_an_address_that_guesses(manager):
    for n in range(19):
        begin_sign_in(f"member{n}", HERE, now=NOON)
    begin_sign_in("manager", HERE, now=NOON)
    signed_in(manager, HERE, now=NOON)
    begin_sign_in("wei", HERE, now=NOON)
    refused(name="bo")


def test_a_day_without_failures_forgets_them_and_keeps_no_row():
    fail(5)
    later = NOON + timedelta(hours=25)
    begin_sign_in("lin", HERE, now=later)
    assert set(SignInTry.objects.values_list("failures", flat=True)) == {1}


def test_names_that_strangers_type_are_not_kept_in_the_clear():
    fail(1, name="my password by mistake")
    assert "password" not in " ".join(SignInTry.objects.values_list("key", flat=True))
