"""The daily brief: sentences that can be read aloud, with what must be known first on top."""

from __future__ import annotations

import re

import pytest

from springtide.kernel.errors import UnknownName
from springtide.reports import brief_markdown, brief_text, gather, page_html

pytestmark = pytest.mark.xdist_group("reports")


def test_it_says_the_numbers_the_movements_and_the_lists(snapshot):
    told = brief_text(snapshot)
    # In the last week daily_trader, back_again and gone_quiet; in the week before two of them.
    assert "Active traders: 3, 50.0% more than in the 7 days before (2)." in told
    # 110 closes that rise by 150 to 76,350: 30 days before the last it was 71,850.
    assert "The market is flat: BTC +6.3% in 30 days." in told
    assert "Lifecycle: 1 user went from Lapsing to Repeat trader." in told
    assert "Deposited, not traded: 2 users, 1,200 USDT of assets. They made their first deposit 7 to 30 days ago" in told
    assert "Large and leaving: 1 user, 49.1K USDT of assets." in told
    assert "VIP on the edge: nobody today." in told
    assert f"Checksum: {snapshot.checksum}" in told


def test_a_restated_day_is_told_with_what_moved(snapshot):
    told = brief_text(snapshot)
    assert "7 May 2026: closed again: " in told
    assert "active users 2 → 3, spot trades 2 → 3, spot volume 140 USDT → 210 USDT, and 2 more." in told


def test_in_chinese_it_speaks_chinese_throughout(bare_home, snapshot):
    names = {"USDT", "BTC", "VIP", "UTC", "Bare", "Blue", "wave", "or"}  # currencies, and what is called so in the data
    names |= {each.key for each in snapshot.stratifications} | {
        "balances",
        "transfers",
        "given_user_days",
        "user_days",
        "springtide",
        "close",
    }
    names |= {"fee_usdt", "prices", "kyc_level", "vip_tiers", "restrictions", "reward_entries", "net_revenue_90d_usdt"}
    for each in (snapshot, gather(bare_home)):
        told = brief_text(each, "zh-hans").replace(each.checksum, "")
        assert set(re.findall(r"[A-Za-z_]{2,}\w*", told)) - names == set(), told


def test_old_facts_are_told_before_anything_else(bare_home):
    lines = brief_text(gather(bare_home)).splitlines()
    assert lines[3].startswith(
        "!! Do not rely on these figures: the last facts are of 10 Mar 2026, 3 days before the day reported."
    )
    assert brief_markdown(gather(bare_home)).splitlines()[2].startswith("> **⚠ Do not rely on these figures")
    html = page_html(gather(bare_home))
    assert html.index('role="alert"') < html.index('class="lead"')


def test_an_empty_home_says_that_nothing_is_closed_and_what_to_do(empty_home):
    told = brief_text(gather(empty_home))
    assert "!! Nothing is closed yet" in told
    assert "springtide close" in told
    assert "尚未关账" in brief_text(gather(empty_home), "zh-hans")


def test_a_name_cannot_become_markup(snapshot):
    assert "<b>wave" not in page_html(snapshot)
    assert "&lt;b&gt;wave&lt;/b&gt;" in page_html(snapshot)
    assert brief_markdown(snapshot).startswith("# =Blue \\<b\\>wave\\</b\\>")


def test_the_page_needs_nothing_else_and_is_light_and_dark(snapshot):
    html = page_html(snapshot)
    assert "prefers-color-scheme: dark" in html
    assert not [word for word in ("http://", "https://", "<script", "<link", "src=") if word in html.replace("http://x", "")]


def test_the_page_shows_no_list_of_users(snapshot):
    assert "9007199254740993123" not in page_html(snapshot)


def test_another_language_is_refused_with_those_that_are_spoken(snapshot):
    with pytest.raises(UnknownName) as refused:
        brief_text(snapshot, "fr")
    assert refused.value.code == "unknown_language"
    assert "zh-hans" in refused.value.hint
