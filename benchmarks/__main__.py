"""`python -m benchmarks [PART…]`: speeds as ratios to hand-written SQL, measured in the same run.

Each line is the median of five runs of ours and of the floor, in turns, each in a process of its own. What counts is the ratio of CPU
seconds: it stays when the machine is slow or shared.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from benchmarks.campaign_chaos import campaign_kills
from benchmarks.chaos import kills
from benchmarks.close import close
from benchmarks.decide import decide
from benchmarks.dispatch import dispatch
from benchmarks.engines import cluster, engines
from benchmarks.funnel import funnel
from benchmarks.growth import growth
from benchmarks.history import history
from benchmarks.importing import import_trades
from benchmarks.measuring import REPEATS, Bench
from benchmarks.page import as_table, update_page
from benchmarks.pages import pages
from benchmarks.retention import retention
from benchmarks.rows import rows
from benchmarks.segments import segments
from benchmarks.signals import signals
from benchmarks.statistics import statistics
from benchmarks.strata import strata
from benchmarks.whole import simulate, whole
from springtide.kernel.errors import SpringtideError

PARTS = {
    "close": close,
    "strata": strata,
    "growth": growth,
    "retention": retention,
    "funnel": funnel,
    "history": history,
    "import": import_trades,
    "segments": segments,
    "pages": pages,
    "rows": rows,
    "signals": signals,
    "decide": decide,
    "dispatch": dispatch,
    "statistics": statistics,
    "simulate": simulate,
    "whole": whole,
    "chaos": kills,
    "campaigns": campaign_kills,
    "cluster": cluster,
    "engines": engines,
}
REFERENCE = Path("docs/reference")
LARGE = ("close", "import", "whole")  # what --large means where no part is named
CHAOS = ("chaos", "campaigns")  # what --chaos means
ON_SPARK = ("cluster", "engines")  # what --spark means
# Run only where they are named: the first is in `whole`, the others take long.
ASKED_FOR = ("simulate", "statistics", *CHAOS, *ON_SPARK)


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
@click.option("--seed", default=1, show_default=True, help="What the made-up data are drawn from.")
@click.option("--large", is_flag=True, help="10 million users, and a made-up exchange of a million users and 400 days.")
@click.option("--chaos", is_flag=True, help="Kills at random moments of imports, closes and campaigns.")
@click.option("--spark", "on_spark", is_flag=True, help="The close on a Spark cluster, and every query on every engine.")
@click.option("--statistics", "of_statistics", is_flag=True, help="Thousands of campaigns: how often read-outs are right.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option("--write", is_flag=True, help="Bring docs/reference up to date with what was measured.")
@click.option("--repeats", default=REPEATS, show_default=True, help="Runs of each side.")
@click.option("--users", default=0, help="Another number of users, for a quick look.")
def main(
    parts: tuple[str, ...],
    seed: int,
    large: bool,
    chaos: bool,
    on_spark: bool,
    of_statistics: bool,
    as_json: bool,
    write: bool,
    repeats: int,
    users: int,
) -> None:
    flags = {CHAOS: chaos, ("statistics",): of_statistics, ON_SPARK: on_spark}
    named = [*parts, *(part for flagged, is_asked in flags.items() if is_asked for part in flagged)]
    if not named:
        named = list(LARGE) if large else [part for part in PARTS if part not in ASKED_FOR]
    folder = os.environ.get("SPRINGTIDE_BENCH_DIR")
    with tempfile.TemporaryDirectory(prefix="springtide-bench-", dir=folder) as made:
        bench = Bench(Path(made), seed, large, repeats, users)
        results = [result for part in named for result in PARTS[part](bench)]
    if as_json:
        click.echo(json.dumps({"seed": seed, "cores": os.cpu_count(), "results": [result.as_dict() for result in results]}))
    else:
        console = Console()
        # Piped into a file there is no width to keep to.
        (console if console.is_terminal else Console(width=220)).print(as_table(results))
    if write:
        update_page(REFERENCE / "performance.md", results)
        for name, text in bench.pages.items():
            (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what a part started ends with it
    try:
        main()
    except SpringtideError as error:
        click.echo(f"{error.message} {error.hint}", err=True)
        sys.exit(1)
