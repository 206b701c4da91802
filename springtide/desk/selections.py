"""From an address to a selection of users, and back: what a figure's link says, the list page reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from django.utils import translation
from django.utils.translation import gettext as _

from springtide.analytics.metrics.served import served
from springtide.analytics.segments import shipped_rules
from springtide.desk import figures, lists, strip, words
from springtide.desk.acquisition import FIGURES, channel_name
from springtide.desk.explore import cell_name, read_question
from springtide.desk.metrics import group_name
from springtide.desk.strategy import cell_rule
from springtide.desk.strip import Strip, both, equals, long_text, short_text
from springtide.desk.words import Labels
from springtide.home import Home
from springtide.home.users import Selection, Stood
from springtide.kernel.days import PERIODS, Period, next_period, parse_day, period_start
from springtide.kernel.errors import BadInput, Refused, UnknownName, suggest
from springtide.operations.members import states as rights
from springtide.operations.members.fields import refuse_closed
from springtide.operations.members.models import Member

# Who has taken a step of the activation chain.
REACHED = {
    "registration": "true",
    "kyc": "kyc_passed_on is not null",
    "deposit": "first_deposit_on is not null",
    "spot_trade": "first_spot_on is not null",
    "contract_trade": "first_contract_on is not null",
}


@dataclass(frozen=True)
class Asked:
    """Which users an address asks for, in words and as a selection. `query` says it again, without page and order."""

    title: str
    why: str
    selection: Selection
    query: Mapping[str, str]


def asked(
    query: Mapping[str, str], labels: Labels, latest: date, home: Home | None = None, member: Member | None = None
) -> Asked:
    """The users that an address asks for, beside the filters of its strip.

        lifecycle=vip, assets=large …    the strata they stand in
    list=vip_silent                  a named list
    was=lifecycle:vip  since=DAY     where they stood on an earlier day (was=lifecycle: who was not here)
    growth=new  period=week          a part of growth accounting, of the period that ends with the day
    reached=deposit                  who has taken a step of the activation chain
    user=ID                          one user
    where=TEXT                       a text of one's own, as segments speak, over columns that `member` may see
    finding=KEY  cell=NAME           the users of a finding of the diagnosis, of a cell of the strategy
    question=JSON  open=JSON         the users of one cell of an answer
    metric=KEY  from=DAY  to=DAY     the users behind a value of a metric (period, by, group and side say which)
    of_channel=ID  figure=kept       the users behind a figure of a channel, registered from … to …

    refuses    unknown_stratification, unknown_stratum, unknown_list, unknown_part, bad_day, bad_filter
    """
    here = Strip.read(query)
    day = here.day or latest
    said: dict[str, str] = dict(here.as_query())
    names: list[str] = []
    rules: list[str] = []
    why, moved, stood = "", None, None
    for name, value in here.filters:
        rules.append(equals(strip.COLUMNS[name], value))
        if name in labels.by_key:
            _known(labels, name, value)
            names.append(labels.stratification(name) + _(": ") + labels.stratum(name, value))
        else:
            names.append(words.column(strip.COLUMNS[name]) + _(": ") + value)
    for key in labels.by_key:
        if key not in strip.COLUMNS and (value := short_text(query, key)):
            _known(labels, key, value)
            rules.append(equals(key, value))
            names.append(labels.stratification(key) + _(": ") + labels.stratum(key, value))
            said[key] = value
    if key := short_text(query, "list"):
        named = lists.BY_KEY.get(key)
        if named is None:
            raise UnknownName(f"There is no list '{key}'.", suggest(key, lists.BY_KEY), code="unknown_list")
        rules.append(named.rule(day))
        names.insert(0, str(named.title))
        why, moved = str(named.why), named.moved_by(day)
        said["list"] = key
    if was := short_text(query, "was"):
        stood, name = _stood(was, short_text(query, "since"), day, labels)
        names.append(name)
        said |= {"was": was, "since": stood.on.isoformat()}
    if part := short_text(query, "growth"):
        period = short_text(query, "period") or "week"
        rules.append(growth_rule(part, period, day))
        names.insert(0, _growth_name(part, period, day))
        said |= {"growth": part, "period": period}
    if step := short_text(query, "reached"):
        if step not in REACHED:
            raise UnknownName(f"There is no step '{step}'.", suggest(step, REACHED), code="unknown_step")
        rules.append(REACHED[step])
        names.insert(0, str(words.MILESTONES[step]))
        said["reached"] = step
    if home is not None and (where := long_text(query, "where")):
        needed = home.columns_asked(where)
        if member is not None:
            refuse_closed(member, needed)
        rules.append(where)
        names.append(where)
        said["where"] = where
    for name, rule_of in (("finding", _finding_rule), ("cell", _cell_rule)):
        if home is not None and (value := short_text(query, name)):
            title, rule = rule_of(home, value)
            rules.append(rule)
            names.insert(0, title)
            said[name] = value
    user_id = short_text(query, "user")
    if user_id:
        names.insert(0, user_id)
        said["user"] = user_id
    chosen = None
    for opens in (_answer_users, _metric_users, _channel_users):
        if home is not None and (found := opens(query, here, home, labels, member)):
            names.insert(0, found.title)
            why, chosen, said = found.why, found.user_nos, said | found.query
    return Asked(
        title=" · ".join(names) or _("All users"),
        why=why,
        selection=Selection(
            rule=both(*rules),
            as_of=here.day,
            moved=moved,
            stood=stood,
            user_id=user_id or None,
            chosen=chosen,
            everyone=bool(user_id),
        ),
        query=said,
    )


@dataclass(frozen=True)
class _Behind:
    """The users behind a figure, by their numbers."""

    title: str
    why: str
    user_nos: tuple[int, ...]
    query: dict[str, str]


def _answer_users(query: Mapping[str, str], here: Strip, home: Home, labels: Labels, member: Member | None) -> _Behind | None:
    if not query.get("question"):
        return None
    question = read_question(query["question"]) | {"open": read_question(query.get("open", ""))}
    users = tuple(home.ask(question)["opened"]["user_nos"])
    why = _("The users whom this figure of an answer counts.")
    return _Behind(cell_name(question), why, users, {"question": query["question"], "open": query["open"]})


def _metric_users(query: Mapping[str, str], here: Strip, home: Home, labels: Labels, member: Member | None) -> _Behind | None:
    """Split or filtered, users stand where they stand now, as on the metric's page."""
    key = short_text(query, "metric")
    if not key:
        return None
    said = {
        name: value for name in ("metric", "from", "to", "period", "by", "group", "side") if (value := short_text(query, name))
    }
    since, until = parse_day(said.get("from", "")), parse_day(said.get("to", ""))
    by, group, where = said.get("by"), said.get("group"), here.rule if here.filters else None
    found = home.metric_users(
        key,
        since=since,
        until=until,
        period=said.get("period"),
        by=by,
        group=group,
        where=where,
        stood="now" if by or where else "then",
        side=said.get("side", "numerator"),
    )
    title = f"{words.metric(key)} · {figures.span(since, until)}" + (f" · {group_name(by, group, labels)}" if group else "")
    asked, is_below = served(key), said.get("side") == "denominator"
    part = asked.denominator if is_below else asked.numerator
    why = _("The users whom this figure counts.") if part and part.counts_users else _("The users who added to this figure.")
    if asked.denominator:
        why += " " + (
            _("They stand below the line of the ratio.") if is_below else _("They stand above the line of the ratio.")
        )
    return _Behind(title, why, found.user_nos, said)


