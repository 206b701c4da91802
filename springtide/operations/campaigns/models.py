"""Tables of the campaigns. Users live in the lake and are named by the exchange's id, as text."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from springtide.operations.campaigns import states


class Campaign(models.Model):
    """A campaign or journey as it stands. What runs is a version of it."""

    key = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    body: models.JSONField[Any, Any] = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default="draft", choices=[(key, key) for key in states.STATES])
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField()
    note = models.CharField(max_length=400, blank=True)  # why it was returned, cancelled or stopped
    ended_at = models.DateTimeField(null=True)  # when nobody entered any more
    killed_at = models.DateTimeField(null=True)  # stopped for good: what was due and did not go out never will

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state"], name="campaigns_by_state")]

    def __str__(self) -> str:
        return self.key


class Version(models.Model):
    """What a campaign said when it was launched: never changed. A user under way keeps the version they began with."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body: models.JSONField[Any, Any] = models.JSONField()
    content_hash = models.CharField(max_length=64)
    policy: models.JSONField[Any, Any] = models.JSONField()  # the policy in force at the launch
    launched_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    launched_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["campaign", "number"], name="one_campaign_version_per_number")
        ]


class Run(models.Model):
    """One time at which a campaign takes users in: its launch, a slot of its schedule, a closed day; or the stream of its events.

    What a worker has done of it is said here, so that another one goes on where it was killed.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="runs")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="runs")
    slot = models.CharField(max_length=64)  # what asked for it: 'launch 1', a time, a day, 'events 1'
    asked_at = models.DateTimeField()
    as_of = models.DateField(null=True)  # the closed day by which users are judged; null until it is begun
    state = models.CharField(max_length=16, default="freezing", choices=[(key, key) for key in states.RUN_STATES])
    audience = models.BigIntegerField(default=0)  # users
    audience_hash = models.CharField(max_length=32, blank=True)
    decided_at = models.DateTimeField(null=True)
    contacts_through = models.BigIntegerField(default=0)  # the last decision whose contact the pass counted
    funnel: models.JSONField[Any, Any] = models.JSONField(default=list)  # rows of (check, reason, arm, verdict, users, passed)
    due = models.BigIntegerField(default=0)  # users who passed the pass
    late: models.JSONField[Any, Any] = models.JSONField(
        default=list
    )  # what became of them: (check, reason, arm, verdict, users)
    position = models.BigIntegerField(default=-1)  # the number of the last due user that was dealt with
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["campaign", "slot"], name="one_campaign_run_per_slot")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state"], name="campaign_runs_by_state")]

    @property
    def is_stream(self) -> bool:
        """Takes in whom events happen to, one by one, for as long as its version is in force."""
        return self.slot.startswith("events")


class Decision(models.Model):
    """What became of a user who was due: sent, or refused by what is asked last. The row is the cap count as well.

    Decisions of events, and of steps after the first, stand here whole, control and holdout too. A close exports the rows and clears them.
    """

    key = models.CharField(max_length=64, unique=True)  # of the message and the reward too
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+", db_index=False)
    step = models.CharField(max_length=64)
    user_id = models.CharField(max_length=200)
    user_no = models.IntegerField(null=True)  # null: a user whom the lake does not know yet
    arm = models.CharField(max_length=64)
    verdict = models.CharField(max_length=8, choices=[(key, key) for key in states.VERDICTS])
    check_no = models.SmallIntegerField()
    reason = models.CharField(max_length=64, blank=True)
    risk_reasons = models.CharField(max_length=400, blank=True)
    has_passed = models.BooleanField(default=True)
    channel = models.CharField(max_length=16, blank=True)  # empty: nothing that counts as a contact
    message_class = models.CharField(max_length=16)
    due_at = models.DateTimeField(null=True)  # put off until then; null: at once
    decided_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["user_no", "decided_at"], name="decisions_of_a_user")]


class Turn(models.Model):
    """Whose turn it is to write decisions: one row, locked for a batch, so that two campaigns never both count the last contact."""


class Traveller(models.Model):
    """A user under way in a journey: at which step, and when or by which event they go on. They keep the version of their run."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="travellers")
    user_id = models.CharField(max_length=200)
    user_no = models.IntegerField()
    person_id = models.CharField(max_length=200)
    entry_key = models.CharField(
        max_length=200, blank=True
    )  # tells one of several runs of a user from another: an order, a position
    arm = models.CharField(max_length=64)
    step = models.CharField(max_length=64)
    state = models.CharField(max_length=8, default="waiting", choices=[(key, key) for key in states.TRAVELLER_STATES])
    wake_at = models.DateTimeField()
    waits_for = models.CharField(max_length=200, blank=True)  # an event that wakes them before their time
    happened: models.JSONField[Any, Any] = models.JSONField(default=list)  # events since the entry that the journey asks about
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "user_no", "entry_key"], name="one_traveller_per_run_and_entry")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["wake_at"], name="travellers_to_wake", condition=models.Q(state="waiting")),
            models.Index(fields=["user_id"], name="travellers_of_a_user", condition=models.Q(state="waiting")),
        ]


class Event(models.Model):
    """Something that happened to a user, as the exchange told it, until every campaign that asks for it has been answered."""

    source = models.CharField(max_length=32)
    event_id = models.CharField(max_length=128)
    user_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    happened_at = models.DateTimeField()
    properties: models.JSONField[Any, Any] = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "event_id"], name="one_event_per_source_and_id")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], name="events_to_answer", condition=models.Q(answered_at=None))
        ]
