"""The workbook: LibreOffice recalculates what we computed, and whatever a name begins with, it stays text."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from springtide.reports import gather, write_workbook
from springtide.reports.sections import sections
from springtide.reports.tables import Table
from tests.reports.conftest import FORMULA_ID, LONG_ID, said

pytestmark = [
    pytest.mark.xdist_group("reports"),
    pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning"),  # openpyxl leaves data bars out
]

# Without this LibreOffice keeps the values it finds, and a test would pass on stale zeros.
ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


ERRORS = ("#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "Err:508")

needs_libreoffice = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")


def recalculated(path: Path, folder: Path) -> Path:
    """The workbook as LibreOffice saves it after recalculating every formula, in a profile of its own."""
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE, encoding="utf-8")
    out = folder / "recalculated"
    command = [
        "soffice",
        f"-env:UserInstallation={profile.as_uri()}",
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
        str(out),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return out / path.name


def formulas(path: Path) -> dict[tuple[str, str], str]:
    book = load_workbook(path)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.data_type == "f"
    }


def values(path: Path) -> dict[tuple[str, str], Any]:
    book = load_workbook(path, data_only=True)
    return {
        (sheet.title, cell.coordinate): cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row
    }


def assert_equal(path: Path, theirs: dict[tuple[str, str], Any]) -> None:
    """Every formula of our workbook has a figure, and theirs is the same."""
    ours = values(path)
    for place, formula in formulas(path).items():
        one, other = ours[place], theirs[place]
        assert isinstance(one, int | float), (place, formula, one)
        assert isinstance(other, int | float), (place, formula, one, other)
        assert math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9), (place, formula, one, other)
    assert not [place for place, value in theirs.items() if value in ERRORS]


def as_rows(sheet: Worksheet) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


@pytest.fixture(scope="module")
def book(snapshot, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("workbook") / "report.xlsx"
    write_workbook(snapshot, path)
    return path


@needs_libreoffice
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_formula_recalculates_to_the_value_we_computed(snapshot, tmp_path, language):
    path = tmp_path / "report.xlsx"
    write_workbook(snapshot, path, language)
    assert len(formulas(path)) > 500
    assert_equal(path, values(recalculated(path, tmp_path)))


@needs_libreoffice
def test_the_recalculation_is_real(book, tmp_path):
    """A workbook whose formulas carry zeros comes back with the right values."""
    zeros = tmp_path / "zeros.xlsx"
    with zipfile.ZipFile(book) as ours, zipfile.ZipFile(zeros, "w") as theirs:
        for name in ours.namelist():
            content = ours.read(name).decode("utf-8")
            theirs.writestr(name, re.sub(r"</f><v>[^<]*</v>", "</f><v>0</v>", content))
    told = values(zeros)
    assert {told[place] for place in formulas(zeros)} == {0}
    assert_equal(book, values(recalculated(zeros, tmp_path)))


def test_each_check_of_an_identity_is_zero(snapshot):
    made = sections(snapshot)
    for key in ("growth_users_week", "growth_users_day", "growth_assets_month", "growth_revenue_week", "states"):
        section = made[key]
        assert isinstance(section, Table)
        checks = [cell for cell in section.values("check") if cell is not None]
        assert checks
        assert not any(checks), key


def test_an_exchange_and_ids_that_look_like_formulas_stay_text(book):
    cells = [
        (cell.value, cell.data_type) for sheet in load_workbook(book).worksheets for row in sheet.iter_rows() for cell in row
    ]
    assert ("=Blue <b>wave</b> · Today · as of 9 May 2026", "s") in {(v, t) for v, t in cells if isinstance(v, str)}
    assert (FORMULA_ID, "s") in cells
    assert (LONG_ID, "s") in cells
    assert not [value for value, kind in cells if kind == "f" and ("HYPERLINK" in str(value) or "Blue" in str(value))]


@needs_libreoffice
def test_a_stratum_named_like_a_formula_neither_runs_nor_breaks_the_formulas_around_it(home, tmp_path):
    definitions = home.path / "definitions" / "strata"
    shipped = Path("springtide/analytics/strata/definitions/lifecycle.yml").read_text(encoding="utf-8")
    hostile = shipped.replace("label: {en: Repeat trader, zh: 重复交易}", "label: {en: \"=1+[1]'@#*\", zh: '=1+1'}").replace(
        "version: 1", "version: 2"
    )
    hostile = hostile.replace("label: {en: Closed, zh: 已销户}", 'label: {en: "VIP", zh: VIP}')
    (definitions / "lifecycle.yml").write_text(hostile, encoding="utf-8")
    try:
        path = tmp_path / "hostile.xlsx"
        write_workbook(gather(home), path)
    finally:
        (definitions / "lifecycle.yml").unlink()
    cells = [cell for row in load_workbook(path)["Moves"].iter_rows() for cell in row]
    assert [cell.data_type for cell in cells if str(cell.value).startswith("=1+")] == [
        "s"
    ] * 4  # a row and a heading in two tables
    assert "VIP (vip)" in [cell.value for cell in load_workbook(path)["Moves"][5]]  # two strata of one name are told apart
    assert_equal(path, values(recalculated(path, tmp_path)))


def test_tables_are_tables_and_headings_stay_in_sight(book):
    book_ = load_workbook(book)
    names = {name for sheet in book_.worksheets for name in sheet.tables}
    assert {"t_numbers", "t_growth_users_week", "t_strata", "t_map_users", "t_moves_week", "t_states", "t_definitions"} <= names
    assert all(sheet.freeze_panes for sheet in book_.worksheets)
    assert book_["Strata"].freeze_panes == "C5"


def test_every_column_of_every_table_is_defined(snapshot):
    made = sections(snapshot)
    defined = {row[2] for row in said(made["definitions"])}
    for key, section in made.items():
        if key != "definitions" and isinstance(section, Table):
            assert {column.key for column in section.columns if not column.hides_zero} <= defined, key


def test_the_definitions_carry_rules_and_versions(snapshot):
    rows = {(row[0], row[2]): row for row in said(sections(snapshot)["definitions"])}
    assert rows["Lifecycle", "dormant"][4] == "days_since_trade > 90"
    assert rows["Lifecycle", "dormant"][5].startswith("1 ")
    assert rows["Users by week", "net"][4] == "new + resurrected - churned"


def test_what_is_not_available_says_why_on_its_sheet(bare_home, tmp_path):
    path = tmp_path / "bare.xlsx"
    write_workbook(gather(bare_home), path)
    book = load_workbook(path)
    texts = [cell for row in as_rows(book["Growth, assets"]) for cell in row if cell]
    assert any("Not available" in str(text) and "No balances" in str(text) for text in texts)
    front = [cell for row in as_rows(book["Today"]) for cell in row if cell]
    assert "Do not rely on these figures" in str(front[2])
    assert "Not available" in front


def test_an_empty_home_still_makes_a_workbook_that_opens(empty_home, tmp_path):
    path = tmp_path / "empty.xlsx"
    write_workbook(gather(empty_home), path)
    book = load_workbook(path)
    assert book.sheetnames == ["Today", "Data", "Definitions"]
    assert "Nothing is closed yet" in str(book["Today"]["A4"].value)


def test_the_same_snapshot_gives_the_same_bytes(snapshot, book, tmp_path):
    again = tmp_path / "again.xlsx"
    write_workbook(snapshot, again)
    assert again.read_bytes() == book.read_bytes()
    assert load_workbook(book).properties.created == datetime(2026, 5, 9)