def _channel_users(query: Mapping[str, str], here: Strip, home: Home, labels: Labels, member: Member | None) -> _Behind | None:
    """refuses    not_allowed    who shares a device with whom is for those who see the reasons of risk control"""
    channel = short_text(query, "of_channel")
    if not channel:
        return None
    said = {name: short_text(query, name) for name in ("of_channel", "figure", "from", "to")}
    if said["figure"] == "linked" and member is not None and not member.may(rights.SEE_RISK):
        raise Refused("Who shares a device with whom is not open to you.", "Ask an approver for the right.", code="not_allowed")
    since, until = parse_day(said["from"]), parse_day(said["to"])
    users = home.channel_users(channel, said["figure"], since=since, until=until)
    title = f"{channel_name(channel)} · {FIGURES.get(said['figure'], said['figure'])} · {figures.span(since, until)}"
    return _Behind(title, _("Of the users who registered on these days."), users, said)


def _finding_rule(home: Home, key: str) -> tuple[str, str]:
    found = shipped_rules()
    one = next((each for each in found.findings if each.key == key), None)
    if one is None:
        raise UnknownName(
            f"There is no finding '{key}'.", suggest(key, [each.key for each in found.findings]), code="unknown_list"
        )
    return one.title.within(translation.get_language() or "en"), found.stuck(one)


