"""The builder's tree and the text say the same, both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springtide.analytics.rules import BadRule
from springtide.analytics.segments import Condition, Known
from springtide.analytics.segments.tree import text_of, tree_of


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("lifecycle = 'lapsing'", {"column": "lifecycle", "op": "=", "value": "lapsing"}),
        ("country in ('SG', 'VN')", {"column": "country", "op": "in", "value": ["SG", "VN"]}),
        ("equity_usdt between 10 and 99.5", {"column": "equity_usdt", "op": "between", "value": [10, 99.5]}),
        ("vip_level is not null", {"column": "vip_level", "op": "is not null"}),
        ("is_restricted", {"column": "is_restricted", "op": "is true"}),
        ("net_revenue_90d_usdt < -5", {"column": "net_revenue_90d_usdt", "op": "<", "value": -5}),
        ("times('traded_spot', days => 30) >= 3", {"times": "traded_spot", "days": 30, "op": ">=", "value": 3}),
        (
            "then_not('deposited', 'traded_spot', within_days => 7, since => '2026-01-01')",
            {"then_not": ["deposited", "traded_spot"], "within_days": 7, "since": "2026-01-01"},
        ),
        ("not segment('vips')", {"not": {"segment": "vips"}}),
        ("equity_usdt / asset_size_usdt < 0.5", {"text": "equity_usdt / asset_size_usdt < 0.5"}),
        (
            "is_counted and (tagged('a') or in_list('b')) and suppressed('c''d')",
            {
                "all": [
                    {"column": "is_counted", "op": "is true"},
                    {"any": [{"tagged": "a"}, {"in_list": "b"}]},
                    {"suppressed": "c'd"},
                ]
            },
        ),
    ],
)
def test_a_text_and_its_tree_say_the_same(text, tree):
    assert tree_of(text) == tree
    assert text_of(tree) == text


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({}, "keys none"),
        ([], "no node"),
        ({"al": []}, "keys al"),
        ({"all": []}, "holds no nodes"),
        ({"column": "a; drop", "op": "=", "value": 1}, "no name"),
        ({"column": "country", "op": "like", "value": "x"}, "'like'"),
        ({"column": "country", "op": "in", "value": []}, "list of values"),
        ({"column": "country", "op": "=", "value": None}, "no text, number"),
        ({"column": "country", "op": "=", "value": float("nan")}, "no text, number"),
        ({"column": "country", "op": "=", "value": "x", "colour": "red"}, "'colour'"),
        ({"times": "x", "op": "in", "value": 1}, "op"),
        ({"then_not": ["x"]}, "two events"),
        ({"segment": 3}, "names a text"),
        ({"text": "true) or (true"}, "cannot be read"),
        ({"text": ""}, "no text"),
    ],
)
def test_a_tree_that_says_nothing_is_refused(tree, says):
    with pytest.raises(BadRule) as refused:
        text_of(tree)
    assert says in refused.value.message


_texts = st.text(st.sampled_from("ab'\"é %_-"), max_size=4)
_numbers = st.one_of(st.integers(-(10**9), 10**9), st.floats(-999, 999).map(lambda value: round(value, 3)))
_spans = st.one_of(
    st.integers(1, 99).map(lambda days: {"days": days}),
    st.just({"since": "2026-01-01"}),
    st.just({"since": "2026-01-01", "until": "2026-02-01"}),
)
_ops = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
_leaves = st.one_of(
    st.builds(lambda op, value: {"column": "tenure_days", "op": op, "value": value}, _ops, _numbers),
    st.builds(lambda op, value: {"column": "equity_usdt", "op": op, "value": value}, _ops, st.integers(-99, 99)),
    st.builds(lambda values: {"column": "country", "op": "in", "value": values}, st.lists(_texts, min_size=1, max_size=3)),
    st.just({"column": "is_restricted", "op": "is true"}),
    st.sampled_from([{"column": "vip_level", "op": "is null"}, {"column": "vip_level", "op": "is not null"}]),
    st.builds(lambda span, op, n: {"times": "traded_spot", **span, "op": op, "value": n}, _spans, _ops, st.integers(0, 9)),
    st.builds(lambda span, n: {"then_not": ["deposited", "session"], "within_days": n, **span}, _spans, st.integers(0, 9)),
    _texts.map(lambda key: {"segment": key}),
    _texts.map(lambda key: {"tagged": key}),
)
_trees = st.recursive(
    _leaves,
    lambda nodes: st.one_of(
        st.lists(nodes, min_size=2, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(nodes, min_size=2, max_size=3).map(lambda parts: {"any": parts}),
        nodes.map(lambda node: {"not": node}),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(_trees)
def test_any_tree_comes_back_from_its_text_and_is_a_rule(tree):
    # `not x is null` is read as `x is not null`, which is the same.
    text = text_of(tree)
    assert text_of(tree_of(text)) == text_of(tree_of(text_of(tree_of(text))))
    if "is null" not in text:
        assert tree_of(text) == tree
    assert Condition.parse(text_of(tree_of(text)), Known()).sql() == Condition.parse(text, Known()).sql()
