"""The page of speeds is made by the command, and a run brings only its own lines up to date."""

from __future__ import annotations

from pathlib import Path

from benchmarks.__main__ import PARTS
from benchmarks.measuring import Limit, Result, Run
from benchmarks.page import HEAD, HEADINGS, update_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "performance.md"
OURS, FLOOR = Run(1.2, 0.9, 300.0), Run(1.0, 0.8, 250.0)


def _closing(users: int, *, target: float = 1.5) -> Result:
    return Result("close", "one day", f"{users:,} users", OURS, FLOOR, target, "a note")


def test_a_line_tells_both_sides_their_ratio_and_what_it_is_held_to(tmp_path):
    update_page(tmp_path / "page.md", [_closing(5)])

    cells = [cell.strip() for cell in (tmp_path / "page.md").read_text().splitlines()[-1].split("|")[1:-1]]
    told = dict(zip(HEADINGS, cells, strict=False))
    assert told["ours, CPU s"] == "1.20"
    assert told["by hand, CPU s"] == "1.00"
    assert told["ratio"] == "1.20"
    assert told["held to"] == "ratio ≤ 1.5"
    assert told["met"] == "yes"
    assert told["note"] == "a note"


def test_a_run_replaces_its_own_lines_and_leaves_the_others(tmp_path):
    page = tmp_path / "page.md"
    update_page(page, [_closing(5), _closing(6)])
    before = page.read_text()

    update_page(page, [_closing(6, target=1.1)])

    assert page.read_text().count("5 users") == before.count("5 users") == 1
    assert page.read_text().count("6 users") == 1
    assert "**no**" in page.read_text()


def test_a_limit_may_bound_from_above_or_from_below():
    assert str(Limit("rows/s", 5, 1_000_000, at_least=True)) == "rows/s ≥ 1,000,000"
    assert not Limit("rows/s", 5, 6, at_least=True).is_met
    assert Limit("wall s", 5, 6).is_met
    held = Result("import", "trades", "5 rows", OURS, limits=(Limit("wall s", 7, 6), Limit("peak MiB", 5, 6)))
    assert held.is_met is False
    assert Result("import", "trades", "5 rows", OURS).is_met is None


def test_the_published_page_has_the_form_that_the_command_writes(tmp_path):
    copy = tmp_path / "page.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    update_page(copy, [])

    assert copy.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    assert copy.read_text(encoding="utf-8").startswith(HEAD)


def test_the_page_on_measuring_names_every_part():
    told = (ROOT / "docs" / "how-to" / "measure.md").read_text(encoding="utf-8")

    assert [part for part in PARTS if f"| `{part}` |" not in told] == []
