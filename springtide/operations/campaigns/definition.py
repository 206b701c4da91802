"""What a campaign is: one frozen definition of who, what, when and how it will be measured. A plain campaign is a journey of one step.

Nothing here asks the home or the database; whether the segments, templates and offers that it names are there, `checks.py` asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, Literal

from springtide.analytics.decisions import CLASSES
from springtide.kernel.days import zone
from springtide.kernel.errors import suggest
from springtide.kernel.ids import content_hash
from springtide.operations.campaigns.given import BadCampaign, Given
from springtide.operations.campaigns.states import MOST_STEPS

PROBLEMS: Final = ("new_user_retention", "low_activity", "dormant_users", "conversion", "keep", "none")
ENTRIES: Final = ("once", "schedule", "close", "event")
STEPS: Final = ("message", "reward", "wait", "wait_until", "branch", "split", "task", "exit")
HOLDOUT: Final = "holdout"
MOST_ARMS: Final = 10
WINDOWS: Final = (7, 14, 30, 60, 90)
LAST: Final = "exit"  # where a step leads that is followed by none


@dataclass(frozen=True)
class Moved:
    """Users who came into a stratum (perhaps out of another), or into a segment."""

    into: str
    stratification: str | None = None  # null: `into` is a segment
    out_of: str | None = None


@dataclass(frozen=True)
class Audience:
    """Whom it addresses: a text over columns, strata, segments and lists, and perhaps a move. `as_of` null: the last closed day."""

    rule: str
    moved: Moved | None
    as_of: date | None


@dataclass(frozen=True)
class Condition:
    """What a property of an event must be: one of the values, or between two numbers, both included."""

    property: str
    values: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, properties: Mapping[str, Any]) -> bool:
        """What is not there, or is no number where one is asked for, does not hold."""
        seen = properties.get(self.property)
        if self.values:
            return seen is not None and str(seen) in self.values
        if isinstance(seen, bool) or not isinstance(seen, int | float):
            return False
        return (self.at_least is None or seen >= self.at_least) and (self.at_most is None or seen <= self.at_most)


@dataclass(frozen=True)
class Entry:
    """How users come in.

    once        everybody of the audience, when it is launched
    schedule    everybody of the audience, at the moments that a cron line names
    close       whoever moved as the audience says, on each day that is closed
    event       whoever an event happens to; `per`: the property that tells one of several runs of a user from another
    """

    kind: Literal["once", "schedule", "close", "event"]
    cron: str = ""
    zone: str = "UTC"
    event: str = ""
    where: tuple[Condition, ...] = ()
    per: str = ""


@dataclass(frozen=True)
class Arm:
    """A treated arm and its share of those who are not held out."""

    key: str
    weight: int


@dataclass(frozen=True)
class Offer:
    """What a user may get: its type, what it is worth, and what the ledger makes of the rest."""

    key: str
    type: str
    amount_usdt: Decimal
    terms: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One step. `then`: where it leads; a branch leads to `otherwise` where its condition does not hold, a split to one of `ways`."""

    key: str
    do: str
    then: str
    channel: str = ""
    templates: Mapping[str, str] | None = None  # arm → template; '' is every arm
    offers: Mapping[str, str] | None = None  # arm → offer; '' is every arm
    hours: int = 0  # waits so long; wait_until: at most
    until: str = ""  # an hour of the user's day
    event: str = ""  # waits for it, or asks whether it happened since the entry
    rule: str = ""  # a branch on columns and strata
    otherwise: str = ""
    ways: tuple[tuple[str, int], ...] = ()  # to, weight
    task: Mapping[str, Any] | None = None

    def template(self, arm: str) -> str | None:
        return (self.templates or {}).get(arm, (self.templates or {}).get(""))

    def offer(self, arm: str) -> str | None:
        return (self.offers or {}).get(arm, (self.offers or {}).get("")) or None


@dataclass(frozen=True)
class ReEntry:
    """When somebody who entered may enter again: never, so many days later, or in the next calendar week or month."""

    kind: Literal["off", "elapsed", "calendar"] = "off"
    days: int = 0
    period: Literal["week", "month"] = "month"


@dataclass(frozen=True)
class Goal:
    """When a user needs it no longer: a text over columns and strata, or an event."""

    rule: str = ""
    event: str = ""


@dataclass(frozen=True)
class Measure:
    """What it will be judged by, fixed before it is launched."""

    primary: str
    guardrails: tuple[str, ...]
    window_days: int
    planned_users: int


