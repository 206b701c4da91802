"""Channels of a made-up exchange: what was planted in them is found."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from springtide.home import Home
from springtide.simulator import cast, simulate


@pytest.mark.slow
def test_the_good_channels_stand_above_the_poor_ones(tmp_path):
    simulate(users=4000, days=75, seed=5, out=tmp_path / "made", through=date(2026, 3, 31))
    home, now = Home.create(tmp_path / "home"), datetime(2026, 4, 1, tzinfo=UTC)
    home.import_path(tmp_path / "made" / "exchange", now=now)
    home.close(now=now)
    quality = {channel.key: channel.quality for channel in cast.CHANNELS}
    shares: dict[str, Any] = {row.channel_id: row.first_deposits for row in home.acquisition().rows}
    good = [shares[key] for key, planted in quality.items() if planted >= 1.1]
    poor = [shares[key] for key, planted in quality.items() if planted <= 0.75]
    assert min(share.value for share in good) > max(share.value for share in poor)
    assert shares["organic"].low > shares["affiliate_south"].high  # the intervals do not touch either
