"""Segments: saved filters over profiles, strata and behaviour; the engagement strategy and the sizing of the four problems on them."""

from springtide.analytics.segments.beside import Lists, find_beside
from springtide.analytics.segments.closing import SEGMENTS, segments_spec, unavailable
from springtide.analytics.segments.definitions import InForce, in_force, read_segment
from springtide.analytics.segments.diagnosis import Diagnosis, Finding, Problem, diagnosis, shipped_rules
from springtide.analytics.segments.matrix import Engagement, EngagementCell, engagement
from springtide.analytics.segments.queries import MOVES, members_query, placed_query, size_query
from springtide.analytics.segments.segment import COLUMNS, Condition, Segment, SegmentCircle, in_order, needed_by
from springtide.analytics.segments.select import BadSelect, checked_select, columns_of_select
from springtide.analytics.segments.strategy import (
    BadStrategy,
    Strategy,
    read_strategy,
    shipped_content,
    shipped_strategy,
    with_play,
)
from springtide.analytics.segments.words import EVENTS, Known

__all__ = [
    "COLUMNS", "EVENTS", "MOVES", "SEGMENTS",
    "BadSelect", "BadStrategy", "Condition", "Diagnosis", "Engagement", "EngagementCell", "Finding", "InForce", "Known", "Lists",
    "Problem", "Segment", "SegmentCircle", "Strategy",
    "checked_select", "columns_of_select", "diagnosis", "engagement", "find_beside", "in_force", "in_order", "members_query",
    "needed_by", "placed_query", "read_segment", "read_strategy", "segments_spec", "shipped_content", "shipped_rules",
    "shipped_strategy", "size_query", "unavailable", "with_play",
]  # fmt: skip
