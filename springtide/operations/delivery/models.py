"""The tables of delivery. No table holds an address in the clear."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from springtide.operations.delivery import states


class Message(models.Model):
    """One message to one user: what it will say, when it is due, and how far it is. What it said is rendered again from these."""

    key = models.CharField(max_length=64, unique=True)  # of the decision behind it; the receiver's idempotency key
    user_id = models.CharField(max_length=200)
    channel = models.CharField(max_length=16, choices=[(key, key) for key in states.CHANNELS])
    message_class = models.CharField(max_length=16, choices=[(key, key) for key in states.CLASSES])
    template = models.CharField(max_length=64)
    template_version = models.PositiveIntegerField()
    language = models.CharField(max_length=35, blank=True)
    variables: models.JSONField[Any, Any] = models.JSONField(default=dict)
    campaign = models.CharField(max_length=64, blank=True)
    step = models.CharField(max_length=64, blank=True)
    carries_money = models.BooleanField(default=False)

    state = models.CharField(max_length=16, default="queued", choices=[(key, key) for key in states.STATES])
    reason = models.CharField(max_length=64, blank=True)  # the code of what went wrong, or why it waits
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)  # while it is being sent on a channel that knows no keys
    ended_at = models.DateTimeField(null=True)  # null as long as it is open
    tries = models.PositiveSmallIntegerField(default=0)  # that failed
    resends = models.PositiveSmallIntegerField(default=0)  # times it was taken up again although it may have gone out
    lease = models.BigIntegerField(null=True)  # drawn anew for every batch: whoever holds an older one writes nothing
    leased_until = models.DateTimeField(null=True)
    reference = models.CharField(max_length=128, blank=True)  # what the receiver calls it

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "message_class", "due_at"],
                name="messages_due",
                condition=models.Q(ended_at=None),  # a state in a list is a parameter, with which SQLite uses no partial index
            ),
            models.Index(fields=["begun_at"], name="messages_being_sent", condition=models.Q(begun_at__isnull=False)),
            models.Index(fields=["campaign", "step"], name="messages_of_a_campaign"),
            models.Index(fields=["user_id", "queued_at"], name="messages_to_a_user"),
        ]

    def __str__(self) -> str:
        return f"message {self.key}"


class Receipt(models.Model):
    """What the receiver told of a message later, once per outcome."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="receipts")
    outcome = models.CharField(max_length=16, choices=[(key, key) for key in states.OUTCOMES])
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "outcome"], name="one_receipt_per_message_and_outcome")
        ]


class Withdrawal(models.Model):
    """A user who wants no more marketing on a channel, whatever the exchange's last table of users says."""

    user_id = models.CharField(max_length=200)
    channel = models.CharField(max_length=16, blank=True)  # empty: on none
    source = models.CharField(max_length=16)  # link, receipt, exchange
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user_id", "channel"], name="one_withdrawal_per_user_and_channel")
        ]


class InboxItem(models.Model):
    """A message as it lies in the inbox that the exchange's app shows; the app fetches it here."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="inbox_item")
    user_id = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    put_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["user_id", "id"], name="inbox_of_a_user")]


class ConnectorState(models.Model):
    """How a connector is, and how much it may still send this second: one row each, shared by all workers."""

    name = models.CharField(max_length=64, unique=True)
    is_on = models.BooleanField(default=True)
    tokens = models.FloatField(default=0)
    filled_at = models.DateTimeField(null=True)
    waits_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    last_sent_at = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField(null=True)
    error: models.JSONField[Any, Any] = models.JSONField(default=dict)  # code, message of the last failure


class Contact(models.Model):
    """Where a user is reached, sealed with a key from the settings; for an exchange that loads addresses instead of answering for them."""

    user_id = models.CharField(max_length=200)
    channel = models.CharField(max_length=16, choices=[(key, key) for key in states.CHANNELS])
    sealed = models.BinaryField()
    loaded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user_id", "channel"], name="one_contact_per_user_and_channel")
        ]
