"""One snapshot: gathered once, named by its content, honest about what cannot be told."""

from __future__ import annotations

import json

import pytest

from springtide.kernel.errors import NothingYet
from springtide.reports import Missing, gather
from springtide.reports.sections import sections
from tests.reports.conftest import DAYS, LAST, said

pytestmark = pytest.mark.xdist_group("reports")


def test_it_is_as_of_the_last_closed_day(snapshot):
    assert snapshot.as_of == LAST
    assert not snapshot.is_stale


def test_the_same_content_has_the_same_checksum(home, snapshot):
    assert gather(home).checksum == snapshot.checksum
    assert len(snapshot.checksum) == 16


def test_its_content_is_json_with_money_as_text(snapshot):
    content = json.loads(json.dumps(snapshot.as_dict()))
    numbers = {row["key"]: row for row in content["headline"]["rows"]}
    assert numbers["assets"]["value"] == "51106.000000"  # 549 + 219 + 49069 + 69 + 300 + 900 on the last day


def test_another_day_has_another_checksum_and_says_what_only_the_last_day_can_tell(home, snapshot):
    earlier = gather(home, as_of=DAYS[-2])
    assert earlier.checksum != snapshot.checksum
    assert isinstance(earlier.movements, Missing)
    assert not isinstance(earlier.headline, Missing)
    assert not isinstance(earlier.sizes, Missing)


def test_a_day_that_is_not_kept_is_refused(home):
    with pytest.raises(NothingYet) as refused:
        gather(home, as_of=DAYS[3])
    assert refused.value.code == "not_kept"


def test_what_was_not_given_is_missing_with_its_reason_and_never_an_empty_table(bare_home):
    snapshot = gather(bare_home)
    made = sections(snapshot)
    assert isinstance(snapshot.growth["assets_week"], Missing)
    assert isinstance(snapshot.market, Missing)
    told = {what: why for what, why, _ in said(made["not_available"])}
    assert told["Growth: assets"] == "No balances or given aggregates (user_days) was given."
    assert told["Market regime"] == "No prices of BTC are known for these days."


def test_facts_that_end_long_before_the_closed_day_are_stale(bare_home):
    snapshot = gather(bare_home)
    assert snapshot.facts_behind == 3
    assert snapshot.is_stale


def test_an_empty_home_gives_a_snapshot_that_says_so(empty_home):
    snapshot = gather(empty_home)
    assert snapshot.as_of is None
    assert snapshot.is_stale
    assert all(isinstance(growth, Missing) for growth in snapshot.growth.values())
    assert snapshot.checksum == gather(empty_home).checksum


def test_a_day_closed_again_since_is_told_as_restated(snapshot):
    assert [each["day"] for each in snapshot.restated] == [str(DAYS[-3])]
    assert snapshot.restated[0]["figures"]["spot_volume_usdt"] == [140_000_000, 210_000_000]