def _cell_rule(home: Home, name: str) -> tuple[str, str]:
    rule = cell_rule(home.strategy(), name)
    if rule is None:
        raise UnknownName(f"The strategy has no cell '{name}'.", "Open one from the matrix.", code="unknown_list")
    return _("Cell of the strategy"), rule


def growth_rule(part: str, period: str, end: date) -> str:
    """A part of growth accounting as a rule, as of the last day of the period: who traded, first traded, or stopped.

    refuses    unknown_part, unknown_period
    """
    if period not in PERIODS:
        raise UnknownName(f"There is no period '{period}'.", suggest(period, PERIODS), code="unknown_period")
    start = period_start(end, period)
    before = period_start(start - timedelta(days=1), period)
    rules = {
        "active": f"last_trade_on >= '{start}'",
        "new": f"first_trade_on >= '{start}'",
        "churned": f"last_trade_on >= '{before}' and last_trade_on < '{start}'",
    }
    if part not in rules:
        raise UnknownName(f"There is no part '{part}'.", suggest(part, rules), code="unknown_part")
    return rules[part]


def period_end(start: date, period: str, latest: date) -> date:
    """The last closed day of the period that begins on `start`."""
    return min(next_period(start, cast(Period, period)) - timedelta(days=1), latest)


def _growth_name(part: str, period: str, end: date) -> str:
    when = figures.period(period_start(end, cast(Period, period)), period)
    names = {"active": _("Active in %(period)s"), "new": _("New in %(period)s"), "churned": _("Lost in %(period)s")}
    whens = {"day": when, "week": _("the week of %(day)s") % {"day": when}, "month": when}
    return names[part] % {"period": whens[period]}


def _stood(was: str, since: str, day: date, labels: Labels) -> tuple[Stood, str]:
    key, colon, name = was.partition(":")
    if not colon or key not in labels.by_key:
        raise UnknownName(f"There is no stratification '{key}'.", suggest(key, labels.by_key), code="unknown_stratification")
    if name:
        _known(labels, key, name)
    on = parse_day(since) if since else day - timedelta(days=1)
    if on >= day:
        raise BadInput(f"'since' is {on}, and the day looked at is {day}.", "Choose an earlier day.", code="bad_day")
    if not name:
        return Stood(key, None, on), _("not here on %(day)s") % {"day": figures.day(on)}
    where = _("%(stratum)s on %(day)s") % {"stratum": labels.stratum(key, name), "day": figures.day(on)}
    return Stood(key, name, on), _("was %(where)s") % {"where": where}


def _known(labels: Labels, key: str, name: str) -> None:
    names = [each.name for each in labels.by_key[key].strata]
    if name not in names:
        raise UnknownName(f"'{key}' has no stratum '{name}'.", suggest(name, names), code="unknown_stratum")