@dataclass(frozen=True)
class Definition:
    """A checked campaign."""

    title: str
    objective: str
    problem: str
    hypothesis: str
    playbook: str
    message_class: str
    audience: Audience
    entry: Entry
    arms: tuple[Arm, ...]
    holdout_ratio: float
    no_holdout_because: str
    offers: Mapping[str, Offer]
    steps: tuple[Step, ...]
    budget_usdt: Decimal
    priority: int
    exclusion_group: str
    re_entry: ReEntry
    goal: Goal | None
    instrument: str  # what the benefit is for: spot, contract … ; the gates ask
    if_capped: Literal["drop", "defer"]
    measure: Measure | None
    beneficiaries: tuple[str, ...]
    template_versions: Mapping[str, int]  # template → the version that was approved
    budget_within: str  # the budget around its own; empty: none

    @property
    def is_journey(self) -> bool:
        return len(self.steps) > 1

    def step(self, key: str) -> Step:
        """One step by its key."""
        return next(each for each in self.steps if each.key == key)

    def largest_reward(self) -> Decimal:
        """The most that one user can get, if every offer of the dearest way is granted once."""
        by_arm = (
            sum((self.offers[key].amount_usdt for step in self.steps if (key := step.offer(arm.key))), Decimal())
            for arm in self.arms
        )
        return max(by_arm, default=Decimal())


def read_definition(title: str, body: Mapping[str, Any]) -> Definition:
    """The campaign that a body says.

    refuses    bad_campaign    something is left open, or cannot be
               unknown_key     a key that nothing has
    """
    given = Given(body)
    message_class = given.choice("message_class", CLASSES, default="promotional")
    arms = _arms(given)
    offers = {key: _offer(key, below) for key, below in given.by_key("offers")}
    steps = _steps(given, arms, offers)
    audience = _audience(given)
    entry = _entry(given, audience)
    holdout = given.number("holdout_ratio", default=0.10, most=0.9)
    because = given.text("no_holdout_because", default="")
    if holdout == 0 and not because:
        raise BadCampaign(
            "The campaign has no holdout and does not say why.",
            "Write 'no_holdout_because: …' (a competition, fewer than 500 VIPs, service), or give it a holdout_ratio.",
        )
    measure = _measure(given)
    if measure is None and holdout > 0:
        raise BadCampaign("The campaign does not say how it is measured.", "Write 'measure: {primary: net_revenue, …}'.")
    definition = Definition(
        title=" ".join(title.split()),
        objective=given.text("objective"),
        problem=given.choice("problem", PROBLEMS),
        hypothesis=given.text("hypothesis"),
        playbook=given.text("playbook", default=""),
        message_class=message_class,
        audience=audience,
        entry=entry,
        arms=arms,
        holdout_ratio=holdout,
        no_holdout_because=because,
        offers=offers,
        steps=steps,
        budget_usdt=given.money("budget_usdt", default=Decimal()),
        priority=given.whole("priority", default=50, most=100),
        exclusion_group=given.key("exclusion_group", default=""),
        re_entry=_re_entry(given),
        goal=_goal(given),
        instrument=given.text("instrument", default="spot", longest=32),
        if_capped="defer" if given.choice("if_capped", ("drop", "defer"), default="drop") == "defer" else "drop",
        measure=measure,
        beneficiaries=given.texts("beneficiaries"),
        template_versions={key: _version(key, given) for key in _pinned(given)},
        budget_within=given.text("budget_within", default="", longest=120),
    )
    given.done()
    if offers and not definition.budget_usdt:
        raise BadCampaign("The campaign gives rewards and has no budget.", "Write 'budget_usdt: 5000'.")
    if message_class == "service" and offers:
        raise BadCampaign("A service message carries no offer.", "Make it promotional, or take the offer out.")
    return definition


def templates_named(definition: Definition) -> tuple[str, ...]:
    """The templates of its messages, each once."""
    return tuple(dict.fromkeys(key for step in definition.steps for key in (step.templates or {}).values()))


def hash_of(key: str, title: str, body: Mapping[str, Any]) -> str:
    """Names exactly what is approved: the key, the title and everything that the body says."""
    return content_hash([key, " ".join(title.split()), body])


def _pinned(given: Given) -> Mapping[str, Any]:
    found = given.take("template_versions") or {}
    if not isinstance(found, Mapping):
        raise given.bad("template_versions", "Leave it out: saving a campaign says which versions its templates have.")
    return found


def _version(key: str, given: Given) -> int:
    return Given(given.content["template_versions"], "template_versions").whole(key, least=1)


def _arms(given: Given) -> tuple[Arm, ...]:
    arms = []
    for each in given.entries("arms"):
        arms.append(Arm(each.key("key"), each.whole("weight", default=1, least=1, most=10_000)))
        each.done()
    keys = [arm.key for arm in arms]
    if len(arms) > MOST_ARMS or len(set(keys)) < len(keys) or {HOLDOUT, "control"} & set(keys):
        raise BadCampaign(
            f"The arms are {', '.join(keys)}.",
            f"At most {MOST_ARMS}, each with a key of its own; holdout and control are there without being named.",
        )
    return tuple(arms) or (Arm("treated", 1),)


