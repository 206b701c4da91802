"""The workbook: tables that can be filtered and recalculated, native charts, and a page that says what everything means.

Every formula carries the value that was computed here, so a reader that does not recalculate shows the right figure, and one that does
shows the same. Formulas say `Table[[#This Row],[Column]]` and use no function that LibreOffice 7.4 lacks. Text is written as text: a
name that begins with = + - or @ stays a name, and a long id keeps its digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.chart import Chart
from xlsxwriter.utility import xl_col_to_name, xl_range, xl_rowcol_to_cell

from springtide.analytics.strata import Words
from springtide.reports import brief, words
from springtide.reports.sections import GROWTH_SHOWN, Absent, sections
from springtide.reports.sheets import ACCENT, ALARM, CALM, FONTS, GREY, INK, LINE, QUIET, Page, Placed, Sheets, as_number
from springtide.reports.snapshot import ReportSnapshot
from springtide.reports.speech import Speech, language
from springtide.reports.tables import Name, Table

W = Words

# Survives colour blindness and print; never the only bearer of a meaning.
UP, BACK, MORE, DOWN, LESS, OTHER, THIRD = "#0B66C3", "#2E9E78", "#7CC5AE", "#C2410C", "#E8A27C", "#B7791F", "#7E4DC2"


def write_workbook(snapshot: ReportSnapshot, path: Path, language_name: str = "en") -> None:
    """Write the workbook of a snapshot to `path`. The same snapshot and language give the same bytes.

    refuses    unknown_language
    """
    say = Speech(language(language_name))
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
        "default_format_properties": {"font_name": FONTS[say.language], "font_size": 10, "font_color": INK, "valign": "top"},
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        _Book(book, say, snapshot).write()


class _Book:
    """A workbook being written."""

    def __init__(self, book: xlsxwriter.Workbook, say: Speech, snapshot: ReportSnapshot) -> None:
        self.book, self.say, self.snapshot = book, say, snapshot
        self.sections = sections(snapshot)
        self.out = Sheets(book, say, snapshot, self.sections)
        self.people_at: dict[str, str] = {}

    def write(self) -> None:
        """Every sheet, the answer first."""
        day = self.snapshot.as_of or date(1970, 1, 1)
        self.book.set_properties(
            {
                "title": f"{self.snapshot.exchange} {self.snapshot.as_of or ''}".strip(),
                "comments": f"checksum {self.snapshot.checksum}",
                "created": datetime.combine(day, time()),
            }
        )
        self.book.set_calc_mode("auto")
        front = self.out.page(W("Today", "今日"), W("How are our users doing?", "用户状况如何？"), columns=6)
        front.sheet.set_portrait()
        front.sheet.fit_to_pages(1, 1)
        if self.snapshot.as_of:
            for unit, name in words.UNITS.items():
                self._growth(unit, name)
            self._strata()
            self._map()
            self._moves()
            self._activation()
            self._states()
            self._concentration()
            self._market()
            self._people()
        self._data()
        self._definitions()
        self._front(front)
        for page, _ in self.out.pages:
            page.finish()

    # Sheets

    def _front(self, page: Page) -> None:
        say = self.say
        for warning in brief.warnings(say, self.snapshot):
            self.out.wide(page, f"⚠ {warning}", bold=True, font_color=ALARM, bg_color=CALM, font_size=11)
        for sentence in brief.opening(say, self.snapshot):
            self.out.wide(page, sentence, font_size=11)
        if self.snapshot.as_of:
            page.row += 1
            self.out.section(page, "numbers", ("number", "value", "before", "change", "change_ratio", "about"))
            self.out.section(page, "movements", ("stratification", "from_stratum", "to_stratum", "users", "value_usdt", "said"))
            lists = self.out.section(page, "worklists", ("list", "users", "value_usdt", "value_of", "opens", "said"))
            for place, cell in enumerate(lists.table.values("opens") if lists else ()):
                if lists and isinstance(cell, Name):
                    link, text = self.people_at[cell.key], self.say.words(cell.words)
                    page.sheet.write_url(
                        lists.first + place,
                        lists.at["opens"],
                        link,
                        self.out.body(font_color=ACCENT, underline=1, indent=1),
                        text,
                    )
        page.row += 1
        if isinstance(lacking := self.sections["not_available"], Table) and lacking.rows:
            self.out.section(page, "not_available")
        self.out.title(page, W("This report", "关于本报告"))
        for name, value in brief.about(say, self.snapshot):
            page.sheet.write_string(page.row, 0, name, self.out.style(font_color=QUIET))
            page.sheet.write_string(page.row, 1, value, self.out.style())
            page.row += 1
        page.row += 1
        self.out.title(page, W("Sheets", "工作表"))
        for other, question in self.out.pages[1:]:
            page.sheet.write_url(
                page.row, 0, f"internal:'{other.name}'!A1", self.out.style(font_color=ACCENT, underline=1), other.name
            )
            page.sheet.write_string(page.row, 1, question, self.out.style())
            page.row += 1

    def _growth(self, unit: str, name: Words) -> None:
        question = self.sections[f"growth_{unit}_week"].question
        page = self.out.page(W(f"Growth, {name.en.lower()}", f"增长·{name.zh}"), question, columns=12)
        made = [self.sections[f"growth_{unit}_{period}"] for period in GROWTH_SHOWN]
        if all(isinstance(section, Absent) for section in made):
            made = made[:1]  # one reason serves for all
        breaks = []
        for section, period in zip(made, GROWTH_SHOWN, strict=False):
            breaks.append(page.row)
            if isinstance(section, Absent):
                self.out.section(page, section.key)
                continue
            self.out.title(page, section.title)
            chart_row = page.row
            page.row += 16
            placed = self.out.place(page, section)
            if placed is None:
                continue
            losses = self._losses(placed)
            unfinished = self._grey_unfinished(placed)
            # A period that is not over has lost too many and won too few: drawn, it would frighten every Monday.
            drawn = replace(placed, last=placed.last - unfinished)
            if drawn.last >= drawn.first:
                self._growth_chart(drawn, losses, chart_row, "mmm yyyy" if period == "month" else "d mmm")
            page.row += 2
        page.sheet.set_h_pagebreaks(breaks[1:])

    def _losses(self, placed: Placed) -> dict[str, int]:
        """What went, below zero: a stacked chart has no other way to draw it downwards. Beside the table, in grey."""
        lost = [key for key in ("churned", "contraction") if key in placed.at]
        column = max(placed.at.values()) + 2
        columns: dict[str, int] = {}
        for key in lost:
            heading = placed.table.columns[placed.table.place(key)].heading
            label = self.say("{name}, drawn below", "{name}（图中向下）", name=self.say.words(heading))
            style = self.out.style(font_color=GREY, text_wrap=True, align="right")
            placed.page.sheet.write_string(placed.first - 1, column, label, style)
            for place, value in enumerate(placed.table.values(key)):
                row = placed.first + place
                cell = xl_rowcol_to_cell(row, placed.at[key])
                number = -as_number(value)
                placed.page.sheet.write_formula(
                    row, column, f"=-{cell}", self.out.style(font_color=GREY, num_format="#,##0"), number
                )
            placed.page.needs(column, 13)
            columns[key] = column
            column += 1
        return columns

    def _growth_chart(self, placed: Placed, losses: Mapping[str, int], row: int, day_format: str) -> None:
        chart = self.book.add_chart({"type": "column", "subtype": "stacked"})
        colours = {"new": UP, "resurrected": BACK, "expansion": MORE, "churned": DOWN, "contraction": LESS}
        for key, colour in colours.items():
            if key in losses:
                self._series(chart, placed, key, colour, "period", values=placed.column(losses[key]))
            elif key in placed.at:
                self._series(chart, placed, key, colour, "period")
        line = self.book.add_chart({"type": "line"})
        line.add_series(
            {
                "name": placed.heading("net"),
                "categories": placed.cells("period"),
                "values": placed.cells("net"),
                "line": {"color": INK, "width": 1.75},
                "marker": {"type": "circle", "size": 5, "fill": {"color": "#FFFFFF"}, "border": {"color": INK}},
            }
        )
        chart.combine(line)
        self._dress(chart, day_format)
        placed.page.sheet.insert_chart(row, 0, chart, self._size(placed, 12, 300))

    def _strata(self) -> None:
        page = self.out.page_of("strata", columns=10)
        table = self.sections["strata"]
        for key, reason in self._unavailable_strata():
            self.out.wide(
                page,
                self.say("{what}: not available. {why}", "{what}：暂不可用。{why}", what=key, why=reason),
                font_color=ALARM,
            )
        placed = self.out.section(page, "strata", titled=False, filtered=True, freeze=2)
        if placed is None or not isinstance(table, Table):
            return
        first = placed.at["stratification"]
        new_block = f"=${xl_col_to_name(first)}{placed.first + 1}<>${xl_col_to_name(first)}{placed.first}"
        page.sheet.conditional_format(
            placed.range(table.columns[0].key, table.columns[-1].key),
            {"type": "formula", "criteria": new_block, "format": self.book.add_format({"top": 1, "top_color": GREY})},
        )
        self._bars(placed, "share")

    def _unavailable_strata(self) -> list[tuple[str, str]]:
        titles = {each.key: each.title for each in self.snapshot.stratifications}
        return [
            (self.say.words(titles.get(key) or words.plain(key)), self.say.reason(reason))
            for key, reason in self.snapshot.freshness.unavailable.items()
        ]

    def _map(self) -> None:
        page = self.out.page(W("Map", "分布图"), self.sections["map_users"].question, columns=14)
        for key in ("map_users", "map_equity_usdt"):
            placed = self.out.section(page, key)
            if placed:
                self._heat(placed, [], ("#FFFFFF", "#CFE2F7", "#6FA8E6"))

    def _moves(self) -> None:
        page = self.out.page(W("Moves", "迁移"), self.sections["moves_week"].question, columns=14)
        for key in ("moves_week", "moves_day"):
            placed = self.out.section(page, key)
            if placed:
                names = [cell.key if isinstance(cell, Name) else "" for cell in placed.table.values("stratum")]
                stayed = [(place, placed.at[name]) for place, name in enumerate(names) if name in placed.at]
                self._heat(placed, stayed, ("#FFFFFF", "#FBE0CC", "#EE9A5E"))
        page = self.out.page_of("moves", columns=6)
        self.out.section(page, "moves", titled=False, filtered=True, freeze=0)

    def _activation(self) -> None:
        page = self.out.page_of("activation", columns=10)
        placed = self.out.section(page, "activation", titled=False)
        if placed is None:
            return
        steps = replace(placed, first=placed.first + 1)  # registration has no rate
        if steps.first <= steps.last:
            chart = self.book.add_chart({"type": "bar"})
            labels = {"value": True, "num_format": "0.0%", "font": self.out.font()}
            self._series(chart, steps, "rate", UP, "step", data_labels=labels, name=placed.heading("rate"))
            self._dress(chart, "")
            chart.set_y_axis({"reverse": True, "line": {"color": LINE}, "num_font": self.out.font(), "major_tick_mark": "none"})
            chart.set_x_axis({"visible": False, "min": 0, "major_gridlines": {"visible": False}})
            chart.set_legend({"none": True})
            page.sheet.insert_chart(page.row, 0, chart, self._size(placed, 8, 260))
            page.row += 15

    def _states(self) -> None:
        page = self.out.page_of("states", columns=13)
        section = self.sections["states"]
        if isinstance(section, Absent):
            self.out.section(page, "states", titled=False)
            return
        chart_row, page.row = page.row, page.row + 16
        placed = self.out.section(page, "states", titled=False)
        if placed:
            chart = self.book.add_chart({"type": "column", "subtype": "stacked"})
            for key, colour in zip(
                ("current", "reactivated", "resurrected", "new"), ("#0B66C3", "#B7791F", "#2E9E78", "#7E4DC2"), strict=True
            ):
                self._series(chart, placed, key, colour, "day")
            self._dress(chart, "d mmm")
            page.sheet.insert_chart(chart_row, 0, chart, self._size(placed, 11, 300))

    def _concentration(self) -> None:
        page = self.out.page_of("concentration", columns=9)
        placed = self.out.section(page, "concentration", titled=False)
        if placed:
            for key in ("top_percent_ratio", "top_users_ratio"):
                self._bars(placed, key)

    def _market(self) -> None:
        page = self.out.page_of("market", columns=8)
        section = self.sections["market"]
        if isinstance(section, Absent):
            self.out.section(page, "market", titled=False)
            return
        chart_row, page.row = page.row, page.row + 16
        placed = self.out.section(page, "market", titled=False)
        if placed:
            chart = self.book.add_chart({"type": "line"})
            chart.add_series(
                {
                    "name": placed.heading("btc_close_usdt"),
                    "categories": placed.cells("day"),
                    "values": placed.cells("btc_close_usdt"),
                    "line": {"color": UP, "width": 2},
                }
            )
            self._dress(chart, "d mmm")
            page.sheet.insert_chart(chart_row, 0, chart, self._size(placed, 6, 300))

    def _people(self) -> None:
        keys = [key for key in self.sections if key.startswith("people_")]
        if keys:
            page = self.out.page(
                W("Work lists", "跟进名单"), W("Whom should we contact first?", "应该优先联系谁？"), columns=10
            )
            for key in keys:
                self.people_at[key] = f"internal:'{page.name}'!A{page.row + 1}"
                self.out.title(page, self.sections[key].title)
                self.out.wide(page, self.say.words(self.sections[key].question), font_color=QUIET)
                self.out.section(page, key, titled=False, filtered=True)

    def _data(self) -> None:
        page = self.out.page(W("Data", "数据"), W("Can the figures be trusted?", "数据是否可信？"), columns=7)
        self.out.section(page, "inputs")
        if self.snapshot.freshness.missing_tables:
            self.out.wide(
                page,
                self.say(
                    "Never given: {names}.", "从未提供：{names}。", names=", ".join(self.snapshot.freshness.missing_tables)
                ),
            )
            page.row += 1
        self.out.section(page, "restatements")

    def _definitions(self) -> None:
        page = self.out.page_of("definitions", columns=6)
        self.out.section(page, "definitions", titled=False, filtered=True, freeze=0)

    # Pictures

    def _series(self, chart: Chart, placed: Placed, key: str, colour: str, along: str, **look: Any) -> None:
        """One column of a table as bars, along another."""
        bars = {"fill": {"color": colour}, "gap": 40, "overlap": 100}
        cells = {"name": placed.heading(key), "categories": placed.cells(along), "values": placed.cells(key)}
        chart.add_series({**bars, **cells, **look})

    def _dress(self, chart: Chart, day_format: str) -> None:
        """One look for all charts. They have no title of their own: it stands above them on the sheet."""
        font = self.out.font()
        if self.say.is_chinese:
            day_format = {"d mmm": "m-d", "mmm yyyy": "yyyy-m"}.get(day_format, day_format)
        days = {"num_format": day_format, "text_axis": True, "label_position": "low"}
        chart.set_title({"none": True})
        chart.set_x_axis({**days, "num_font": font, "line": {"color": GREY}})
        lines = {"visible": True, "line": {"color": LINE}}
        chart.set_y_axis({"num_format": "#,##0", "num_font": font, "major_gridlines": lines, "line": {"none": True}})
        chart.set_legend({"position": "top", "font": font})
        chart.set_chartarea({"border": {"color": LINE}})
        chart.show_hidden_data()

    def _size(self, placed: Placed, columns: int, height: int) -> dict[str, Any]:
        """As wide as the first columns of the sheet, with words for those who cannot see it."""
        pixels = sum(placed.page.widths.get(column, 9) * 7 + 5 for column in range(columns))
        about = f"{self.say.words(placed.table.title)}: {self.say.words(placed.table.question)}"
        width = max(520, min(pixels, 1100))
        scale = {"x_scale": width / 480, "y_scale": height / 288, "x_offset": 2, "y_offset": 4}
        return {"object_position": 2, "description": about, **scale}

    def _bars(self, placed: Placed, key: str) -> None:
        placed.page.sheet.conditional_format(
            placed.range(key, key),
            {
                "type": "data_bar",
                "bar_color": "#B5D3F3",
                "bar_solid": True,
                "min_type": "num",
                "min_value": 0,
                "max_type": "num",
                "max_value": 1,
            },
        )

    def _heat(self, placed: Placed, stayed: Iterable[tuple[int, int]], colours: tuple[str, str, str]) -> None:
        """Colour by size, without sums and without those who stayed: they are so many that nothing else would show."""
        grey = {(placed.first + place, column) for place, column in stayed}
        first, last = placed.at[placed.table.columns[1].key], placed.at["all"] - 1
        runs = []
        for row in range(placed.first, placed.last + 1):
            begin = first
            for column in range(first, last + 2):
                if column > last or (row, column) in grey:
                    if column > begin:
                        runs.append(xl_range(row, begin, row, column - 1))
                    begin = column + 1
        for row, column in sorted(grey):
            cell = xl_range(row, column, row, column)
            look = self.book.add_format({"bg_color": "#E9EDF2", "font_color": QUIET})
            placed.page.sheet.conditional_format(cell, {"type": "formula", "criteria": "=TRUE", "format": look})
        if runs:
            low, middle, high = colours
            placed.page.sheet.conditional_format(
                runs[0],
                {
                    "type": "3_color_scale", "min_color": low, "mid_color": middle, "max_color": high,
                    "mid_type": "percentile", "mid_value": 85, "multi_range": " ".join(runs),
                },
            )  # fmt: skip

    def _grey_unfinished(self, placed: Placed) -> int:
        """Mute the rows of periods that are not over, and say how many there are: only the last can be."""
        states = [cell.key if isinstance(cell, Name) else "" for cell in placed.table.values("state")]
        unfinished = states.count("so_far")
        if unfinished:
            cells = xl_range(placed.last - unfinished + 1, 0, placed.last, max(placed.at.values()))
            look = self.book.add_format({"italic": True, "font_color": QUIET})
            placed.page.sheet.conditional_format(cells, {"type": "formula", "criteria": "=TRUE", "format": look})
        return unfinished
