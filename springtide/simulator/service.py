"""What happens around the money: tickets, surveys, messages, and restrictions that no behaviour causes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from springtide.simulator import cast, rows
from springtide.simulator.campaigns import GRANT
from springtide.simulator.chance import Chance, Whole, as_pair
from springtide.simulator.fills import Columns, stack
from springtide.simulator.market import DAY_MICROS
from springtide.simulator.people import HOUR, NEVER, People
from springtide.simulator.world import World

WITHDRAWAL, LIQUIDATION, TRADING, ACCOUNT, CAMPAIGN = range(5)
TOPICS = ("withdrawal", "liquidation", "trading", "account", "campaign")
SEVERITIES = ("low", "medium", "high", "critical")
TICKET_STATES = ("open", "waiting", "resolved", "closed")
MESSAGE_CHANNELS = ("push", "email", "inbox")
OUTCOMES = ("sent", "delivered", "opened", "clicked", "unsubscribed", "bounced")
QUESTIONS = ("Would you recommend us?", "How easy was your last withdrawal?")
REASONS = ("", "fees", "support", "liquidity", "app")


def standing_restrictions(chance: Chance, people: People, last: int) -> Columns:
    """Restrictions that no behaviour causes: no promotions, sanctions at registration, people who must be treated with care."""
    draw, when = as_pair(chance.bits("service.restricted", people.no))
    begins = people.registered + (when * 20 * DAY_MICROS).astype(np.int64) + HOUR
    in_time = (begins < (last + 1) * DAY_MICROS) & (people.no >= len(cast.FOUNDERS))
    edges = ((0.0000, 0.0020, rows.NO_PROMO), (0.0020, 0.0022, rows.SANCTIONS), (0.0022, 0.0030, rows.VULNERABLE))
    parts = []
    for low, high, kind in edges:
        who = np.flatnonzero((draw >= low) & (draw < high) & in_time)
        parts.append(rows.restriction(who, kind, begins[who]))
    return stack(parts)


def serve(world: World, day: int, active: Whole) -> None:
    """Tickets, surveys and messages of the day; takes the complaints that failed withdrawals left among the rows."""
    chance, rows_ = world.chance, world.rows
    asks = active[chance.uniform("service.asks", active, day) < 0.004]
    asked_at = day * DAY_MICROS + (chance.uniform("service.asked_at", asks, day) * 23.5 * HOUR).astype(np.int64)
    topics = 2 + np.floor(chance.uniform("service.topic", asks, day) * 3).astype(np.int64)
    hurt = np.unique(world.liquidated)
    hurt = hurt[chance.uniform("service.hurt", hurt, day) < 0.07]
    late = np.full(hurt.size, (day + 1) * DAY_MICROS - HOUR // 4, np.int64)
    for topic, who, at in (
        *((WITHDRAWAL, part["user"], part["at"]) for part in rows_.tables.pop("complaints", [])),
        (LIQUIDATION, hurt, late),
        *((code, asks[topics == code], asked_at[topics == code]) for code in (TRADING, ACCOUNT, CAMPAIGN)),
    ):
        if who.size:
            rows_.add("tickets", _tickets(chance, who, at, topic, day))

    rated = active[chance.uniform("service.rates", active, day) < 0.003]
    rows_.add("surveys", _surveys(chance, rated, day))
    for part in rows_.tables.get("reward_entries", []):
        granted = part["action"] == GRANT
        if granted.any():
            rows_.add("messages", _messages(chance, part["user"][granted], part["at"][granted], part["campaign"][granted]))


def _tickets(chance: Chance, who: Whole, at: Whole, topic: int, on: int) -> Columns:
    severity, reply = as_pair(chance.bits(f"service.ticket.{topic}", who, on))
    solved, liked = as_pair(chance.bits(f"service.solved.{topic}", who, on))
    hard = topic in (WITHDRAWAL, LIQUIDATION)
    level = np.searchsorted([0.25, 0.7, 0.96] if hard else [0.6, 0.92, 0.995], severity)
    replied = at + (0.15 * HOUR * np.exp(2.2 * reply * (1 + hard * 0.3))).astype(np.int64)
    resolved = replied + (HOUR * 2.0 * np.exp(3.2 * solved)).astype(np.int64)
    state = np.where(solved < 0.9, 3, np.where(solved < 0.97, 2, 1))
    return {
        "user": who,
        "at": at,
        "topic": np.full(who.size, topic, np.int8),
        "severity": level.astype(np.int8),
        "state": state.astype(np.int8),
        "replied": replied,
        "resolved": np.where(state >= 2, resolved, NEVER),
        "reopened": (liked > 0.94) & (state >= 2),
        "score": np.where((liked < 0.35) & (state >= 2), 1 + np.floor((1 - solved * 0.7) * 4.99), 0).astype(np.int8),
        "ordinal": np.full(who.size, topic, np.int64),
    }


def _surveys(chance: Chance, who: Whole, on: int) -> Columns:
    which, score = as_pair(chance.bits("service.survey", who, on))
    points = np.floor(np.sqrt(score) * 10.99).astype(np.int8)
    return {
        "user": who,
        "at": (on + 1) * DAY_MICROS - (which * HOUR).astype(np.int64) - 1_000_000,
        "question": (which > 0.7).astype(np.int8),
        "score": points,
        "reason": np.where(points < 7, 1 + np.floor(which * 10 % 4), 0).astype(np.int8),
        "ordinal": np.zeros(who.size, np.int64),
    }


def _messages(chance: Chance, who: Whole, at: Whole, campaign: NDArray[np.int16]) -> Columns:
    which, outcome = as_pair(chance.bits("service.message", who, int(campaign[0])))
    return {
        "user": who,
        "at": np.maximum(at - 60_000_000, at // DAY_MICROS * DAY_MICROS),
        "channel": np.searchsorted([0.5, 0.8], which).astype(np.int8),
        "campaign": campaign,
        "outcome": np.searchsorted([0.05, 0.62, 0.86, 0.975, 0.985], outcome).astype(np.int8),
        "ordinal": campaign.astype(np.int64),
    }