def _audience(given: Given) -> Audience:
    below = given.below("audience")
    if below is None:
        raise BadCampaign("The campaign does not say its audience.", "Write 'audience: {rule: …}'; 'true' takes everybody.")
    moved = None
    if (move := below.below("moved")) is not None:
        stratification = move.key("stratification", default="") or None
        moved = Moved(move.key("into"), stratification, move.key("out_of", default="") or None)
        move.done()
        if moved.out_of and not stratification:
            raise move.bad("out_of", "Only a stratum is left for another; of a segment say into alone.")
    audience = Audience(below.text("rule", default="true", longest=4000), moved, below.day("as_of"))
    below.done()
    return audience


def _entry(given: Given, audience: Audience) -> Entry:
    below = given.below("entry")
    if below is None:
        return Entry("once")
    kind = below.choice("kind", ENTRIES)
    match kind:
        case "schedule":
            entry = Entry("schedule", cron=below.text("cron"), zone=below.text("zone", default="UTC"))
            zone(entry.zone)
        case "close":
            entry = Entry("close")
            if audience.moved is None:
                raise BadCampaign(
                    "Who enters on each close is not said.",
                    "Write 'audience: {moved: {stratification: lifecycle, into: lapsing}}', or 'moved: {into: a segment}'.",
                )
        case "event":
            where = tuple(_condition(key, each) for key, each in _conditions(below))
            entry = Entry("event", event=below.text("event"), where=where, per=below.text("per", default=""))
            if audience.moved or audience.as_of:
                raise BadCampaign("Who an event happens to has not moved.", "Leave audience.moved and audience.as_of out.")
        case _:
            entry = Entry("once")
    below.done()
    return entry


def _conditions(below: Given) -> list[tuple[str, Any]]:
    where = below.take("where") or {}
    if not isinstance(where, Mapping):
        raise below.bad("where", "Write 'where: {asset: [BTC, ETH], amount_usdt: {at_least: 100}}'.")
    return [(str(key), value) for key, value in where.items()]


def _condition(key: str, value: Any) -> Condition:
    if isinstance(value, Mapping):
        given = Given(value, f"entry.where.{key}")
        low = given.number("at_least", least=-1e15, most=1e15) if "at_least" in given else None
        high = given.number("at_most", least=-1e15, most=1e15) if "at_most" in given else None
        given.done(("at_least", "at_most"))
        if low is None and high is None:
            raise BadCampaign(f"entry.where.{key} says nothing.", "Write {at_least: 100}, a value, or a list of values.")
        return Condition(key, at_least=low, at_most=high)
    return Condition(key, values=tuple(str(each) for each in (value if isinstance(value, list | tuple) else [value])))


def _offer(key: str, given: Given) -> Offer:
    terms = {name: value for name, value in given.content.items() if name not in ("type", "amount_usdt")}
    return Offer(key, given.key("type"), given.money("amount_usdt"), terms)


def _steps(given: Given, arms: tuple[Arm, ...], offers: Mapping[str, Offer]) -> tuple[Step, ...]:
    written = list(given.entries("steps"))
    if not 0 < len(written) <= MOST_STEPS:
        raise BadCampaign(
            f"The campaign has {len(written)} steps.", f"Write 1 to {MOST_STEPS} of them, each with 'key' and 'do'."
        )
    keys = [each.key("key") for each in written]
    if len(set(keys)) < len(keys) or LAST in keys:
        raise BadCampaign(f"The steps are {', '.join(keys)}.", "Each has a key of its own; 'exit' is where every way ends.")
    following = dict(pairwise([*keys, LAST]))
    steps = tuple(_step(each, key, following[key], arms, offers) for each, key in zip(written, keys, strict=True))
    targets = {*keys, LAST}
    for step in steps:
        for to in (step.then, step.otherwise, *(to for to, _ in step.ways)):
            if to and to not in targets:
                raise BadCampaign(f"Step '{step.key}' leads to '{to}'.", suggest(to, targets))
    if not any(step.do in ("message", "reward", "task") for step in steps):
        raise BadCampaign("Nothing happens in this campaign.", "Give it a step that is a message, a reward or a task.")
    _refuse_circles(steps)
    return steps


