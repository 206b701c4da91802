"""Segments as definitions: what may not be read is not asked about, and what others name is not taken away."""

from datetime import timedelta

import pytest

from springtide.analytics.segments import shipped_content
from springtide.home import Home
from springtide.kernel.errors import Refused, SpringtideError
from springtide.operations.definitions.actions import (
    approve_definition,
    publish_definition,
    retire_definition,
    save_draft,
    submit_definition,
)
from springtide.operations.definitions.models import Definition
from tests.operations.conftest import NOON

LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def exchange(home):
    return Home.create(home)


def publish(key, text, acting, seen=""):
    return publish_definition("segment", key, title=key, body={"text": text}, acting=acting, now=NOON, seen=seen)


def test_a_published_segment_is_in_force(exchange, manager, committed):
    with committed():
        publish("rich", "equity_usdt >= 1000", manager)
    assert [one.key for one in exchange.named().segments] == ["rich"]


def test_who_may_not_see_a_users_money_does_not_pick_users_by_it(member_of):
    analyst = member_of("analyst")
    for text in ("equity_usdt >= 1000", "not (net_revenue_90d_usdt < 5 and country = 'SG')"):
        with pytest.raises(Refused) as refused:
            publish("rich", text, analyst)
        assert refused.value.code == "column_not_open"
    body = {
        "select": "select u.user_id from users as u inner join profiles as p on u.user_no = p.user_no where p.equity_usdt > 9"
    }
    with pytest.raises(Refused) as refused:
        publish_definition("segment", "rich", title="Rich", body=body, acting=analyst, now=NOON)
    assert refused.value.code == "column_not_open"
    assert not Definition.objects.exists()
    assert publish("large", "assets = 'large'", analyst).state == "published"


def test_a_segment_that_another_one_names_is_not_retired(manager, committed):
    with committed():
        rich = publish("rich", "assets = 'large'", manager)
    with committed():
        publish("quiet_rich", "segment('rich') and activity = 'quiet'", manager)
    with pytest.raises(Refused) as refused:
        retire_definition("segment", "rich", acting=manager, now=LATER, seen=rich.content_hash)
    assert refused.value.code == "named_by_others"
    assert "quiet_rich" in refused.value.message


def test_a_circle_through_others_is_refused_with_the_circle(manager, committed):
    with committed():
        hen = publish("hen", "country = 'SG'", manager)
    with committed():
        publish("egg", "segment('hen')", manager)
    with pytest.raises(SpringtideError) as refused:
        publish("hen", "segment('egg')", manager, seen=hen.content_hash)
    assert refused.value.code == "segment_circle"
    assert "hen → egg → hen" in refused.value.message


def test_a_list_whose_ids_are_nowhere_is_refused(manager):
    body = {"purpose": "list", "ids": 3, "file": "../../etc/passwd"}
    with pytest.raises(SpringtideError) as refused:
        publish_definition("id_list", "calls", title="Calls", body=body, acting=manager, now=NOON)
    assert refused.value.code == "bad_definition"


def test_the_strategy_is_in_force_once_a_second_person_approved_it(exchange, manager, member_of, committed):
    body = shipped_content()
    body["overrides"] = []
    analyst = member_of("analyst")
    draft = save_draft("strategy", "strategy", title="Strategy", body=body, acting=analyst, now=NOON)
    submit_definition("strategy", "strategy", acting=analyst, now=NOON, seen=draft.content_hash)
    assert exchange.strategy().version == 1
    with committed():
        approve_definition("strategy", "strategy", acting=manager, now=LATER, seen=draft.content_hash)
    assert (exchange.strategy().version, exchange.strategy().overrides) == (2, ())


def test_a_strategy_that_leaves_a_cell_empty_is_not_even_a_draft(manager):
    body = shipped_content()
    body["cells"] = body["cells"][:-1]
    with pytest.raises(SpringtideError) as refused:
        save_draft("strategy", "strategy", title="Strategy", body=body, acting=manager, now=NOON)
    assert refused.value.code == "bad_strategy"
