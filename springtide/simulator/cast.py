"""Who plays: the archetypes of users and the channels that bring them. The numbers are the exchange we made up; change them here.

Nothing outside the simulator may read this file: an archetype is truth, and Springtide has to find it out from behaviour.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from springtide.simulator.chance import Floats


class Archetype(NamedTuple):
    """How one kind of user behaves. Probabilities are per engaged day unless said otherwise."""

    name: str
    share: float  # of registrants on a channel of average quality
    kyc: float  # ever passes
    deposits: float  # of those who pass
    at_once: float  # first trade within a day of the first deposit
    never: float  # deposits and never trades
    active: float  # trades on a day
    trades: float  # median trades of an active day
    burst: float  # sigma of ln(trades)
    contract: float  # share of trades in contracts
    wealth_usdt: float  # median
    stake: float  # of free money in one trade
    leverage: float
    leaves: float
    empties: float  # withdraws everything when leaving
    returns: float  # comes back at all after leaving
    visits: float  # a session on a day without a trade
    maker: float  # share of fills as maker


# fmt: off
ARCHETYPES = (
    #         name               share  kyc  dep once never active fills burst contr   wealth stake lev leaves empty back visit maker
    Archetype("tourist",        0.420, .48, .26, .34,  .25,   .13,  1.5,  0.6,  .10,      60,  .60,  5, .0700,  .75, .45,  .12,   .15),
    Archetype("casual",         0.280, .74, .52, .37,  .10,   .22,  2.1,  0.8,  .18,     350,  .40,  6, .0190,  .60, .80,  .15,   .20),
    Archetype("holder",         0.070, .80, .62, .43,  .08,   .03,  1.1,  0.3,  .00,    2500,  .70,  1, .0035,  .45, .60,  .07,   .25),
    Archetype("earner",         0.050, .84, .65, .15,  .60,   .04,  1.2,  0.4,  .00,    3500,  .50,  1, .0045,  .50, .60,  .10,   .20),
    Archetype("trader",         0.056, .90, .80, .44,  .03,   .45,  5.4,  1.0,  .40,    1800,  .30,  8, .0090,  .50, .85,  .30,   .35),
    Archetype("degen",          0.050, .90, .80, .52,  .02,   .45,  6.5,  1.1,  .93,     800,  .35, 22, .0150,  .60, .80,  .30,   .15),
    Archetype("copier",         0.020, .88, .75, .38,  .05,   .50,  3.2,  0.6,  .85,    1200,  .20,  8, .0100,  .60, .70,  .20,   .00),
    Archetype("bonus_hunter",   0.030, .96, .00, .00,  .00,  .004,  1.0,  0.2,  .00,      40,  .50,  1, .0000, 1.00, .00,  .03,   .10),
    Archetype("day_trader",    0.0048, .98, .97, .65,  .00,   .76,   34,  0.8,  .55,    7000,  .15, 10, .0032,  .45, .80,  .50,   .45),
    Archetype("api_bot",       0.0026, .99, .98, .60,  .00,   .94,   78,  0.7,  .60,    9000,  .04,  5, .0028,  .55, .60,  .02,   .70),
    Archetype("arbitrageur",   0.0006, .99, .98, .60,  .00,   .90,   50,  0.5,  .50,   20000,  .06,  3, .0022,  .55, .60,  .05,   .30),
    Archetype("institution",   0.0004, 1.0, .98, .30,  .00,   .65,   24,  0.8,  .40,  120000,  .03,  3, .0010,  .40, .60,  .10,   .60),
    Archetype("market_maker", 0.00003, 1.0, 1.0, 1.0,  .00,  .995,  140,  0.3,  .55, 3000000,  .01,  3, .0000,  .00, .00,  .00,   .97),
    Archetype("employee",      0.0004, 1.0, .70, .50,  .10,   .15,  2.0,  0.6,  .20,     400,  .40,  5, .0040,  .10, .50,  .40,   .20),
    Archetype("test",          0.0002, 1.0, .90, .90,  .00,   .20,  3.0,  0.5,  .40,     100,  .30,  5, .0000,  .00, .00,  .20,   .30),
)
# fmt: on
NAMES = tuple(each.name for each in ARCHETYPES)
TOURIST, CASUAL, HOLDER, EARNER, TRADER, DEGEN, COPIER, HUNTER, DAY_TRADER, BOT, ARBITRAGEUR, INSTITUTION = range(12)
MARKET_MAKER, EMPLOYEE, TEST = 12, 13, 14

# The first accounts of every exchange are its own people, so that even a small run has one of each.
FOUNDERS = (MARKET_MAKER, EMPLOYEE, TEST, MARKET_MAKER, EMPLOYEE, TEST, EMPLOYEE, INSTITUTION)


def trait(name: str) -> Floats:
    """One column of the table above, in archetype order."""
    return np.array([getattr(each, name) for each in ARCHETYPES], np.float64)


class Channel(NamedTuple):
    """Where users come from. `quality` multiplies the odds of KYC and deposit; `hunters` the share of bonus hunters."""

    key: str
    name: str
    partner: str
    share: float
    quality: float
    hunters: float
    cost_usdt: float  # per registration; 0 for what nobody pays for
    clicks: float  # per registration
    bursts: int  # campaigns of two weeks in which most of its users come; 0 is an even flow


CHANNELS = (
    Channel("organic", "Organic", "", 0.235, 1.15, 0.4, 0.0, 4.0, 0),
    Channel("seo", "Search", "", 0.105, 1.10, 0.4, 0.6, 7.0, 0),
    Channel("referral", "Referral", "", 0.165, 1.12, 1.6, 0.0, 2.5, 0),
    Channel("app_store", "App store", "", 0.120, 1.00, 0.5, 2.1, 3.0, 0),
    Channel("search_ads", "Search ads", "Adwise", 0.080, 0.98, 0.6, 9.0, 9.0, 0),
    Channel("short_video", "Short video ads", "Loopline", 0.085, 0.62, 1.0, 4.2, 22.0, 3),
    Channel("kol_alpha", "Opinion leader A", "Alpha Talks", 0.040, 1.30, 0.6, 14.0, 5.0, 2),
    Channel("kol_beta", "Opinion leader B", "Beta Calls", 0.045, 0.75, 1.6, 8.0, 8.0, 3),
    Channel("affiliate_north", "Affiliate North", "Northway", 0.040, 1.20, 0.8, 11.0, 6.0, 0),
    Channel("affiliate_south", "Affiliate South", "Southgate", 0.035, 0.55, 3.5, 6.5, 11.0, 2),
    Channel("airdrop", "Airdrop campaign", "", 0.050, 0.50, 6.0, 1.8, 14.0, 2),
)
REFERRAL = 2

# Country, language, zone, hours ahead of UTC, share, and the jurisdiction whose rules hold there.
COUNTRIES = (
    ("TR", "tr", "Europe/Istanbul", 3, 0.135, "TR"),
    ("VN", "vi", "Asia/Ho_Chi_Minh", 7, 0.120, "VN"),
    ("BR", "pt", "America/Sao_Paulo", -3, 0.105, "BR"),
    ("IN", "en", "Asia/Kolkata", 5.5, 0.095, "IN"),
    ("ID", "id", "Asia/Jakarta", 7, 0.090, "ID"),
    ("NG", "en", "Africa/Lagos", 1, 0.075, "NG"),
    ("TW", "zh", "Asia/Taipei", 8, 0.065, "TW"),
    ("HK", "zh", "Asia/Hong_Kong", 8, 0.045, "HK"),
    ("KR", "ko", "Asia/Seoul", 9, 0.055, "KR"),
    ("JP", "ja", "Asia/Tokyo", 9, 0.035, "JP"),
    ("DE", "de", "Europe/Berlin", 1, 0.040, "EU"),
    ("ES", "es", "Europe/Madrid", 1, 0.035, "EU"),
    ("GB", "en", "Europe/London", 0, 0.030, "GB"),
    ("MX", "es", "America/Mexico_City", -6, 0.040, "MX"),
    ("SG", "en", "Asia/Singapore", 8, 0.020, "SG"),
    ("", "", "", 3, 0.015, ""),  # never told us
)


def weights(values: list[float]) -> Floats:
    """Cumulative shares, the last of them 1, to look a uniform draw up in."""
    total = np.cumsum(np.array(values, np.float64))
    cumulative: Floats = total / total[-1]
    return cumulative