def _step(given: Given, key: str, following: str, arms: tuple[Arm, ...], offers: Mapping[str, Offer]) -> Step:
    do = given.choice("do", STEPS)
    then = LAST if do == "exit" else given.key("then", default=following)
    match do:
        case "message":
            step = Step(
                key, do, then,
                channel=given.key("channel"),
                templates=_by_arm(given, "template", arms, required=True),
                offers=_offers(given, arms, offers, required=False),
            )  # fmt: skip
        case "reward":
            step = Step(key, do, then, offers=_offers(given, arms, offers, required=True))
        case "wait":
            step = Step(key, do, then, hours=given.whole("hours", least=1, most=24 * 365))
        case "wait_until":
            step = Step(
                key, do, then,
                until=given.text("hour", default=""),
                event=given.text("event", default=""),
                hours=given.whole("at_most_hours", default=24 * 7, least=1, most=24 * 365),
                otherwise=given.key("otherwise", default=then),
            )  # fmt: skip
            if bool(step.until) == bool(step.event):
                raise BadCampaign(f"Step '{key}' does not say until when it waits.", 'Write hour: "09:00", or event: deposit.')
        case "branch":
            step = Step(
                key, do, then,
                rule=given.text("rule", default="", longest=4000),
                event=given.text("event", default=""),
                otherwise=given.key("otherwise", default=LAST),
            )  # fmt: skip
            if bool(step.rule) == bool(step.event):
                raise BadCampaign(
                    f"Step '{key}' does not say what decides.", "Write rule: a text over columns, or event: its name."
                )
        case "split":
            ways = []
            for each in given.entries("ways"):
                ways.append((each.key("to"), each.whole("weight", default=1, least=1, most=10_000)))
                each.done()
            if len(ways) < 2:
                raise BadCampaign(
                    f"Step '{key}' splits nobody.", "Write ways: [{to: a_step, weight: 1}, {to: another, weight: 1}]."
                )
            step = Step(key, do, then, ways=tuple(ways))
        case "task":
            task = {
                "type": given.key("type"),
                "title": given.text("title", longest=200),
                "queue": given.text("queue", default=""),
            }
            step = Step(key, do, then, hours=given.whole("within_hours", default=24, least=1, most=24 * 90), task=task)
        case _:
            step = Step(key, do, LAST)
    given.done(("then",))
    return step


def _by_arm(given: Given, name: str, arms: tuple[Arm, ...], *, required: bool) -> dict[str, str]:
    """One text for every arm, or one by arm; null for an arm that gets none."""
    value = given.take(name)
    if value is None and not required:
        return {}
    if isinstance(value, str) and value:
        return {"": value}
    keys = [arm.key for arm in arms]
    if not isinstance(value, Mapping) or not value:
        raise given.bad(name, f"Write a key, or one for each arm: {{{keys[0]}: …}}.")
    for arm in value:
        if arm not in keys:
            raise BadCampaign(f"{given.named(name)} speaks of the arm '{arm}'.", suggest(str(arm), keys))
    return {str(arm): str(each) for arm, each in value.items() if each is not None}


def _offers(given: Given, arms: tuple[Arm, ...], offers: Mapping[str, Offer], *, required: bool) -> dict[str, str]:
    found = _by_arm(given, "offer", arms, required=required)
    for key in found.values():
        if key not in offers:
            raise BadCampaign(f"{given.named('offer')} is '{key}', which is not among the offers.", suggest(key, offers))
    return found


def _refuse_circles(steps: tuple[Step, ...]) -> None:
    """A user who goes round and round would be written to for ever."""
    leads = {step.key: {step.then, step.otherwise, *(to for to, _ in step.ways)} - {"", LAST} for step in steps}
    for start in leads:
        seen: set[str] = set()
        ahead = set(leads[start])
        while ahead:
            seen |= ahead
            ahead = {to for key in ahead for to in leads[key]} - seen
        if start in seen:
            raise BadCampaign(f"Step '{start}' leads back to itself.", "Let every way end in exit.")


def _re_entry(given: Given) -> ReEntry:
    below = given.below("re_entry")
    if below is None:
        return ReEntry()
    kind = below.choice("kind", ("off", "elapsed", "calendar"))
    if kind == "elapsed":
        found = ReEntry("elapsed", days=below.whole("days", least=1, most=3650))
    elif kind == "calendar":
        found = ReEntry("calendar", period="week" if below.choice("period", ("week", "month")) == "week" else "month")
    else:
        found = ReEntry()
    below.done()
    return found


def _goal(given: Given) -> Goal | None:
    below = given.below("goal")
    if below is None:
        return None
    goal = Goal(below.text("rule", default="", longest=4000), below.text("event", default=""))
    below.done()
    if not (goal.rule or goal.event):
        raise BadCampaign("The goal says nothing.", "Write rule: a text over columns and strata, or event: its name, or both.")
    return goal


def _measure(given: Given) -> Measure | None:
    below = given.below("measure")
    if below is None:
        return None
    measure = Measure(
        below.key("primary"),
        below.texts("guardrails"),
        below.whole("window_days", default=30),
        below.whole("planned_users", default=0),
    )
    if measure.window_days not in WINDOWS:
        raise below.bad("window_days", f"It can be one of: {', '.join(map(str, WINDOWS))}.")
    below.done()
    return measure
