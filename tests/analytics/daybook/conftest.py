"""The exchange that the daybook's tests fill."""

from __future__ import annotations

import pytest

from tests.exchange import Exchange


@pytest.fixture
def exchange(tmp_path):
    exchange = Exchange.at(tmp_path)
    yield exchange
    exchange.engine.close()
