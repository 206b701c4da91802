"""What a statement may call: functions and operators that compute from what they are given, in the time and space that it takes.

Not among them: whatever reads files, settings, the environment or the catalog; whatever makes much from little (`repeat`, `lpad`,
`printf`); lambdas. `range` and `generate_series` only over whole numbers that are written out.
"""

from __future__ import annotations

from typing import Final

GROUPS: Final[dict[str, str]] = {
    "Aggregates": "count sum avg min max median mode any_value first last arg_max arg_min max_by min_by count_if bool_and bool_or "
    "bit_and bit_or bit_xor stddev stddev_samp stddev_pop variance var_samp var_pop corr covar_samp covar_pop skewness kurtosis "
    "regr_slope regr_intercept regr_r2 quantile_cont quantile_disc approx_count_distinct approx_quantile string_agg list",
    "Windows": "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value",
    "Numbers": "abs ceil ceiling floor round trunc sign sqrt ln log log10 log2 exp pow power mod greatest least isnan isinf "
    "isfinite bit_count",
    "Texts": "lower upper trim ltrim rtrim length left right substring substr replace strpos position contains starts_with "
    "ends_with prefix suffix concat concat_ws split_part string_split regexp_matches regexp_full_match regexp_extract "
    "regexp_replace reverse md5",
    "Days and times": "date_trunc date_part date_diff datediff date_add date_sub last_day make_date year quarter month week day "
    "hour minute second dayofweek dayofyear isodow weekday monthname dayname strftime strptime try_strptime epoch epoch_ms age "
    "timezone to_years to_months to_weeks to_days to_hours to_minutes to_seconds",
    "Choices": "coalesce ifnull nullif if",
    "Lists and JSON": "list_value list_contains list_extract array_extract len array_length struct_pack struct_extract "
    "json_extract json_extract_string unnest range generate_series",
}
FUNCTIONS: Final = frozenset(name for names in GROUPS.values() for name in names.split())
# How DuckDB names what is written as an operator, or means a function by another word.
_OPERATORS = (
    "+ - * / // % ^ ** & | ~ << >> || ~~ !~~ ~~* !~~* ~~~ ->> "
    "count_star row list_slice array_slice map_extract"
)  # fmt: skip
OPERATORS: Final = frozenset(_OPERATORS.split())
BOUNDED: Final = frozenset({"range", "generate_series"})
MOST_GENERATED: Final = 1_000_000
OF_TABLES: Final = frozenset({"unnest", *BOUNDED})  # what may stand in FROM like a table
