"""The registry: what every metric asks, how it is reckoned, and what it means when it is empty. Screens, reports and pages read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from springtide.analytics.engine import definition
from springtide.analytics.metrics.acquisition import FIRST_DAYS, KEPT_DAYS, LEAST_USERS, acquisition
from springtide.analytics.metrics.activation_chain import activation_chain
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.asset_changes import asset_changes
from springtide.analytics.metrics.cohort_quality import SHOWN_WEEKS, WEEKS, cohort_quality
from springtide.analytics.metrics.concentration import concentration
from springtide.analytics.metrics.concentration_trend import concentration_trend
from springtide.analytics.metrics.daily_states import daily_states
from springtide.analytics.metrics.growth_accounting import growth_accounting
from springtide.analytics.metrics.headline import HEADLINE, HeadlineFigure, headline
from springtide.analytics.metrics.lifecycle_value_map import lifecycle_value_map
from springtide.analytics.metrics.market import market
from springtide.analytics.metrics.movements import movements
from springtide.analytics.metrics.moves_between import moves_between
from springtide.analytics.metrics.served import SERVED, Served, metric_values
from springtide.analytics.metrics.strata_sizes import strata_sizes
from springtide.analytics.metrics.strata_trend import strata_trend
from springtide.analytics.metrics.worklists import WORKLISTS, worklists

COUNTED = "employees, test accounts and market makers; liquidations, ADL and settlement are no activity"


@dataclass(frozen=True)
class Metric:
    """One metric. `measure` answers it from an engine and a snapshot; `definitions` are the .sql files that it runs."""

    key: str
    asks: str
    formula: tuple[str, ...]
    unit: str
    grain: str
    better: Literal["up", "down", "neither"]
    over: str
    empty: str
    measure: Callable[..., Answer]
    definitions: tuple[str, ...]
    excludes: str = COUNTED
    owner: str = "user operations"
    version: int = 1
    theme: str = "questions"


def _headline_formula(figure: HeadlineFigure) -> str:
    """`Σ equity_usdt`, or who is counted."""
    if figure.money:
        return f"Σ {figure.money}"
    rule = "" if figure.rule == "true" else f"{figure.rule.format(since='the first day', day='the last')}"
    moved = f"entered the stratum {figure.moved[1]} of {figure.moved[0]} in the week" if figure.moved else ""
    return "users, " + " and ".join(part for part in (moved, rule.replace("'", "")) if part)


def _served(one: Served) -> Metric:
    """A served metric as an entry of the registry."""
    return Metric(
        key=one.key,
        asks=one.asks,
        formula=(one.formula,),
        unit=one.unit,
        grain=f"{', '.join(one.periods)}; all together, or by a stratification, channel_id, country, language, user_type"
        + (" or product" if one.products else ""),
        better=one.better,
        over=one.over,
        empty=one.empty,
        measure=partial(metric_values, key=one.key),
        definitions=tuple(dict.fromkeys(f"served/{part.source}" for part in one.parts)),
        excludes=one.excludes,
        owner=one.owner,
        version=one.version,
        theme=one.theme,
    )


_GROWTH_GRAIN = "day, week (from Monday) or month of the reporting zone"
_GROWTH_SUMS = (
    "active(t) = new(t) + retained(t) + resurrected(t)",
    "active(t) = active(t−1) + new(t) + resurrected(t) − churned(t) + expansion(t) − contraction(t)",
    "quick ratio = (new + resurrected + expansion) ÷ (churned + contraction)",
)

METRICS: tuple[Metric, ...] = (
    Metric(
        key="growth_users",
        asks="Of the users who were active, who is new, who stayed and who came back; and how many left?",
        formula=(*_GROWTH_SUMS, "new: the period is that of the first active day ever", "expansion and contraction are 0"),
        unit="users",
        grain=_GROWTH_GRAIN,
        better="up",
        over="users active in the product in the period, and for churned in the one before",
        empty="no row before the first closed day; a period without activity is 0; the quick ratio is null where nobody left",
        measure=partial(growth_accounting, unit="users"),
        definitions=("growth_users", "growth_users_days", "growth_flows"),
    ),
    Metric(
        key="growth_revenue",
        asks="Of the net revenue, how much comes from new users, from those who stayed and from those who came back?",
        formula=(
            *_GROWTH_SUMS,
            "active: the net revenue of the period is not zero",
            "new: the period is that of the first day with any net revenue",
            "retained: what users of both periods bring now",
        ),
        unit="usdt",
        grain=_GROWTH_GRAIN,
        better="up",
        over="fees + other income − commissions − cost of rewards, of counted users",
        empty="not available, with the reason, where fees are not known; 0 where nothing was earned",
        measure=partial(growth_accounting, unit="revenue"),
        definitions=("growth_revenue", "growth_flows"),
    ),
    Metric(
        key="growth_assets",
        asks="Of the assets with us, how much was brought by new users, kept, brought back; and how much left?",
        formula=(
            *_GROWTH_SUMS,
            "active: an equity of 1 USDT or more at the end of the period",
            "new: at the first such end",
            "retained: what users of both period ends hold now",
        ),
        unit="usdt",
        grain=f"{_GROWTH_GRAIN}; the last day of it whose equity is known, the last closed day for an unfinished one",
        better="up",
        over="spot, contract and earn wallets at day end; a bonus wallet is the exchange's money",
        empty="not available where no balances were given; a period in which none are known has no row",
        measure=partial(growth_accounting, unit="assets"),
        definitions=("growth_assets", "growth_flows"),
    ),
    Metric(
        key="daily_states",
        asks="How many users traded today, this week and this month, and who is about to drop out?",
        formula=(
            "DAU = new + current + reactivated + resurrected",
            "WAU = DAU + at_risk_wau",
            "MAU = WAU + at_risk_mau",
            "current: active also on days −6 to −1; reactivated: on days −29 to −7 only; resurrected: on none of them",
            "at_risk_wau, at_risk_mau: the same for those not active today; dormant: not active for 30 days",
        ),
        unit="users",
        grain="day, for the 33 days that the masks reach; transitions from one day to the next",
        better="up",
        over="users who were ever active in the product",
        empty="not available where a source counts by week; a user has no state before the first active day",
        measure=daily_states,
        definitions=("daily_states",),
    ),
    Metric(
        key="activation_chain",
        asks="How many of those who registered get as far as KYC, a deposit, a first spot and a first contract trade, and how soon?",
        formula=(
            "rate = users who took the step within N days of the step before ÷ users who took the step before at least N days ago",
            "N days are N × 24 hours, edge included: KYC 7, deposit 7, spot trade 7, contract trade 30",
            "hours: median by nearest rank over those who took both in time and in order",
        ),
        unit="ratio",
        grain="step, as of a day; by month of registration on request",
        better="up",
        over="users of the step before whose time has passed, however it ended",
        empty="null where nobody is old enough; a step that was not given says why and is passed over",
        measure=activation_chain,
        definitions=("activation_chain",),
    ),
    Metric(
        key="strata_sizes",
        asks="How many users stand in each stratum, and how did that change?",
        formula=("users of the stratum on the day, less those of an earlier kept day (a week before)",),
        unit="users",
        grain="stratification and stratum, as of a kept day",
        better="neither",
        over="users registered by the end of the day",
        empty="a stratification that was not available has no strata and a reason; a stratum without users is 0",
        measure=strata_sizes,
        definitions=("strata_sizes",),
    ),
    Metric(
        key="strata_trend",
        asks="How did the strata grow and shrink?",
        formula=("users of every stratum on every kept day",),
        unit="users",
        grain="kept day (35 days, then month ends) and stratum of one stratification",
        better="neither",
        over="users registered by the end of each day, as it was published then",
        empty="days on which the stratification was not available are left out; a stratum without users has no row",
        measure=partial(strata_trend, stratification="lifecycle"),
        definitions=("strata_trend",),
    ),
    Metric(
        key="lifecycle_value_map",
        asks="Where are the users, and where is the money?",
        formula=("users, equity and 90-day net revenue by the strata of two stratifications",),
        unit="users or usdt",
        grain="stratum of one (lifecycle) and stratum of the other (value), as of a kept day",
        better="neither",
        over="users registered by the end of the day",
        empty="a cell without users has no row; money that is not known is null with a reason",
        measure=lifecycle_value_map,
        definitions=("lifecycle_value_map",),
    ),
    Metric(
        key="moves_between",
        asks="Who stands elsewhere than before, and who stayed?",
        formula=(
            "users by their stratum before the first move in the range and after the last one",
            "stayed = size of the stratum on the last day − users who came there",
        ),
        unit="users",
        grain="stratification, stratum before and stratum after, over a range of days; one day is the matrix D−1 → D",
        better="neither",
        over="users who moved, with null before for newcomers; whoever went and came back stayed",
        empty="who stayed is not told where the last day's snapshot is not kept",
        measure=moves_between,
        definitions=("moves_between", "strata_sizes"),
    ),
    Metric(
        key="concentration",
        asks="How much of the assets, the volume and the net revenue hangs on few users?",
        formula=(
            "top share = value of the top 1 % of users (rounded up), or of the top 10, ÷ value of all",
            "Gini = 2 Σ i·xᵢ ÷ (n Σ xᵢ) − (n + 1) ÷ n with x rising",
            "HHI = Σ (xᵢ ÷ Σ x)²",
            "the sums are exact whole numbers",
        ),
        unit="ratio",
        grain="measure (assets at day end, volume of 30 days, net revenue of 90 days), as of a kept day",
        better="down",
        over="users with a positive value",
        empty="null where no user has a positive value; not available, with the reason, where the measure is not known",
        measure=concentration,
        definitions=("concentration",),
    ),
    Metric(
        key="concentration_trend",
        asks="Does more or less of it hang on few users than before?",
        formula=("concentration of every kept day",),
        unit="ratio",
        grain="kept day (35 days, then month ends) and measure",
        better="down",
        over="users with a positive value",
        empty="a measure that cannot be told has no rows",
        measure=concentration_trend,
        definitions=("concentration",),
    ),
    Metric(
        key="asset_changes",
        asks="What moved the assets that users hold with us?",
        formula=(
            "Δassets = net deposits + price effect + trading PnL − fees + rewards + other, always shown split",
            "price effect: holdings at the close of the day before, times how much the close moved",
            "trading PnL: what contracts realised, and what spot trades gained against the close of their day",
            "other: what is left, so that the parts sum to the change exactly",
        ),
        unit="usdt",
        grain="day, week or month, from the end of the day before it to its last day",
        better="up",
        over="spot, contract and earn wallets of counted users",
        empty="null, with the reason, where balances of one of the two days are not known; not available by week",
        measure=asset_changes,
        definitions=("changes/asset_flows", "changes/asset_held", "changes/asset_holdings", "changes/spot_gains"),
    ),
    Metric(
        key="acquisition",
        asks="Which channel brings users who stay and pay, and what does it cost?",
        formula=(
            f"steps: users who took them on days 0 to {FIRST_DAYS - 1} ÷ users who registered, with Wilson's 95 % interval",
            f"kept (cohort quality): of those who traded on these days, who traded again in the {KEPT_DAYS} days after them",
            "LTV_30 = Σ net revenue of these days ÷ users who registered, with a normal 95 % interval",
            "linked: users who share a device, payment, address, face or key with another account ÷ users who registered",
            "CPA = spend ÷ first trades; payback: the age at which what the cohort brought reaches what was spent",
            f"ranked by LTV_30 among channels with {LEAST_USERS} users or more",
        ),
        unit="users or usdt",
        grain="channel, over the users registered in a range of days whose 37 days have passed (the latest 90 days of them)",
        better="up",
        over="counted users by the channel they registered with",
        empty="a column that cannot be told is null and has a reason; a channel with too few users has no rank",
        measure=acquisition,
        definitions=("acquisition", "payback", "channel_spend"),
    ),
    Metric(
        key="cohort_quality",
        asks="Of those who traded for the first time in a week, who came back at all?",
        formula=(
            f"back: who traded again in one of the {WEEKS} weeks after their first ÷ users of the cohort, with Wilson's 95 % interval",
            "asked as a question: retention by week, first_match, counted on, one bracket over the weeks after",
        ),
        unit="users",
        grain=f"week of the first trade ever (the latest {SHOWN_WEEKS}), of all users or of one channel",
        better="up",
        over="counted users; where only other products are given, the first use of any of them",
        empty="null for a week without a first trade; not complete while the weeks after have not passed",
        measure=cohort_quality,
        definitions=(),
    ),
    Metric(
        key="market",
        asks="In which market did this happen?",
        formula=(
            "bull: the close of BTC is more than 10 % above that of 30 days before; bear: more than 10 % below; else flat",
            "high volatility: the 30-day realised volatility is at or above the 80th percentile of the year",
        ),
        unit="ratio",
        grain="day with a price of BTC",
        better="neither",
        over="closes of BTC",
        empty="null while 30 days (60 for volatility) are not known; without prices there is no row and a reason",
        excludes="nothing",
        measure=market,
        definitions=("market",),
    ),
    Metric(
        key="headline",
        asks="How was the week?",
        formula=(
            *(f"{each.key}: {_headline_formula(each)}" for each in HEADLINE),
            "the first five that can be told are shown; before: the same of the 7 days before",
        ),
        unit="users or usdt",
        grain="the 7 days that end with a kept day",
        better="up",
        over="counted users",
        empty="a figure that cannot be told has a reason; before is null where the day a week earlier is not kept",
        measure=headline,
        definitions=("headline", "headline_moves"),
    ),
    Metric(
        key="movements",
        asks="Which movements of the last week matter most?",
        formula=(
            "by stratification: the move between two strata, or the net change of one, with the largest weight; the three largest of these",
            "weight = Σ over its users of the 90-day net revenue (what they hold, where revenue is not known; heads, where neither is)",
        ),
        unit="users or usdt",
        grain="stratification; the last 7 closed days",
        better="neither",
        over="users who stand elsewhere than a week before; newcomers count to sizes only; tenure is left out",
        empty="no rows where nobody moved, and on the first closed day",
        measure=movements,
        definitions=("moves_between",),
    ),
    Metric(
        key="worklists",
        asks="Whom should the team work on today?",
        formula=tuple(f"{each.key} (version {each.version}): {each.rule}" for each in WORKLISTS),
        unit="users or usdt",
        grain="list, as of a kept day",
        better="down",
        over="the users that the list's rule names, with the sum of what is at stake",
        empty="a list whose inputs are missing is not available and says why; 0 means nobody is on it",
        measure=worklists,
        definitions=(),
    ),
    *map(_served, SERVED),
)
BY_KEY = {metric.key: metric for metric in METRICS}


def page(metric: Metric) -> str:
    """The reference page of a metric: docs/reference/metrics/<key>.md."""
    facts = {
        "Unit": metric.unit,
        "Grain": metric.grain,
        "Better": metric.better,
        "Over": metric.over,
        "Left out": metric.excludes,
        "When empty": metric.empty,
        "Owner": metric.owner,
        "Version": str(metric.version),
        "Python": f"`{_call(metric)}`",
    }
    lines = [
        f"# {metric.key}",
        "",
        "<!-- Made from springtide/analytics/metrics/registry.py; do not edit. -->",
        "",
        metric.asks,
        "",
        "## Formula",
        "",
        *(f"- {part}" for part in metric.formula),
        "",
        "## What it means",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {fact} |" for name, fact in facts.items()),
    ]
    for name in metric.definitions:
        text = definition("springtide.analytics.metrics", name).text
        lines += ["", f"## {name.rpartition('/')[2]}.sql", "", "```sql", text.strip(), "```"]
    return "\n".join(lines) + "\n"


def index_page() -> str:
    """docs/reference/metrics/index.md."""
    lines = [
        "# Metrics",
        "",
        "<!-- Made from springtide/analytics/metrics/registry.py; do not edit. -->",
        "",
        "Every figure has one definition, which screens, reports and scripts share. Money is in USDT; days are of the reporting zone.",
        "",
        "| metric | asks | unit | better |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| [{m.key}]({m.key}.md) | {m.asks} | {m.unit} | {m.better} |" for m in METRICS if m.theme == "questions"]
    for theme in dict.fromkeys(one.theme for one in SERVED):
        lines += ["", f"## {theme.capitalize()}", "", "By day, week or month and by any group.", ""]
        lines += ["| metric | asks | unit | better |", "| --- | --- | --- | --- |"]
        lines += [f"| [{m.key}]({m.key}.md) | {m.asks} | {m.unit} | {m.better} |" for m in METRICS if m.theme == theme]
    return "\n".join(lines) + "\n"


def _call(metric: Metric) -> str:
    measure: Any = metric.measure
    bound = isinstance(measure, partial)
    function = measure.func if bound else measure
    keywords = "".join(f", {name}={value!r}" for name, value in measure.keywords.items()) if bound else ""
    return f"{function.__module__}.{function.__name__}(engine, snapshot{keywords})"
