"""Signals: control charts over metrics by day, and what broke out of them."""

from springtide.analytics.metrics.signals.charts import Baseline, Chart, ChartPoint, chart
from springtide.analytics.metrics.signals.discovery import benjamini_hochberg
from springtide.analytics.metrics.signals.raising import Signal, raise_signals
from springtide.analytics.metrics.signals.series import Point, Series

__all__ = ["Baseline", "Chart", "ChartPoint", "Point", "Series", "Signal", "benjamini_hochberg", "chart", "raise_signals"]
