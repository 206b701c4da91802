"""Signals: control charts over metrics by day, what broke out of them, what stood beside it and what people said to it."""

from springtide.analytics.metrics.signals.annotations import Annotation, annotation_of, beside
from springtide.analytics.metrics.signals.answers import ANSWERS, SignalAnswer, answer_key, answer_of, baselines
from springtide.analytics.metrics.signals.charts import Baseline, Chart, ChartPoint, chart
from springtide.analytics.metrics.signals.discovery import benjamini_hochberg
from springtide.analytics.metrics.signals.raising import Signal, raise_signals
from springtide.analytics.metrics.signals.series import Point, Series

__all__ = [
    "ANSWERS", "Annotation", "Baseline", "Chart", "ChartPoint", "Point", "Series", "Signal", "SignalAnswer",
    "annotation_of", "answer_key", "answer_of", "baselines", "benjamini_hochberg", "beside", "chart", "raise_signals",
]  # fmt: skip
