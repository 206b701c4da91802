"""Draws by counter: the same for a user whoever else is there, and independent of each other."""

import numpy as np

from springtide.simulator.chance import Chance, as_pair, fan_out, lot


def test_a_users_draw_depends_on_nobody_else():
    few, many = np.arange(10), np.arange(10_000)
    chance = Chance(3)
    assert (chance.bits("trade", few, 5) == chance.bits("trade", many, 5)[:10]).all()
    assert (chance.bits("trade", many[::-1], 5)[::-1] == chance.bits("trade", many, 5)).all()


def test_seed_purpose_and_day_each_give_other_draws():
    who = np.arange(1_000)
    asked = ((3, "trade", 5), (4, "trade", 5), (3, "leave", 5), (3, "trade", 6))
    drawn = [Chance(seed).bits(purpose, who, day) for seed, purpose, day in asked]
    for one in range(4):
        for other in range(one):
            assert not (drawn[one] == drawn[other]).any()


def test_uniforms_are_even_and_those_of_two_days_unrelated():
    who = np.arange(200_000)
    today, tomorrow = (Chance(1).uniform("trade", who, day) for day in (20_000, 20_001))
    assert abs(today.mean() - 0.5) < 0.003  # a standard error is 0.00065
    assert (abs(np.histogram(today, bins=20, range=(0, 1))[0] - 10_000) < 500).all()  # a standard deviation is 97
    assert abs(np.corrcoef(today, tomorrow)[0, 1]) < 0.01
    assert 0.0 < today.min() < today.max() < 1.0


def test_normals_have_mean_0_and_deviation_1():
    drawn = Chance(1).normal("size", np.arange(200_000), 1)
    assert abs(drawn.mean()) < 0.01
    assert abs(drawn.std() - 1.0) < 0.01


def test_the_two_halves_and_the_four_lots_of_a_draw_are_unrelated():
    bits = Chance(1).bits("trade", np.arange(100_000))
    high, low = as_pair(bits)
    assert abs(np.corrcoef(high, low)[0, 1]) < 0.015
    lots = np.array([lot(bits, slot).astype(float) for slot in range(4)])
    assert (abs(np.corrcoef(lots) - np.eye(4)) < 0.015).all()


def test_repeated_units_draw_by_their_ordinal():
    of_user = Chance(1).bits("trade", np.array([7, 8]))
    fanned = fan_out(of_user[np.array([0, 0, 0, 1])], np.array([0, 1, 2, 0]))
    assert np.unique(fanned).size == 4
    assert (fan_out(of_user[:1], np.array([1])) == fanned[1]).all()
