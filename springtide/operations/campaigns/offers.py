"""The offers of a campaign as the ledger keeps them, and the budget that they come out of: opened when it is launched."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from springtide.kernel.money import micro
from springtide.operations.campaigns.definition import Definition, Offer
from springtide.operations.campaigns.given import BadCampaign
from springtide.operations.campaigns.models import Campaign
from springtide.operations.members.models import Member
from springtide.operations.rewards.actions import publish_offer
from springtide.operations.rewards.budgets import change_budget, open_budget
from springtide.operations.rewards.models import Budget
from springtide.operations.rewards.offers import hash_of, read_terms

LONGEST_KEY: Final = 64


def offer_hashes(campaign: str, definition: Definition) -> dict[str, str]:
    """Offer → the content hash by which the ledger knows it.

    refuses    unknown_kind, unknown_term, bad_term
               bad_campaign    the keys of campaign and offer are too long together
    """
    return {key: _hash(campaign, offer) for key, offer in definition.offers.items()}


def bring_into_ledger(campaign: Campaign, definition: Definition, *, acting: Member, now: datetime) -> None:
    """Publish the offers of a campaign and open its budget, or fund it as its next version says.

    writes     offers, one budget, its funding; audit rows
    refuses    over_parent, below_taken    more than the budget around it was given, less than is taken
    """
    for key, offer in definition.offers.items():
        publish_offer(
            _key(campaign.key, key),
            title=f"{campaign.title}: {key}",
            kind=offer.type,
            amount_usdt=micro(offer.amount_usdt),
            terms=offer.terms,
            acting=acting,
            now=now,
        )
    if not definition.offers:
        return
    amount = micro(definition.budget_usdt)
    if Budget.objects.filter(key=campaign.key).exists():
        change_budget(campaign.key, amount_usdt=amount, acting=None, now=now, reason="the next version of the campaign")
    else:
        open_budget(
            campaign.key,
            title=campaign.title,
            kind="campaign",
            amount_usdt=amount,
            acting=None,  # who approved the campaign approved its budget
            now=now,
            parent=definition.budget_within or None,
        )


def _hash(campaign: str, offer: Offer) -> str:
    key = _key(campaign, offer.key)
    return hash_of(key, offer.type, micro(offer.amount_usdt), read_terms(offer.type, offer.terms))


def _key(campaign: str, offer: str) -> str:
    key = f"{campaign}-{offer}"
    if len(key) > LONGEST_KEY:
        raise BadCampaign(
            f"'{key}' is too long a name for an offer.", f"At most {LONGEST_KEY} characters: shorten one of the two."
        )
    return key
