"""Who is in which arm, and who may be sent what: the passes that decide a campaign over an audience. Tables in, tables out."""

from springtide.analytics.decisions.policy import (
    CLASSES,
    BadPolicy,
    Policy,
    read_policy,
    shipped_policy,
    shipped_policy_content,
    whole_policy,
)

__all__ = ["CLASSES", "BadPolicy", "Policy", "read_policy", "shipped_policy", "shipped_policy_content", "whole_policy"]
