"""The queries that ship: each of them runs on a small made-up exchange and tells something."""

from datetime import date

import pytest

from springtide.home import Home, sql
from springtide.kernel import clock

LAST_DAY = date(2026, 3, 31)
RIGHTS = {"everybody": frozenset(), "money": frozenset({"money"})}


@pytest.fixture(scope="module")
def made_up_home(tmp_path_factory):
    """An exchange of the simulator, imported and closed."""
    from springtide.simulator import simulate

    out = tmp_path_factory.mktemp("saved")
    simulate(users=150, days=40, seed=7, through=LAST_DAY, out=out / "made-up")
    home = Home.create(out / "home")
    home.import_path(out / "made-up" / "exchange", now=clock.now())
    home.close(through=LAST_DAY, now=clock.now())
    return home


def test_thirty_queries_ship_with_titles_and_questions_in_both_languages():
    queries = sql.saved_queries()
    assert len(queries) >= 30
    for told in ("titles", "questions"):
        for language in ("en", "zh-hans"):
            texts = [getattr(query, told)[language] for query in queries]
            assert len(set(texts)) == len(texts)
    assert [query.key for query in queries if not query.questions["en"].rstrip(")").endswith(("?", "(UTC)", "?)"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("query", sql.saved_queries(), ids=lambda query: query.key)
def test_a_query_runs_with_no_more_rights_than_it_says_and_returns_rows(query, made_up_home):
    assert sql.answer(made_up_home, query.text, rights=query.needs).rows
