"""Tables of the rewards. Amounts are whole 1e-6 USDT, as in the lake."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from springtide.analytics.foresight.benefit import Benefit
from springtide.kernel.money import usdt
from springtide.operations.rewards import states
from springtide.operations.rewards.offers import KINDS, Terms, read_terms


class Budget(models.Model):
    """A sum that may be given away, inside another one or on its own, with what stands in each of its accounts.

    A reward counts in its own budget and in every one around it. The balances are what the postings add up to; the database itself
    refuses to let more out than there is.
    """

    key = models.CharField(max_length=120, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=[(key, key) for key in states.BUDGET_KINDS])
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    is_open = models.BooleanField(default=True)  # a closed one reserves nothing more; what was reserved goes on
    opened_at = models.DateTimeField()
    asked_usdt = models.BigIntegerField(null=True)  # what it shall have once somebody else has agreed
    budget_usdt = models.BigIntegerField(default=0)
    reserved_usdt = models.BigIntegerField(default=0)
    granted_usdt = models.BigIntegerField(default=0)
    consumed_usdt = models.BigIntegerField(default=0)
    expired_usdt = models.BigIntegerField(default=0)
    clawed_back_usdt = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(budget_usdt__gte=-F("expired_usdt") - F("clawed_back_usdt")), name="never_overspent"
            ),
            models.CheckConstraint(
                condition=Q(
                    reserved_usdt__gte=0,
                    granted_usdt__gte=0,
                    consumed_usdt__gte=0,
                    expired_usdt__gte=0,
                    clawed_back_usdt__gte=0,
                ),
                name="no_account_below_zero",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def funded_usdt(self) -> int:
        """What it was given."""
        return sum(getattr(self, f"{account}_usdt") for account in states.BALANCES)

    @property
    def available_usdt(self) -> int:
        """What may still be reserved here, whatever the budgets around it say."""
        return sum(getattr(self, f"{account}_usdt") for account in states.AVAILABLE)


class Offer(models.Model):
    """One version of what is offered: a kind of reward and its conditions. It is never changed; another content is another version."""

    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=32)
    amount_usdt = models.BigIntegerField()  # the most that one reward of it is worth
    terms: models.JSONField[Any, Any] = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["key", "version"], name="one_offer_per_version"),
            models.CheckConstraint(condition=Q(amount_usdt__gt=0), name="an_offer_is_worth_something"),
        ]

    def __str__(self) -> str:
        return f"{self.key} version {self.version}"

    @cached_property
    def conditions(self) -> Terms:
        return read_terms(self.kind, self.terms)

    @property
    def benefit(self) -> Benefit:
        """What the gates are asked about when somebody shall get it."""
        return Benefit(self.kind, instrument=self.conditions.instrument(self.kind), amount_usdt=usdt(self.amount_usdt))

    @property
    def must_be_used(self) -> bool:
        """Is it used up bit by bit, or traded for, after it was paid?"""
        return not KINDS[self.kind].is_spent_when_paid or self.conditions.wagering_multiple > 0


class Entry(models.Model):
    """One move of many rewards, or of a budget's own money: what its postings have in common."""

    move = models.CharField(max_length=16)
    at = models.DateTimeField()
    acting = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400, blank=True)


