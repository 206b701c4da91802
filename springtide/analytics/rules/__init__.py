"""Rules: text conditions over columns, read by one evaluator in SQL and in Python. Strata, segments and gates speak them."""

from springtide.analytics.rules.errors import BadRule, UnknownColumn, WrongUnit
from springtide.analytics.rules.pieces import Piece, pieces, with_numbers
from springtide.analytics.rules.rule import Comparison, Rule, Why
from springtide.analytics.rules.words import Words

__all__ = ["BadRule", "Comparison", "Piece", "Rule", "UnknownColumn", "Why", "Words", "WrongUnit", "pieces", "with_numbers"]
