"""What somebody has already, against what the terms of an offer let them have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from springtide.kernel.errors import BadInput
from springtide.kernel.money import usdt
from springtide.operations.rewards import states
from springtide.operations.rewards.models import Offer, Reward
from springtide.operations.rewards.naming import among


class NewReward(NamedTuple):
    """A reward to be reserved. `key` is the decision's id, `offer` the content hash of an offer, `budget` the key of a budget.

    `campaign` is within which a linked cluster gets one: the campaign, or one of its steps where each may give.
    """

    key: str
    user_id: str
    person_id: str
    offer: str
    amount_usdt: int  # whole 1e-6 USDT
    campaign: str
    budget: str


class Held:
    """The rewards that the people of a batch have, those of the batch among them as they are let through."""

    def __init__(self, batch: Sequence[NewReward], offered: Mapping[str, Offer]) -> None:
        self.offered = offered  # by content hash
        self.keys = set[str]()
        self.of_campaign = set[tuple[str, str]]()
        self.of_user: Counter[tuple[str, str]] = Counter()  # offer and user → how many, ever
        self.of_person: Counter[tuple[str, str]] = Counter()
        self.open_with: dict[str, set[bool]] = defaultdict(
            set
        )  # person → whether each open reward of theirs stands beside others
        theirs = Reward.objects.filter(among("person_id", {each.person_id for each in batch}), is_undone=False)
        of_offer = {each.pk: each for each in Offer.objects.filter(pk__in=set(theirs.values_list("offer_id", flat=True)))}
        stacks = {pk: offer.conditions.stacks for pk, offer in of_offer.items()}
        for user, person, offer_id, state in theirs.values_list("user_id", "person_id", "offer_id", "state"):
            self._has(
                of_offer[offer_id].key, user, person, is_open=state in ("reserved", *states.OPEN), stacks=stacks[offer_id]
            )

    def why_not(self, reward: NewReward) -> str:
        """Why a reward is refused whatever the budget; empty, and counted from now on, where it is not.

        refuses    bad_amount    nothing, or less
        """
        offer = self.offered[reward.offer]
        if reward.amount_usdt <= 0:
            message = f"Reward {reward.key} is worth {usdt(reward.amount_usdt)} USDT."
            raise BadInput(message, "Give an amount above zero.", code="bad_amount")
        if reward.amount_usdt > offer.amount_usdt:
            return "over_offer"
        if reward.key in self.keys:
            return "known"
        if (reward.campaign, reward.person_id) in self.of_campaign:
            return "has_one"
        terms = offer.conditions
        per_user, per_person = (offer.key, reward.user_id), (offer.key, reward.person_id)
        if self.of_user[per_user] >= terms.per_user or self.of_person[per_person] >= terms.per_cluster:
            return "offer_cap"
        beside = self.open_with.get(reward.person_id, ())
        if beside and not (terms.stacks and all(beside)):
            return "not_beside"
        self.of_campaign.add((reward.campaign, reward.person_id))
        self._has(offer.key, reward.user_id, reward.person_id, is_open=True, stacks=terms.stacks)
        return ""

    def _has(self, offer: str, user: str, person: str, *, is_open: bool, stacks: bool) -> None:
        self.of_user[offer, user] += 1
        self.of_person[offer, person] += 1
        if is_open:
            self.open_with[person].add(stacks)
