"""One snapshot in any format: the same numbers everywhere."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import pytest
from openpyxl import load_workbook

from springtide.kernel.errors import UnknownName
from springtide.reports import gather, page_html, render
from tests.reports.conftest import FORMULA_ID, LONG_ID

pytestmark = [
    pytest.mark.xdist_group("reports"),
    pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning"),  # openpyxl leaves data bars out
]


def read(text: bytes | str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig") if isinstance(text, bytes) else text)))


def test_page_workbook_and_files_show_the_same_numbers(snapshot, tmp_path):
    render(snapshot, "csv", tmp_path / "tables")
    render(snapshot, "xlsx", tmp_path / "report.xlsx")
    rows = read((tmp_path / "tables" / "growth_users_week.csv").read_bytes())
    last = rows[-1]
    sheet = load_workbook(tmp_path / "report.xlsx", data_only=True)["Growth, users"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    [in_workbook] = [row for row in cells if str(row[0])[:10] == last["period"] and row[1] in ("whole", "so far")][:1]
    assert str(in_workbook[9]) == last["active"]
    assert re.search(rf">{last['period']}</td>.*?>{last['active']}</td>", page_html(snapshot))


def test_csv_in_an_archive_has_the_same_bytes_twice(snapshot, tmp_path):
    one, other = render(snapshot, "csv", tmp_path / "a.zip"), render(snapshot, "csv", tmp_path / "b.csv")
    assert other == tmp_path / "b.zip"
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        about = {row["key"]: row["value"] for row in read(archive.read("about.csv"))}
        assert about["checksum"] == snapshot.checksum
        assert "definitions.csv" in archive.namelist()


def test_in_csv_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_ids_keep_their_digits(snapshot, tmp_path):
    render(snapshot, "csv", tmp_path / "tables")
    ids = [row["user_id"] for row in read((tmp_path / "tables" / "people_deposited_not_traded.csv").read_bytes())]
    assert ids == [LONG_ID, f"'{FORMULA_ID}"]
    about = read((tmp_path / "tables" / "about.csv").read_bytes())
    assert about[0]["value"] == "'=Blue <b>wave</b>"


def test_money_keeps_all_its_digits_and_a_negative_figure_is_no_text(snapshot, tmp_path):
    render(snapshot, "csv", tmp_path / "tables")
    rows = read((tmp_path / "tables" / "growth_assets_week.csv").read_bytes())
    assert all(re.fullmatch(r"-?\d+\.\d{6}", row["active"]) for row in rows)


def test_what_is_not_available_is_a_file_that_says_why(bare_home, tmp_path):
    render(gather(bare_home), "csv", tmp_path / "tables")
    [why] = read((tmp_path / "tables" / "market.csv").read_bytes())
    assert why == {"not_available": "No prices of BTC are known for these days.", "remedy": "Import prices of BTC, then close."}


def test_every_format_is_written_for_an_empty_home_too(empty_home, tmp_path):
    for form, name in (("html", "a.html"), ("xlsx", "a.xlsx"), ("csv", "tables"), ("md", "a.md")):
        assert render(gather(empty_home), form, tmp_path / "deep" / name).exists()


def test_another_format_is_refused(snapshot, tmp_path):
    with pytest.raises(UnknownName) as refused:
        render(snapshot, "xls", tmp_path / "a.xls")
    assert refused.value.code == "unknown_format"
    assert refused.value.hint == "Did you mean 'xlsx'?"
