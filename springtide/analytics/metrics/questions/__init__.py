"""Questions about behaviour: one JSON form, asked of the lake or of events that a person brings, answered by the restricted SQL."""

from springtide.analytics.metrics.questions.ask import KINDS, ask, kind_of
from springtide.analytics.metrics.questions.brought import BroughtEvents
from springtide.analytics.metrics.questions.lake_events import LakeEvents
from springtide.analytics.metrics.questions.stream import Stream

__all__ = ["KINDS", "BroughtEvents", "LakeEvents", "Stream", "ask", "kind_of"]
