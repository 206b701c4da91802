"""Commands about experiments: read one that is over, plan one, and see how often methods cry wolf."""

from __future__ import annotations

from pathlib import Path

import click

import springtide
from springtide.analytics.evidence.answers import CannotTell, Interval, plain
from springtide.analytics.evidence.balance import Balance
from springtide.analytics.evidence.measure import Readout
from springtide.analytics.evidence.money import Money
from springtide.analytics.evidence.past_outcomes import METRICS, PowerPlan
from springtide.analytics.evidence.self_test import SelfTest
from springtide.cli.options import as_json, progress_bar, say, show, with_home
from springtide.home import Home
from springtide.home.trials import HOLDOUT, WINDOW_DAYS

VERDICTS = {
    "blocked": "The arms are not as large as they should be: nothing can be said.",
    "cannot_tell": "It cannot be told.",
    "too_early": "Too early to say.",
    "no_difference": "No difference was found.",
    "better": "Better than the control.",
    "worse": "Worse than the control.",
}


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--arm", default="arm", show_default=True, help="The column of the arm.")
@click.option("--metric", default="y", show_default=True, help="The column of the outcome.")
@click.option("--control", default="control", show_default=True, help="Which arm is the control.")
@click.option("--covariate", help="The column of the same outcome before assignment.")
@click.option("--reward", help="The column of the reward paid.")
@click.option("--person", help="The column of the person, so that nobody is counted in two arms.")
@click.option("--planned-n", type=int, help="How many persons were planned; while there are fewer, it is running.")
@click.option("--margin", default=1.0, show_default=True, help="What stays of a USDT of the outcome.")
@click.option("--fixed-cost", default=0.0, show_default=True, help="What it cost besides rewards.")
@as_json
def measure(
    path: Path,
    arm: str,
    metric: str,
    control: str,
    covariate: str | None,
    reward: str | None,
    person: str | None,
    planned_n: int | None,
    margin: float,
    fixed_cost: float,
    wants_json: bool,
) -> None:
    """Read the experiment in a CSV, Parquet or JSON file: a row a person, or a row of sums an arm."""
    told = springtide.measure(
        path,
        arm=arm,
        metric=metric,
        control=control,
        covariate=covariate,
        reward=reward,
        person=person,
        planned_n=planned_n,
        margin=margin,
        fixed_cost=fixed_cost,
    )
    if wants_json:
        say(told.as_dict())
    else:
        _tell(told)


def _tell(told: Readout) -> None:
    rows: list[tuple[object, ...]] = []
    for one in told.arms:
        effect = one.effect
        if isinstance(effect, CannotTell):
            rows.append((one.arm, one.n, effect.message, None, None, None))
        else:
            low, high = (one.interval.low, one.interval.high) if isinstance(one.interval, Interval) else (None, None)
            rows.append((one.arm, one.n, effect.difference, low, high, one.p))
    cap = f"Capped at {told.cap.value:,.4g}, which takes {told.cap.removed_share:.1%}." if told.cap else ""
    show(f"{told.metric} against {told.control}", ("arm", "persons", "effect", "from", "to", "p"), rows, note=cap)
    click.echo(VERDICTS[told.verdict])
    if isinstance(told.balance, Balance):
        click.echo(f"Sizes of the arms: {told.balance.verdict} (p = {told.balance.p:.4f}).")
    for one in told.arms:
        if isinstance(one.money, Money):
            interval = one.money.profit_interval
            click.echo(f"{one.arm} earned {one.money.profit:,.0f} after rewards ({interval.low:,.0f} to {interval.high:,.0f}).")
    for mover in told.movers:
        click.echo(
            f"{mover.person} ({mover.arm}) has {mover.value:,.4g}; without it the effect were {mover.difference_without:.4g}."
        )


_OF = (
    click.option("--rule", default="true", help="Which users, as in a segment; by default all."),
    click.option("--metric", type=click.Choice(METRICS), default="net_revenue", show_default=True),
    click.option("--window", "window_days", default=WINDOW_DAYS, show_default=True, help="Days of the outcome."),
    click.option("--holdout", default=HOLDOUT, show_default=True, help="The share held out."),
)


def _of_an_audience(function: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(_OF):
        function = option(function)
    return function


@click.command()
@_of_an_audience
@click.option("--newcomers", "newcomers_a_day", type=float, help="How many a day enter, to say how many days it takes.")
@as_json
@with_home
def power(
    home: Home, rule: str, metric: str, window_days: int, holdout: float, newcomers_a_day: float | None, wants_json: bool
) -> None:
    """What a campaign on these users could find, and how many persons a smaller effect takes, from how they behaved last."""
    plan = home.power_plan(rule, metric=metric, window_days=window_days, holdout=holdout, newcomers_a_day=newcomers_a_day)
    if wants_json:
        say(plain(plan))
        return
    found = plan.plan if isinstance(plan, PowerPlan) else plan
    if isinstance(found, CannotTell) or isinstance(plan, CannotTell):
        click.echo(f"It cannot be told: {found.message if isinstance(found, CannotTell) else ''}")
        return
    share = "" if plan.detectable_ratio is None else f", {plan.detectable_ratio:.1%} of the mean {plan.mean:,.4g}"
    rows = [(f"{one.effect_ratio:.0%}", one.persons if isinstance(one.persons, int) else None, one.days) for one in plan.needed]
    note = f"{plan.persons:,} persons from {plan.since} to {plan.until}, {plan.active:,} of them with any."
    show("Persons needed", ("effect", "persons", "days"), rows, note=note)
    click.echo(f"With {found.n_control:,} held out, a difference of {found.detectable:,.4g} would be found{share}.")


@click.command("self-test")
@_of_an_audience
@click.option("--partings", default=1_000, show_default=True, help="How often the users are parted at random.")
@click.option("--seed", default=1, show_default=True)
@as_json
@with_home
def self_test(
    home: Home, rule: str, metric: str, window_days: int, holdout: float, partings: int, seed: int, wants_json: bool
) -> None:
    """How often each method would tell of an effect where there is none, on these users' own figures."""
    with progress_bar() as bar:
        task = bar.add_task("parting", total=partings, said="")

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, said=f"{done:,} of {total:,}")

        told = home.self_test(
            rule, metric=metric, window_days=window_days, holdout=holdout, partings=partings, seed=seed, progress=progress
        )
    if wants_json:
        say(plain(told))
        return
    if not isinstance(told, SelfTest):
        click.echo(f"It cannot be told: {told.message}")
        return
    rows = [(one.method, f"{one.rate:.1%}", f"{one.up:.1%}", f"{one.down:.1%}", one.holds) for one in told.methods]
    note = f"{told.persons:,} persons, {told.held_out:,} held out, {partings:,} partings; each method promises 5 %."
    show("False alarms", ("method", "in all", "up", "down", "holds"), rows, note=note)


COMMANDS = (measure, power, self_test)