class Reward(models.Model):
    """What one user was promised, and how much of it stands where: `left_usdt` reserved or granted, `used_usdt` consumed."""

    key = models.CharField(max_length=64, unique=True)  # the decision's id, and the idempotency key of its payout
    user_id = models.CharField(max_length=200, db_index=True)
    person_id = models.CharField(max_length=200)  # who stands behind linked accounts
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+", db_index=False)
    campaign = models.CharField(max_length=64)
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="+", db_index=False)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+", db_index=False)  # with which it was reserved
    state = models.CharField(max_length=16, default="reserved", choices=[(key, key) for key in states.STATES])
    is_undone = models.BooleanField(default=False)  # released or revoked: the indexes need not follow every other move
    amount_usdt = models.BigIntegerField()
    left_usdt = models.BigIntegerField()
    used_usdt = models.BigIntegerField(default=0)
    reserved_at = models.DateTimeField()
    granted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # What its offer asks, as moments, and how far the user is: see `offers.Terms` and `progress.sql`.
    qualify_by = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    lock_until = models.DateTimeField(null=True)
    use_by = models.DateTimeField(null=True)
    deposited_usdt = models.BigIntegerField(default=0)
    traded_usdt = models.BigIntegerField(default=0)
    seen_through = models.DateField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], condition=Q(ended_at=None), name="rewards_not_yet_ended"),
            models.Index(fields=["person_id"], name="rewards_of_a_person"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["campaign", "person_id"], condition=Q(is_undone=False), name="one_reward_per_linked_cluster"
            ),
            models.CheckConstraint(
                condition=Q(
                    left_usdt__gte=0, used_usdt__gte=0, amount_usdt__gt=0, amount_usdt__gte=F("left_usdt") + F("used_usdt")
                ),
                name="no_more_than_was_promised",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Posting(models.Model):
    """An amount that went out of one account of a budget into another: never changed, never removed, and zero in sum by its form."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="+", db_index=False)
    reward = models.ForeignKey(
        Reward, null=True, on_delete=models.PROTECT, related_name="postings"
    )  # null: the budget's own money
    out_of = models.CharField(max_length=16, choices=[(key, key) for key in states.ACCOUNTS])
    into = models.CharField(max_length=16, choices=[(key, key) for key in states.ACCOUNTS])
    amount_usdt = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount_usdt__gt=0) & ~Q(out_of=F("into")), name="a_posting_moves_something"),
        ]


class Payout(models.Model):
    """What the exchange is asked to do about a reward: pay it to the user, or take it back. Its key is the idempotency key."""

    key = models.CharField(max_length=80, unique=True)
    reward = models.ForeignKey(Reward, on_delete=models.PROTECT, related_name="payouts")
    way = models.CharField(max_length=16, choices=[(key, key) for key in states.WAYS])
    amount_usdt = models.BigIntegerField()
    state = models.CharField(max_length=16, default="waiting", choices=[(key, key) for key in states.PAYOUT_STATES])
    due_at = models.DateTimeField()  # not before; of one that is being sent, until when it is in those hands
    tries = models.PositiveIntegerField(default=0)
    fence = models.BigIntegerField(default=0)  # grows with every lease: what an older holder says is not heard
    connector = models.CharField(max_length=32, blank=True)
    file = models.ForeignKey("PayoutFile", null=True, on_delete=models.PROTECT, related_name="payouts")
    code = models.CharField(max_length=64, blank=True)  # why it is held, failed or unknown
    says = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], condition=Q(state__in=states.NOT_PAID), name="payouts_to_send")
        ]


class PayoutFile(models.Model):
    """Payouts handed over as a file, once two persons have seen it, and answered by a result file."""

    content_hash = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    amount_usdt = models.BigIntegerField()
    state = models.CharField(max_length=16, default="made", choices=[(key, key) for key in states.FILE_STATES])
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()


class PayoutBalance(models.Model):
    """What is left in the account from which a connector pays, as the exchange said last."""

    connector = models.CharField(max_length=32, unique=True)
    balance_usdt = models.BigIntegerField()
    seen_at = models.DateTimeField()


class ManualGrant(models.Model):
    """A reward that a member wants to give to users they name, and what became of it."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="+")
    amount_usdt = models.BigIntegerField()  # for each user
    users: models.JSONField[Any, Any] = models.JSONField(default=list)  # [user id, person id]
    reason = models.CharField(max_length=400)
    total_usdt = models.BigIntegerField()
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default="waiting", choices=[(key, key) for key in states.GRANT_STATES])
    refused: models.JSONField[Any, Any] = models.JSONField(default=dict)  # user id → why not
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)


class Limit(models.Model):
    """How much goes without a further person, from a moment on. The newest of a key is in force; none: the one that ships."""

    key = models.CharField(max_length=32, choices=[(key, key) for key in states.LIMITS])
    amount_usdt = models.BigIntegerField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
