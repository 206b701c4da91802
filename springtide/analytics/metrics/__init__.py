"""Metrics: questions over the lake, each a definition, a SQL file and a frozen result.

Every measure takes an engine and a snapshot of the lake, and gives an `Answer`: rows, as_list(), as_dict(), to_pandas(), to_polars().
"""

from springtide.analytics.metrics.acquisition import Acquisition, ChannelRow, acquisition, channel_users
from springtide.analytics.metrics.activation_chain import ActivationChain, ActivationStep, activation_chain
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.asset_changes import AssetChange, AssetChanges, asset_changes
from springtide.analytics.metrics.cohort_quality import CohortQuality, CohortRow, cohort_quality
from springtide.analytics.metrics.concentration import Concentration, ConcentrationRow, concentration
from springtide.analytics.metrics.concentration_trend import ConcentrationDay, ConcentrationTrend, concentration_trend
from springtide.analytics.metrics.daily_states import STATES, DailyStates, StateDay, Transition, daily_states
from springtide.analytics.metrics.growth_accounting import GrowthAccounting, GrowthRow, growth_accounting
from springtide.analytics.metrics.headline import HEADLINE, Headline, HeadlineFigure, HeadlineNumber, headline
from springtide.analytics.metrics.intervals import Mean, Share
from springtide.analytics.metrics.lifecycle_value_map import LifecycleValueMap, MapCell, lifecycle_value_map
from springtide.analytics.metrics.market import Market, MarketDay, market
from springtide.analytics.metrics.movements import Movement, Movements, movements
from springtide.analytics.metrics.moves_between import MoveRow, MovesBetween, Stayed, moves_between
from springtide.analytics.metrics.registry import METRICS, Metric
from springtide.analytics.metrics.served import SERVED, MetricValue, MetricValues, Served, metric_values
from springtide.analytics.metrics.strata_sizes import StrataSizes, StratumSize, strata_sizes
from springtide.analytics.metrics.strata_trend import StrataTrend, StratumDay, strata_trend
from springtide.analytics.metrics.worklists import WORKLISTS, Worklist, Worklists, WorklistSize, worklists

__all__ = [
    "HEADLINE", "METRICS", "SERVED", "STATES", "WORKLISTS",
    "Acquisition", "ActivationChain", "ActivationStep", "Answer", "AssetChange", "AssetChanges", "ChannelRow", "CohortQuality",
    "CohortRow", "Concentration", "ConcentrationDay", "ConcentrationRow", "ConcentrationTrend", "DailyStates", "GrowthAccounting",
    "GrowthRow", "Headline", "HeadlineFigure", "HeadlineNumber", "LifecycleValueMap", "MapCell", "Market", "MarketDay", "Mean",
    "Metric", "MetricValue", "MetricValues", "MoveRow", "Movement", "Movements", "MovesBetween", "Served", "Share", "StateDay",
    "Stayed", "StrataSizes", "StrataTrend", "StratumDay", "StratumSize", "Transition", "Worklist", "WorklistSize", "Worklists",
    "acquisition", "activation_chain", "asset_changes", "channel_users", "cohort_quality", "concentration", "concentration_trend",
    "daily_states", "growth_accounting", "headline", "lifecycle_value_map", "market", "metric_values", "movements", "moves_between",
    "strata_sizes", "strata_trend", "worklists",
]  # fmt: skip
