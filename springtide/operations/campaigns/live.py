"""Whether a message may still go out, asked at the moment of sending: its campaign, risk, quiet hours, and after a deferral the audience.

Consent is asked by delivery itself, which knows it first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import F

from springtide.analytics.decisions.deciding import USERS
from springtide.analytics.decisions.quiet import clocks, release
from springtide.analytics.engine import Column, Schema
from springtide.analytics.facts import fact_schema
from springtide.analytics.foresight.benefit import Benefit
from springtide.home import Home
from springtide.operations.campaigns.candidates import Pass, decide_candidates, people
from springtide.operations.campaigns.models import Campaign, Decision, Run, Version
from springtide.operations.campaigns.policy import policy_in_force
from springtide.operations.campaigns.reads import definition_of
from springtide.operations.delivery.dispatching import Hold
from springtide.operations.delivery.leasing import Outgoing
from springtide.operations.delivery.models import Message
from springtide.operations.risk.gates import flagged

LOOK_AGAIN: Final = timedelta(seconds=30)  # at what is paused
LATE: Final = timedelta(
    minutes=10
)  # quiet hours were asked when it was decided; what goes out so much later is asked once more
ASKED_AGAIN: Final = (3, 4, 5, 7, 10)  # the checks that a deferred message must pass once more
_IDS: Schema = (Column("user_id", "varchar", False),)


@dataclass
class Live:
    """Answers for a batch: the keys of messages that must not go out now, and why."""

    home: Home
    now: Callable[[], datetime]
    _benefits: dict[tuple[str, str], Benefit] = field(default_factory=dict)

    def __call__(self, messages: Sequence[Outgoing]) -> Mapping[str, Hold]:
        now = self.now()
        holds = self._campaigns(messages, now)
        holds |= self._risk([each for each in messages if each.key not in holds], now)
        left = {each.key: each for each in messages if each.key not in holds}
        waited = Message.objects.filter(pk__in=[each.id for each in left.values()])
        put_off = waited.filter(due_at__gt=F("queued_at"), due_at__gte=now - LATE).values_list("key", flat=True)
        holds |= self._deferred(list(put_off), now)
        late = waited.filter(due_at__lt=now - LATE).exclude(message_class="service").values_list("key", flat=True)
        return holds | self._quiet([left[key] for key in late if key not in holds], now)

    def _campaigns(self, messages: Iterable[Outgoing], now: datetime) -> dict[str, Hold]:
        keys = {each.campaign for each in messages if each.campaign}
        stands = {key: told for key, *told in Campaign.objects.filter(key__in=keys).values_list("key", "state", "killed_at")}
        holds = {}
        for each in messages:
            state, killed_at = stands.get(each.campaign, ("", None))
            if killed_at is not None:
                holds[each.key] = Hold("campaign_killed")
            elif state in ("closed", "cancelled"):
                holds[each.key] = Hold("campaign_over")
            elif state in ("draft", "in_review", "approved", "paused"):
                holds[each.key] = Hold("campaign_paused", now + LOOK_AGAIN)
        return holds

    def _risk(self, messages: Iterable[Outgoing], now: datetime) -> dict[str, Hold]:
        holds: dict[str, Hold] = {}
        by_step: dict[tuple[str, str], list[Outgoing]] = defaultdict(list)
        for each in messages:
            by_step[each.campaign, each.step].append(each)
        for (campaign, step), some in by_step.items():
            barred = flagged([each.user_id for each in some], benefit=self._benefit(campaign, step), now=now)
            holds |= {each.key: Hold(f"risk_{barred[each.user_id].says}") for each in some if each.user_id in barred}
        return holds

    def _benefit(self, campaign: str, step: str) -> Benefit:
        if (campaign, step) not in self._benefits:
            version = Version.objects.filter(campaign__key=campaign).order_by("-number").first()
            if version is None:
                return Benefit()
            definition = definition_of(version)
            named = next((each for each in definition.steps if each.key == step), None)
            with self.home.engine() as engine:
                run = Run(campaign=version.campaign, version=version)
                this = Pass(self.home, engine, self.home.lake.snapshot(), run, named, self.now())
                self._benefits[campaign, step] = this.benefit()
        return self._benefits[campaign, step]

    def _deferred(self, keys: Sequence[str], now: datetime) -> dict[str, Hold]:
        """Of those that were put off and were judged by a day that is not the last any more: who would not be let in today."""
        if not keys:
            return {}
        holds: dict[str, Hold] = {}
        by_run: dict[int, dict[int, str]] = defaultdict(dict)
        put_off = Decision.objects.filter(key__in=keys).values_list("key", "run_id", "user_no")
        for key, run_id, number in put_off:
            if number is not None:
                by_run[run_id][number] = key
        for run in Run.objects.filter(pk__in=by_run).select_related("campaign", "version"):
            keys_of = by_run[run.pk]
            holds |= {keys_of[number]: Hold(reason) for number, reason in self._refused_today(run, keys_of, now).items()}
        return holds

    def _refused_today(self, run: Run, numbers: Collection[int], now: datetime) -> dict[int, str]:
        snapshot = self.home.lake.snapshot()
        newest = snapshot.require_closed()
        if run.as_of is not None and newest <= run.as_of:
            return {}
        run.as_of = newest
        with self.home.engine() as engine:
            this = Pass(self.home, engine, snapshot, run, None, now)
            engine.table("put_off", USERS, [(number,) for number in numbers])
            opening, [rule] = people(this, [this.definition.audience.rule])
            engine.make(
                "told_in", f"{opening} select user_no from people where user_no in (select user_no from put_off) and {rule}"
            )
            chosen = "select e.user_no, t.user_no is not null as is_in from put_off as e left join told_in as t on e.user_no = t.user_no"
            decide_candidates(this, chosen, among=list(numbers), is_entry=False)
            told = engine.rows("select user_no, check_no, reason from decisions_made").values
        return {int(number): reason for number, check_no, reason in told if check_no in ASKED_AGAIN}

    def _quiet(self, messages: Sequence[Outgoing], now: datetime) -> dict[str, Hold]:
        if not messages:
            return {}
        quiet, reporting = policy_in_force(self.home.path).quiet, self.home.settings.zone
        with self.home.reading() as (engine, snapshot):
            engine.table("asked_ids", _IDS, [(user,) for user in {each.user_id for each in messages}])
            snapshot.attach(engine, "users", fact_schema("users"))
            told = engine.rows(
                "select u.user_id, u.timezone, u.country from users as u inner join asked_ids as a on u.user_id = a.user_id"
            )
        lives = {str(user): clocks(zone, country, reporting) for user, zone, country in told.values}
        holds = {}
        for each in messages:
            until = release(quiet, lives.get(each.user_id) or clocks(None, None, reporting), now, reporting)
            if until > now:
                holds[each.key] = Hold("quiet_hours", until.astimezone(UTC))
        return holds
