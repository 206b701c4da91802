"""Tables of the rewards. Amounts are whole 1e-6 USDT, as in the lake."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from springtide.operations.rewards import states

_AVAILABLE = F("budget_usdt") + F("expired_usdt") + F("clawed_back_usdt")


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
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")  # with which it was reserved
    state = models.CharField(max_length=16, default="reserved", choices=[(key, key) for key in states.STATES])
    amount_usdt = models.BigIntegerField()
    left_usdt = models.BigIntegerField()
    used_usdt = models.BigIntegerField(default=0)
    reserved_at = models.DateTimeField()
    granted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["campaign", "person_id"],
                condition=~Q(state__in=states.UNDONE),
                name="one_reward_per_linked_cluster",
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
