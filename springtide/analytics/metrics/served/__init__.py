"""Served metrics: sums and ratios of two sums, by day, week or month and by any group, each value with its numerator and denominator."""

from springtide.analytics.metrics.served.catalogue import BY_KEY, SERVED, Served, served
from springtide.analytics.metrics.served.metric_values import MetricValue, MetricValues, metric_values, not_available
from springtide.analytics.metrics.served.sums import Sum

__all__ = ["BY_KEY", "SERVED", "MetricValue", "MetricValues", "Served", "Sum", "metric_values", "not_available", "served"]
