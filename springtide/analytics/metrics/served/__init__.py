"""Served metrics: sums and ratios of two sums, by day, week or month and by any group, each value with its numerator and denominator."""

from springtide.analytics.metrics.served.available import MetricCatalogue, MetricEntry, metric_catalogue
from springtide.analytics.metrics.served.behind import Behind, users_behind
from springtide.analytics.metrics.served.catalogue import BY_KEY, SERVED, Served, served
from springtide.analytics.metrics.served.metric_values import MetricValue, MetricValues, metric_values, not_available
from springtide.analytics.metrics.served.sums import Sum
from springtide.analytics.metrics.served.tree import TREE, MetricTree, TreeNode, metric_tree

__all__ = [
    "BY_KEY", "SERVED", "TREE", "Behind", "MetricCatalogue", "MetricEntry", "MetricTree", "MetricValue", "MetricValues", "Served", "Sum",
    "TreeNode", "metric_catalogue", "metric_tree", "metric_values", "not_available", "served", "users_behind",
]  # fmt: skip
