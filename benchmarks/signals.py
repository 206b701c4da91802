"""Do signals cry wolf, and do they see what was planted? Counts, not speeds: the long form of what the tests hold in short."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from statistics import fmean
from typing import Any

from benchmarks.made_series import day, levels, shares, stocks, totals
from benchmarks.measuring import Bench, Prepared, Result, in_child
from springtide.analytics.metrics.signals import Chart, chart, raise_signals
from springtide.analytics.metrics.signals.evaluating import draw, read_days
from springtide.analytics.metrics.signals.watched import series_of
from springtide.home import Home
from springtide.home.signals import begun, noted
from springtide.kernel.settings import HomeSettings

DAYS = 178  # 28 to learn from, then 150
MADE: dict[str, Callable[..., Any]] = {
    "a share of 500 people a day": shares,
    "a share of 60 people a day": partial(shares, base=60),
    "a growing total by weekdays, in regimes": totals,
    "the same with heavy tails (Student's t, 3 degrees)": partial(totals, tail="heavy"),
    "a total that does not grow": partial(totals, growth=0.0),
    "a level": levels,
    "a level with heavy tails": partial(levels, tail="heavy"),
    "a stratum": stocks,
}
EXCHANGES = 3
USERS = 10_000
EXCHANGE_DAYS = 150
LAST_DAY = date(2026, 5, 31)


def signals(bench: Bench) -> list[Result]:
    """False signals per metric in 150 days, without an event; and how often a planted loss is found within three days."""
    seeds = 200 if not bench.is_large else 1000
    results = []
    with bench.steps("signals", len(MADE) + 2 + EXCHANGES) as step:
        for what in MADE:
            run = in_child(_false, what, bench.seed, seeds)
            results.append(
                _result(f"false signals: {what}", f"{seeds} × 150 days", run, f"{run.value:.2f} in 150 days (at most 1)")
            )
            step()
        for base in (500, 1000):
            run = in_child(_found, base, bench.seed, seeds)
            note = f"found in {run.value:.1%} within 3 closed days"
            results.append(_result(f"0.40 falls to 0.34 at {base} a day", f"{seeds} times", run, note))
            step()
        quiet, busy, metrics = [], [], 0
        for number in range(EXCHANGES):
            run = in_child(_exchange, bench.folder / f"exchange-{number}", bench.users or USERS, bench.seed + number)
            quiet.append(run.value[0])
            busy.append(run.value[1])
            metrics = run.value[2]
            step()
    note = f"{fmean(quiet):.2f} in 150 days on days without a campaign, {fmean(busy):.2f} with its campaigns counted too"
    results.append(
        _result("false signals: the made-up exchange", f"{metrics} metrics and groups, {EXCHANGES} seeds", run, note)
    )
    return results


def _result(what: str, size: str, run: Any, note: str) -> Result:
    return Result("signals", what, size, run, note=note)


def _false(what: str, seed: int, seeds: int) -> Prepared:
    def run() -> float:
        raised = [raise_signals([chart(MADE[what](Random(f"{seed}.{number}"), DAYS))]) for number in range(seeds)]
        return sum(map(len, raised)) / seeds

    return run


def _found(base: int, seed: int, seeds: int) -> Prepared:
    def run() -> float:
        found = 0
        for number in range(seeds):
            series = shares(Random(f"{seed}.{number}"), 103, base=base, share=lambda number: 0.40 if number < 100 else 0.34)
            found += any(one.direction == "down" and one.last_day >= day(100) for one in raise_signals([chart(series)]))
        return found / seeds

    return run


def _exchange(folder: Any, users: int, seed: int) -> Prepared:
    """A made-up exchange, imported and closed; then the signals of all its charts, by judged day."""
    from springtide.simulator import simulate

    now = datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    simulate(users=users, days=EXCHANGE_DAYS, seed=seed, out=folder, through=LAST_DAY)
    home = Home.create(folder / "home", HomeSettings())
    home.import_path(folder / "exchange", now=now)
    home.close(now=now)

    def run() -> tuple[float, float, int]:
        with home.reading() as (engine, snapshot):
            charts = [one for one in draw(series_of(read_days(engine, snapshot)), begun(home.path)) if isinstance(one, Chart)]
            campaigns = noted(home.path, engine, snapshot, home.settings.zone)
        judged = {(one.metric, one.group): sum(row.expected is not None for row in one.rows) for one in charts}
        raised = [(one, any(note.touches(one.day, one.day) for note in campaigns)) for one in raise_signals(charts)]
        # Of all days judged, not metric by metric: strata are known for a month, and one signal in it would read as twenty.
        days = sum(judged.values())
        quiet = sum(
            row.expected is not None and not any(note.touches(row.day, row.day) for note in campaigns)
            for one in charts
            for row in one.rows
        )
        false = sum(not in_campaign for _, in_campaign in raised)
        return false / quiet * 150, len(raised) / days * 150, len(charts)

    shutil.rmtree(folder / "exchange")
    return run
