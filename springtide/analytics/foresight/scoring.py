"""Scoring linked accounts by what risk control decided before: two boosted variants, which must agree before anything is automatic.

A score is made by folds: of every account by a model that never saw its cluster, nor any cluster decided together with it. The
thresholds are chosen from the other folds' scores at the precision that is asked for, so that what is measured was not fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from springtide.analytics.foresight.linked_accounts import SIZE_NAMES, Evidence, Flags, Floats, Numbers
from springtide.kernel.errors import NothingYet

FOLDS: Final = 5
AUTOMATIC, REVIEW = 0.99, 0.90  # precision at which thresholds are chosen: a point above what is asked of the measured one
LEAST_DECIDED: Final = 200  # accounts of each kind without which nothing is learned


@dataclass(frozen=True)
class Measured:
    """Of what was flagged, how much was right (`precision`); of what is true, how much was flagged (`recall`)."""

    flagged: int
    precision: float
    recall: float


@dataclass(frozen=True)
class Scores:
    """`score`, 0 to 1, is that of both variants together (mean log-odds). `automatic` where each of them is sure, `review` where both
    together are sure enough.

    `accounts`, `true`     what it was measured on
    """

    score: Floats
    automatic: Flags
    review: Flags
    accounts: int
    true: int
    of_automatic: Measured
    of_flagged: Measured

    def recall_at(self, precision: float, is_linked: Flags) -> float:
        """The most that the ranking finds while at least `precision` of it is right."""
        right = np.cumsum(is_linked[np.argsort(-self.score, kind="stable")])
        is_precise = right / np.arange(1, len(right) + 1) >= precision
        return float(right[is_precise].max() / is_linked.sum()) if is_precise.any() else 0.0


def scored(found: Evidence, is_linked: Flags, groups: Numbers, *, seed: int) -> Scores:
    """Score accounts whose truth is known, each by models of other groups; see the head of this file.

    `groups`: accounts that were decided together, or are linked, have one number and stay in one fold.

    refuses    too_few_decided    there is too little to learn from
    """
    true = int(is_linked.sum())
    if min(true, len(is_linked) - true) < LEAST_DECIDED:
        raise NothingYet(
            f"{true:,} accounts are known to be linked and {len(is_linked) - true:,} not to be.",
            f"Decide at least {LEAST_DECIDED} of each in the risk queue.",
            code="too_few_decided",
        )
    fold = _folds(groups, seed)
    variants = (found.values, found.without(*SIZE_NAMES))
    by_variant = [_out_of_fold(values, is_linked, fold, seed + number) for number, values in enumerate(variants)]
    lower, together = np.minimum(*by_variant), _expit((_logit(by_variant[0]) + _logit(by_variant[1])) / 2)
    automatic, review = np.zeros(len(fold), bool), np.zeros(len(fold), bool)
    for number in range(FOLDS):
        here, elsewhere = fold == number, fold != number
        automatic[here] = lower[here] >= threshold(lower[elsewhere], is_linked[elsewhere], AUTOMATIC)
        review[here] = together[here] >= threshold(together[elsewhere], is_linked[elsewhere], REVIEW)
    review &= ~automatic
    return Scores(
        together,
        automatic,
        review,
        len(is_linked),
        true,
        _measured(automatic, is_linked),
        _measured(automatic | review, is_linked),
    )


def threshold(score: Floats, is_linked: Flags, precision: float) -> float:
    """The lowest score down to which at least `precision` of all above are right; infinity where there is none."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    right = np.cumsum(is_linked[order]) / np.arange(1, len(order) + 1)
    is_last_of_its_score = np.append(ordered[1:] != ordered[:-1], True)
    enough = np.flatnonzero((right >= precision) & is_last_of_its_score)
    return float(ordered[enough[-1]]) if len(enough) else float("inf")


def _folds(groups: Numbers, seed: int) -> NDArray[np.int64]:
    """Group → fold, the largest groups first into the smallest fold, equal ones by lot."""
    numbers, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    lot = np.random.default_rng(seed).random(len(numbers))
    fold_of, filled = np.empty(len(numbers), np.int64), np.zeros(FOLDS, np.int64)
    for number in np.lexsort((lot, -sizes)):
        smallest = int(filled.argmin())
        fold_of[number] = smallest
        filled[smallest] += sizes[number]
    return fold_of[which]


def _out_of_fold(values: Floats, is_linked: Flags, fold: NDArray[np.int64], seed: int) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier  # a second to load, and only here
    from threadpoolctl import threadpool_limits

    score = np.empty(len(fold))
    with threadpool_limits(1):
        for number in range(FOLDS):
            model: Any = HistGradientBoostingClassifier(
                max_iter=150, learning_rate=0.06, max_leaf_nodes=15, min_samples_leaf=20, l2_regularization=1.0,
                early_stopping=False, random_state=seed,
            )  # fmt: skip
            model.fit(values[fold != number], is_linked[fold != number])
            score[fold == number] = model.predict_proba(values[fold == number])[:, 1]
    return score


def _logit(score: Floats) -> Floats:
    inside = np.clip(score, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)


def _expit(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


def _measured(flagged: Flags, is_linked: Flags) -> Measured:
    right, count = int((flagged & is_linked).sum()), int(flagged.sum())
    return Measured(count, right / count if count else 0.0, right / int(is_linked.sum()))
