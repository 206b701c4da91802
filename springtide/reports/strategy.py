"""The strategy as an Excel workbook: the matrix with its figures, and what every word in it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import xlsxwriter

from springtide.analytics.segments import Engagement, Strategy
from springtide.analytics.segments.strategy import COUNTED, NAMED
from springtide.analytics.strata import Stratification, Words

HEADINGS = (
    Words("Lifecycle", "生命周期"), Words("Value", "价值"), Words("Except", "例外"),
    Words("Problem", "问题"), Words("Playbook", "打法"), Words("Channel", "渠道"), Words("Offer", "优惠"), Words("Queue", "队列"),
    Words("Service, hours", "时限（小时）"), Words("Contacts at most", "最多触达"), Words("in days", "天数"),
    Words("Users", "用户"), Words("In 7 days", "7 天变化"), Words("Assets", "资产"), Words("Net revenue, 90 days", "90 天净收入"),
    Words("Leak, users", "流失用户"), Words("Leak a month", "每月流失"),
)  # fmt: skip


def write_strategy(
    found: Engagement, strategy: Strategy, strata: Mapping[str, Stratification], file: IO[bytes], *, language: str
) -> None:
    """Write the cells that have users, then the words of the strategy, then what the figures are of. Texts stay texts."""
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "bottom": 1})
    money, count = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "#,##0"})
    sheet = book.add_worksheet(Words("Strategy", "策略").within(language))
    sheet.freeze_panes(1, 3)
    sheet.set_column(0, len(HEADINGS) - 1, 18)
    for place, heading in enumerate(HEADINGS):
        sheet.write_string(0, place, heading.within(language), bold)
    tiers = {tier.key: tier.label for tier in strategy.tiers}
    exceptions = {one.key: one.label for one in strategy.overrides}
    line = 0
    for line, row in enumerate(found.rows, 1):
        texts = [strata["lifecycle"][row.lifecycle].label, tiers[row.tier], exceptions.get(row.override or "")]
        texts += [strategy.words[name][getattr(row.play, name)] for name in NAMED]
        for place, text in enumerate(texts):
            sheet.write_string(line, place, text.within(language) if text else "")
        numbers: list[Any] = [getattr(row.play, name) for name in COUNTED]
        numbers += [row.users, row.change_7d, row.equity_usdt, row.net_revenue_90d_usdt, row.leak_users, row.leak_usdt]
        for place, number in enumerate(numbers, len(texts)):
            if number is not None:
                sheet.write_number(line, place, float(number), count if isinstance(number, int) else money)
    sheet.autofilter(0, 0, max(1, line), len(HEADINGS) - 1)
    about = book.add_worksheet(Words("About", "说明").within(language))
    about.set_column(0, 1, 32)
    told = [
        (Words("As of", "截至").within(language), found.as_of.isoformat()),
        (Words("Version", "版本").within(language), f"{found.version} · {found.hash}"),
        *((name, reason) for name, reason in found.reasons.items()),
        *((f"{kind}: {key}", label.within(language)) for kind in NAMED for key, label in strategy.words[kind].items()),
    ]
    for place, (name, about_it) in enumerate(told):
        about.write_string(place, 0, name, bold)
        about.write_string(place, 1, about_it)
    book.close()
