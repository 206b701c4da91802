"""The rules of the restricted SQL: what each refuses, why, what to write instead, and how it is found in the tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from springtide.analytics.engine.query import CAST_KINDS, Query, above, bare

Find = Callable[[Query], Iterator[exp.Expr]]


@dataclass(frozen=True)
class Rule:
    """What is refused, why, and what to write instead; `wrong` and `right` are whole queries that show it."""

    key: str
    refuses: str
    why: str
    instead: str
    wrong: str
    right: str


CHECKS: list[tuple[Rule, Find]] = []


def _rule(key: str, *, refuses: str, why: str, instead: str, wrong: str, right: str) -> Callable[[Find], Find]:
    def keep(find: Find) -> Find:
        CHECKS.append((Rule(key, refuses, why, instead, wrong, right), find))
        return find

    return keep


def _classes(names: str) -> tuple[type[exp.Expr], ...]:
    return tuple(getattr(exp, name) for name in names.split())


# what a definition is made of -----------------------------------------------------------------------------------------------

STEPS = _classes(
    "Select With CTE From Join Table TableAlias Identifier Column Where Group Having Qualify Order Ordered Limit Offset "
    "Distinct Union Except Intersect Subquery Values Tuple Alias Star Window WindowSpec Filter IgnoreNulls Literal Boolean "
    "Null Placeholder Interval Var DataType DataTypeParam And Or Not EQ NEQ LT LTE GT GTE NullSafeEQ NullSafeNEQ Is In "
    "Between Like Exists Paren Neg Add Sub Mul Div Mod BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseRightShift DPipe"
)
# Refused by rules of their own, which say more than `constructs` and `functions` would.
_SAID_ELSEWHERE = _classes(
    "GroupingSets Cube Rollup BitwiseLeftShift IntDiv Round ILike RegexpLike Glob SimilarTo Collate Avg Stddev Median "
    "PercentileCont Quantile ApproxQuantile ApproxDistinct Mode CurrentDate CurrentTimestamp CurrentTime Rand Uuid TryCast "
    "DateTrunc"
)
_TAKEN: dict[str, tuple[str, str]] = {
    "Abs": ("abs", ""),
    "ArgMax": ("arg_max, max_by", "passes over rows whose first argument is null; see `ties`"),
    "ArgMin": ("arg_min, min_by", "passes over rows whose first argument is null; see `ties`"),
    "BitwiseAndAgg": ("bit_and", "null where all are null"),
    "BitwiseOrAgg": ("bit_or", "null where all are null"),
    "BitwiseXorAgg": ("bit_xor", "null where all are null"),
    "Case": ("case", "branches of one type"),
    "Cast": ("cast", "see `types`, `rounding`, `text_cast`"),
    "Ceil": ("ceil", "inside a cast: see `rounding`"),
    "Coalesce": ("coalesce, ifnull", "arguments of one type"),
    "Contains": ("contains", ""),
    "Count": ("count", "`count(*)`, `count(x)`, `count(distinct x)`; null is not counted"),
    "CumeDist": ("cume_dist", ""),
    "DateDiff": ("datediff", "in days between dates: see `date_difference`"),
    "DenseRank": ("dense_rank", ""),
    "Exp": ("exp", ""),
    "Extract": ("extract", "see `extract_part`"),
    "FirstValue": ("first_value", "with a frame: see `window_default`"),
    "Floor": ("floor", "inside a cast: see `rounding`"),
    "Greatest": ("greatest", "passes over nulls; null where all are null"),
    "If": ("if", ""),
    "Lag": ("lag", "with all three arguments: see `window_default`"),
    "LastDay": ("last_day", "of the month, a date"),
    "LastValue": ("last_value", "with a frame: see `window_default`"),
    "Lead": ("lead", "with all three arguments: see `window_default`"),
    "Least": ("least", "passes over nulls; null where all are null"),
    "Length": ("length", "in characters"),
    "Ln": ("ln", "of zero −∞, of a negative number NaN, on both"),
    "Log": ("log2, log10", "as ln; `log` alone is refused: its base differs"),
    "LogicalAnd": ("bool_and", "null where all are null"),
    "LogicalOr": ("bool_or", "null where all are null"),
    "MD5": ("md5", "of a text's UTF-8, in lower-case hex"),
    "Max": ("max", "one argument"),
    "Min": ("min", "one argument"),
    "Month": ("month", ""),
    "Ntile": ("ntile", "see `ties`"),
    "Nullif": ("nullif", ""),
    "PercentRank": ("percent_rank", ""),
    "PercentileDisc": ("quantile_disc", "nearest rank, of the values' own type; Spark gathers each group in memory"),
    "Pow": ("power", "always a double"),
    "Quarter": ("quarter", ""),
    "Rank": ("rank", ""),
    "Replace": ("replace", ""),
    "RowNumber": ("row_number", "see `ties`"),
    "Sqrt": ("sqrt", "of a negative number NaN"),
    "StartsWith": ("starts_with", ""),
    "StddevPop": ("stddev_pop", "in doubles: see `float_sum`"),
    "StddevSamp": ("stddev_samp", "null under two values; in doubles: see `float_sum`"),
    "Sum": ("sum", "of whole numbers and money, inside a cast: see `sum_cast`, `float_sum`"),
    "TimestampTrunc": ("date_trunc", "inside a cast: see `date_trunc`; a week begins on Monday"),
    "Trim": ("trim", "spaces only"),
    "Variance": ("var_samp", "null under two values; in doubles: see `float_sum`"),
    "VariancePop": ("var_pop", "in doubles: see `float_sum`"),
    "Year": ("year", ""),
}
_TAKEN_CLASSES = _classes(" ".join(_TAKEN))
_TAKEN_WORDS = {
    "bit_count": "inside a cast: see `bit_count`",
    "epoch_us": "microseconds since 1970: the difference of two is a length of time",
}
FUNCTIONS = {**dict(_TAKEN.values()), **_TAKEN_WORDS, "exists": "", "xor": "of whole numbers, bit by bit"}
_CLOCKS = {"now", "today", "random", "transaction_timestamp", "setseed"}


@_rule(
    "tables",
    refuses="reading anything but a named table: files, table functions, another schema or catalog",
    why="The engine decides what a name means (a snapshot of the lake, the table of a step before); a path works on one "
    "machine only.",
    instead="Name a table and let Python attach it.",
    wrong="select user_no from read_parquet('user_days/*.parquet')",
    right="select user_no from user_days",
)
def _tables(query: Query) -> Iterator[exp.Expr]:
    for table in query.tree.find_all(exp.Table):
        named = isinstance(table.this, exp.Identifier) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", table.name)
        if not named or table.args.get("db") or table.args.get("catalog"):
            yield table


@_rule(
    "constructs",
    refuses="all that is not on the list of steps: pivot, asof, natural and positional joins, samples, distinct on, group by "
    "all, order by all, union by name, materialized, recursive, lambdas, slices, any, all, at time zone",
    why="Spark has another word for them or none; a sample is another one on every run; `natural` and `all` change their "
    "meaning when a table gets a column.",
    instead="Say it with join … on, group by the columns' names, union all, values, and a row_number in a step of its own.",
    wrong="select t.user_no from user_days as t natural join users as u",
    right="select t.user_no from user_days as t inner join users as u on t.user_no = u.user_no",
)
def _constructs(query: Query) -> Iterator[exp.Expr]:
    known = (*STEPS, *_SAID_ELSEWHERE, *_TAKEN_CLASSES)
    for node in query.tree.walk():
        match node:
            case exp.Join():
                odd = bool(node.args.get("method"))
            case exp.Distinct():
                odd = bool(node.args.get("on"))
            case exp.Group():
                odd = node.args.get("all") is not None
            case exp.Ordered():
                odd = isinstance(node.this, exp.Var)
            case exp.CTE():
                odd = node.args.get("materialized") is not None
            case exp.With():
                odd = bool(node.args.get("recursive"))
            case exp.SetOperation():
                odd = bool(node.args.get("by_name"))
            case exp.Table():
                odd = bool(node.args.get("sample") or node.args.get("pivots"))
            case exp.IgnoreNulls():  # the parser reads any_value as one of these: see `functions`
                odd = not isinstance(node.this, exp.Lag | exp.Lead | exp.FirstValue | exp.LastValue | exp.AnyValue)
            case _:
                odd = not isinstance(node, (*known, exp.Func))
        if odd:
            yield node


@_rule(
    "functions",
    refuses="functions that are not on the list below",
    why="Only listed functions were seen to agree. Others differ silently: hash() and skewness() are other numbers, any_value "
    "and first another row, upper('ß') is 'ẞ' or 'SS', left(s, -1) cuts a character or everything.",
    instead="Use a function of the list in docs/reference/dialect.md, or compute it when facts are taken in.",
    wrong="select hash(user_no) as bucket from users",
    right="select md5(cast(user_no as varchar)) as bucket from users",
)
def _functions(query: Query) -> Iterator[exp.Expr]:
    for node in query.tree.find_all(exp.Func):
        match node:
            case exp.Anonymous():
                odd = node.name.lower() not in {*_TAKEN_WORDS, *_CLOCKS}
            case exp.Min() | exp.Max():
                odd = bool(node.expressions or node.args.get("count"))
            case exp.Log():
                odd = node.args.get("expression") is None
            case exp.Count():
                odd = isinstance(node.this, exp.Distinct) and len(node.this.expressions) > 1
            case _:
                odd = type(node) not in (*_TAKEN_CLASSES, *STEPS, *_SAID_ELSEWHERE) and not isinstance(node.parent, exp.Table)
        if odd:
            yield node


@_rule(
    "clock_or_chance",
    refuses="now(), current_date, random(), uuid() and their like",
    why="A definition gives one answer for one snapshot: run twice, on two engines or on a late day, it must not move.",
    instead="Bind the day or the time as a parameter; draw with the kernel's keyed hash.",
    wrong="select user_no from users where registered_on < current_date",
    right="select user_no from users where registered_on < $day",
)
def _clock_or_chance(query: Query) -> Iterator[exp.Expr]:
    yield from query.tree.find_all(exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.Rand, exp.Uuid)
    yield from (node for node in query.tree.find_all(exp.Anonymous) if node.name.lower() in _CLOCKS)


@_rule(
    "star",
    refuses="`*`, except in the bare last select or over a `with` table alone; exclude, replace, columns()",
    why="A new column upstream changes the result unseen, and a union of stars pairs columns by position.",
    instead="Name the columns; let the last step be a bare select * from the step before.",
    wrong="select u.*, p.country from users as u inner join profiles as p on u.user_no = p.user_no",
    right="with busy as (select user_no, day from user_days) select * from busy",
)
def _star(query: Query) -> Iterator[exp.Expr]:
    for select in query.selects:
        source = select.args.get("from_")
        table = source.this if isinstance(source, exp.From) else None
        alone = len(select.expressions) == 1 and not select.args.get("joins") and not select.args.get("qualify")
        known = isinstance(table, exp.Table) and (select is query.tree or table.name in query.ctes)
        for one in select.expressions:
            star = one.this if isinstance(one, exp.Column) else one
            if isinstance(star, exp.Star) and not (alone and known and star is one and not any(star.args.values())):
                yield one


@_rule(
    "alias",
    refuses="an alias with the name of a column that its expression uses with another meaning (`mo + 1 as mo`), or of one "
    "that having, qualify or a sort expression uses as well",
    why="Some clauses then mean the column and some the alias, and engines do not agree which: in a sort expression DuckDB "
    "takes the column and Spark the alias, in qualify it is the translation that mixes them up, and ClickHouse takes the "
    "alias even in where.",
    instead="Give the new meaning a new name. A sum, min, max, coalesce or cast of the column may keep it.",
    wrong="select user_no, vip_level + 1 as vip_level from users",
    right="select user_no, vip_level + 1 as next_level from users",
)
def _alias(query: Query) -> Iterator[exp.Expr]:
    for select in query.selects:
        for alias in select.expressions:
            if not isinstance(alias, exp.Alias) or isinstance(bare(alias.this), exp.Column):
                continue
            name = alias.alias
            columns = [column for column in alias.this.find_all(exp.Column) if column.name == name]
            shadows = any(not column.table for column in columns) and not _keeps_meaning(alias.this, name)
            if shadows or (columns and _clauses_mention(select, name)):
                yield alias


_SAME_MEANING = _classes("Sum Min Max ArgMin ArgMax LogicalOr LogicalAnd BitwiseOrAgg Coalesce")


def _keeps_meaning(node: exp.Expr, name: str) -> bool:
    node = bare(node)
    if isinstance(node, exp.Filter):
        node = node.this
    if isinstance(node, _SAME_MEANING):
        return _keeps_meaning(node.this, name)
    return isinstance(node, exp.Column) and node.name == name


def _clauses_mention(select: exp.Select, name: str) -> bool:
    clauses: list[exp.Expr | None] = [select.args.get("having"), select.args.get("qualify")]
    order = select.args.get("order")
    if order is not None:
        clauses += [key.this for key in order.expressions if not isinstance(key.this, exp.Column)]
    return any(column.name == name for clause in clauses if clause is not None for column in clause.find_all(exp.Column))


# days and times -------------------------------------------------------------------------------------------------------------


@_rule(
    "date_difference",
    refuses="a date difference in anything but days, between anything but dates: other units, times, `date - date`, `age`",
    why="By months DuckDB counts month ends passed and Spark full months; between times one counts midnights and the other 24 "
    "hours; `date - date` is a number on one engine and an interval on the other.",
    instead="Write datediff('day', a, b) between dates; cast times, and columns whose name is not a date's, to date.",
    wrong="select datediff('month', registered_on, $day) as age from users",
    right="select datediff('day', registered_on, $day) as age from users",
)
def _date_difference(query: Query) -> Iterator[exp.Expr]:
    for node in query.tree.find_all(exp.DateDiff):
        in_days = str(node.args.get("unit")).upper() == "DAY"
        if not (in_days and query.kind(node.this) == query.kind(node.expression) == "date"):
            yield node
    yield from (node for node in query.tree.find_all(exp.Sub) if query.kind(node.expression) in ("date", "timestamp"))


@_rule(
    "date_arithmetic",
    refuses="an interval added to or taken from a date without a cast",
    why="DuckDB makes a time of it and Spark a date, so that a comparison or a stored column differs.",
    instead="Add days as a number (day + 1), or say the type: cast(day + interval 1 month as date).",
    wrong="select day + interval 1 month as due from user_days",
    right="select cast(day + interval 1 month as date) as due from user_days",
)
def _date_arithmetic(query: Query) -> Iterator[exp.Expr]:
    for interval in query.tree.find_all(exp.Interval):
        moved = interval.parent
        if isinstance(moved, exp.WindowSpec):
            continue  # `range between interval 30 day preceding` agrees
        if not isinstance(moved, exp.Add | exp.Sub) or moved.expression is not interval:
            yield interval
        elif query.kind(moved.this) != "timestamp" and not isinstance(above(moved, exp.Paren), exp.Cast):
            yield moved


@_rule(
    "date_trunc",
    refuses="date_trunc outside a cast, and units other than minute, hour, day, week, month, quarter, year",
    why="Of a date it is a date or a time, as the version has it, and a time with a zone on Spark: stored files differ in "
    "type.",
    instead="Write cast(date_trunc('month', day) as date), or … as timestamp.",
    wrong="select date_trunc('month', day) as month from user_days",
    right="select cast(date_trunc('month', day) as date) as month from user_days",
)
def _date_trunc(query: Query) -> Iterator[exp.Expr]:
    units = {"MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
    for node in query.tree.find_all(exp.TimestampTrunc, exp.DateTrunc):
        if not isinstance(above(node, exp.Paren), exp.Cast) or node.args["unit"].name.upper() not in units:
            yield node


@_rule(
    "extract_part",
    refuses="parts of a date other than year, quarter, month, week (ISO), day, doy, isodow, hour, minute",
    why="`dow` counts Sunday as 0 on DuckDB and as 1 on Spark; `second` has a fraction on one of them; others Spark does not "
    "know.",
    instead="Write extract(isodow from day): Monday is 1 on both. For a length of time subtract two epoch_us(at).",
    wrong="select extract(dow from day) as weekday from user_days",
    right="select extract(isodow from day) as weekday from user_days",
)
def _extract_part(query: Query) -> Iterator[exp.Expr]:
    parts = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DOY", "ISODOW", "HOUR", "MINUTE"}
    yield from (node for node in query.tree.find_all(exp.Extract) if node.name.upper() not in parts)


@_rule(
    "half_open",
    refuses="between on times",
    why="It takes in the last instant: a trade at midnight is counted on both days.",
    instead="Write at >= $from_at and at < $to_at: from, up to.",
    wrong="select user_no from fills where executed_at between $from_at and $to_at",
    right="select user_no from fills where executed_at >= $from_at and executed_at < $to_at",
)
def _half_open(query: Query) -> Iterator[exp.Expr]:
    for node in query.tree.find_all(exp.Between):
        if "timestamp" in (query.kind(node.this), query.kind(node.args["low"]), query.kind(node.args["high"])):
            yield node


# order ----------------------------------------------------------------------------------------------------------------------


@_rule(
    "nulls_placed",
    refuses="a sort key that may be null without `nulls first` or `nulls last`",
    why="The same words put nulls last on DuckDB and first on Spark, and elsewhere it depends on asc and desc.",
    instead="Write nulls last (or nulls first) after every key that may be null.",
    wrong="select user_no from profiles order by first_trade_on, user_no",
    right="select user_no from profiles order by first_trade_on nulls last, user_no",
)
def _nulls_placed(query: Query) -> Iterator[exp.Expr]:
    for key in query.unplaced:
        order = key.parent
        if not query.never_null(key, order.parent if order else None):
            yield key


@_rule(
    "ties",
    refuses="row_number, ntile, lag, lead, first_value, last_value and `rows` frames whose last sort key may tie, and arg_max "
    "or arg_min by a value that may tie",
    why="Rows that tie stand in any order: another number of threads, another engine, another answer.",
    instead="End the sort keys with what tells rows apart: user_no, day, event_id, or a column of the definition's grain.",
    wrong="select user_no, row_number() over (order by usdt desc nulls last) as place from balances",
    right="select user_no, row_number() over (order by usdt desc nulls last, user_no) as place from balances",
)
def _ties(query: Query) -> Iterator[exp.Expr]:
    named = {window.name: window for select in query.selects for window in select.args.get("windows") or ()}
    by_place = (exp.RowNumber, exp.Ntile, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
    for window in query.tree.find_all(exp.Window):
        if window.arg_key == "windows":
            continue
        asked = window.this.this if isinstance(window.this, exp.IgnoreNulls | exp.Filter) else window.this
        order = named.get(window.alias, window).args.get("order")
        placed = order is not None and query.identifies(order.expressions[-1])
        if not placed and (isinstance(asked, by_place) or _by_row(window.args.get("spec"))):
            yield window
    yield from (node for node in query.tree.find_all(exp.ArgMax, exp.ArgMin) if not query.identifies(node.expression))


def _by_row(spec: exp.Expr | None) -> bool:
    if spec is None or str(spec.args.get("kind")).upper() != "ROWS":
        return False
    return not str(spec.args.get("start")).upper() == str(spec.args.get("end")).upper() == "UNBOUNDED"


@_rule(
    "limit_ordered",
    refuses="limit and offset without an order, or with one whose last key may tie",
    why="Without an order the engine hands out the rows it finds first.",
    instead="Order by something that tells rows apart, then limit.",
    wrong="select user_no from users limit 10",
    right="select user_no from users order by user_no limit 10",
)
def _limit_ordered(query: Query) -> Iterator[exp.Expr]:
    for limit in query.tree.find_all(exp.Limit, exp.Offset, exp.Fetch):
        order = limit.parent.args.get("order") if limit.parent else None
        if order is None or not query.identifies(order.expressions[-1], limit.parent):
            yield limit


@_rule(
    "window_default",
    refuses="lag and lead without their default, first_value and last_value without a frame",
    why="Where there is no row before, DuckDB and Spark say null and ClickHouse says 0; without a frame, last_value is the "
    "value of the row itself and not of the last one.",
    instead="Write lag(x, 1, null), and rows between unbounded preceding and unbounded following.",
    wrong="select lag(usdt) over (order by day) as was from daily",
    right="select lag(usdt, 1, null) over (order by day) as was from daily",
)
def _window_default(query: Query) -> Iterator[exp.Expr]:
    yield from (node for node in query.tree.find_all(exp.Lag, exp.Lead) if node.args.get("default") is None)
    for node in query.tree.find_all(exp.FirstValue, exp.LastValue):
        window = above(node, exp.IgnoreNulls, exp.Filter)
        if not (isinstance(window, exp.Window) and window.args.get("spec")):
            yield node


@_rule(
    "grouping_sets",
    refuses="grouping sets, rollup and cube",
    why="A key that is not in its set is null on DuckDB and Spark, and 0 or an empty text on ClickHouse; beside a key that is "
    "itself null, nobody can tell the two apart.",
    instead="Write one select for each grain, joined by union all, with the total's key in words.",
    wrong="select product, count(*) as users from activity group by rollup (product)",
    right="select product, count(*) as users from activity group by product",
)
def _grouping_sets(query: Query) -> Iterator[exp.Expr]:
    yield from query.tree.find_all(exp.GroupingSets, exp.Rollup, exp.Cube)


# numbers --------------------------------------------------------------------------------------------------------------------


@_rule(
    "divisor",
    refuses="a divisor that may be zero",
    why="DuckDB gives infinity or NaN, Spark stops the whole query.",
    instead="Write nullif(x, 0); a literal that is not zero may stand as it is.",
    wrong="select cast(fees_usdt as double) / trades as fee_per_trade from totals",
    right="select cast(fees_usdt as double) / nullif(trades, 0) as fee_per_trade from totals",
)
def _divisor(query: Query) -> Iterator[exp.Expr]:
    yield from (node for node in query.tree.find_all(exp.Div, exp.Mod, exp.IntDiv) if not _is_never_zero(node.expression))


def _is_never_zero(divisor: exp.Expr) -> bool:
    divisor = bare(divisor)
    match divisor:
        case exp.Literal():
            return not divisor.is_string and float(divisor.name) != 0
        case exp.Neg() | exp.Sqrt():
            return _is_never_zero(divisor.this)
        case exp.Nullif():
            return isinstance(divisor.expression, exp.Literal) and float(divisor.expression.name) == 0
        case exp.Greatest():
            return any(isinstance(part, exp.Literal) and _is_never_zero(part) for part in (divisor.this, *divisor.expressions))
    return False


@_rule(
    "division",
    refuses="`//`, and `/` where neither side is visibly a double",
    why="Between decimals `/` is a double on DuckDB and a rounded decimal on Spark; `//` is of another type there; and a "
    "reader cannot tell whether 7 / 2 is 3.",
    instead="Write cast(x as double) / nullif(y, 0), and cast(floor(…) as bigint) around it for a whole number.",
    wrong="select equity_usdt // 30 as mean from sums",
    right="select cast(floor(cast(equity_usdt as double) / 30) as bigint) as mean from sums",
)
def _division(query: Query) -> Iterator[exp.Expr]:
    yield from query.tree.find_all(exp.IntDiv)
    for node in query.tree.find_all(exp.Div):
        if "double" not in (query.kind(node.this), query.kind(node.expression)):
            yield node


@_rule(
    "decimals",
    refuses="arithmetic with decimals, and decimal literals such as 1.5 beside anything that is not a double",
    why="The product of two DECIMAL(38,12) keeps 24 digits on DuckDB, or fails, and 6 on Spark; their sum loses a digit there.",
    instead="Write 1.5e0, or cast to double first; money and volumes are whole numbers of 1e-6 USDT and need no decimals.",
    wrong="select price * quantity as notional from fills",
    right="select cast(price as double) * cast(quantity as double) as notional from fills",
)
def _decimals(query: Query) -> Iterator[exp.Expr]:
    for node in query.tree.find_all(exp.Add, exp.Sub, exp.Mul, exp.Mod):
        kinds = (query.kind(node.this), query.kind(node.expression))
        if "decimal" in kinds and "double" not in kinds:
            yield node


@_rule(
    "sum_cast",
    refuses="a sum outside cast(… as bigint) or cast(… as decimal(38, …))",
    why="DuckDB sums whole numbers in HUGEINT, which Parquet does not have: it is stored as a DOUBLE and loses digits above "
    "2^53.",
    instead="Write cast(sum(x) as bigint). cast(sum(x) as double) is taken where x is visibly a whole number.",
    wrong="select sum(fees_usdt) as fees_usdt from totals",
    right="select cast(sum(fees_usdt) as bigint) as fees_usdt from totals",
)
def _sum_cast(query: Query) -> Iterator[exp.Expr]:
    through = (exp.Filter, exp.Window, exp.Paren, exp.Add, exp.Sub, exp.Neg, exp.Coalesce, exp.Nullif)
    for node in query.tree.find_all(exp.Sum):
        cast = above(node, *through)
        to = cast.to.this if isinstance(cast, exp.Cast) else None
        whole = to is exp.DType.DOUBLE and query.kind(node.this) in ("integer", "decimal")
        if not whole and to not in (exp.DType.BIGINT, exp.DType.DECIMAL):
            yield node


@_rule(
    "float_sum",
    refuses="sum, stddev and variance over doubles, and avg over anything",
    why="A sum of doubles depends on the order in which threads bring them: six different values in eight runs. The mean of a "
    "decimal is a decimal on Spark.",
    instead="Sum whole numbers, then divide by nullif(count(x), 0). Mark it where the last digits do not matter.",
    wrong="select avg(trades) as mean from totals",
    right="select cast(sum(trades) as bigint) / nullif(cast(count(trades) as double), 0) as mean from totals",
)
def _float_sum(query: Query) -> Iterator[exp.Expr]:
    yield from query.tree.find_all(exp.Avg, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop)
    yield from (node for node in query.tree.find_all(exp.Sum) if query.kind(node.this) == "double")


@_rule(
    "rounding",
    refuses="round, a cast of a fraction to a whole number, a cast of a double to decimal, floor and ceil outside a cast",
    why="round(2.675, 2) is 2.67 on DuckDB and 2.68 on Spark; a cast rounds on DuckDB and cuts on Spark; floor is a DOUBLE on "
    "one and a BIGINT on the other.",
    instead="Write cast(floor(x) as bigint), or cast(floor(x + 0.5e0) as bigint) for the nearest.",
    wrong="select cast(vip_next_ratio * 100 as bigint) as percent from profiles",
    right="select cast(floor(vip_next_ratio * 100) as bigint) as percent from profiles",
)
def _rounding(query: Query) -> Iterator[exp.Expr]:
    yield from query.tree.find_all(exp.Round)
    yield from (node for node in query.tree.find_all(exp.Floor, exp.Ceil) if not isinstance(above(node, exp.Paren), exp.Cast))
    for cast in query.tree.find_all(exp.Cast):
        to, of = CAST_KINDS.get(cast.to.this), query.kind(cast.this)
        cut = to == "integer" and of in ("double", "decimal") and not isinstance(bare(cast.this), exp.Floor | exp.Ceil)
        summed = isinstance(bare(cast.this), exp.Sum)  # see `float_sum`
        if (cut and not summed) or (to == "decimal" and of == "double"):
            yield cast


@_rule(
    "quantile",
    refuses="median, quantile_cont, approximate quantiles and counts, mode, and several quantiles in one list",
    why="Interpolated and approximate quantiles come from other formulas on every engine; mode picks any of those that tie.",
    instead="Write quantile_disc(x, 0.5): the nearest rank is a value that occurs, and the same one everywhere.",
    wrong="select median(fees_usdt) as middle_usdt from totals",
    right="select quantile_disc(fees_usdt, 0.5) as middle_usdt from totals",
)
def _quantile(query: Query) -> Iterator[exp.Expr]:
    yield from query.tree.find_all(*_classes("Median PercentileCont Quantile ApproxQuantile ApproxDistinct Mode"))
    for node in query.tree.find_all(exp.PercentileDisc):
        if not isinstance(node.expression, exp.Literal | exp.Placeholder):
            yield node


@_rule(
    "bit_count",
    refuses="bit_count in arithmetic, or as a column, without a cast",
    why="It is an 8-bit number on DuckDB, where bit_count(x) * 10 overflows from 13 bits on, and a 32-bit one on Spark.",
    instead="Write cast(bit_count(x) as integer).",
    wrong="select bit_count(days_mask) * 10 as tenths from activity",
    right="select cast(bit_count(days_mask) as integer) * 10 as tenths from activity",
)
def _bit_count(query: Query) -> Iterator[exp.Expr]:
    for node in query.tree.find_all(exp.Anonymous):
        if node.name.lower() == "bit_count" and not isinstance(above(node, exp.Paren, exp.Coalesce), exp.Cast | exp.Predicate):
            yield node


@_rule(
    "left_shift",
    refuses="`<<`",
    why="DuckDB stops when a bit leaves the number; Spark goes on without it, and begins again at 0 from a shift of 64 on.",
    instead="Cut, then multiply by a power of two: (mask & $keep) * $factor; a product that is too large stops both.",
    wrong="select days_mask << 1 as older_mask from activity",
    right="select (days_mask & $keep) * 2 as older_mask from activity",
)
def _left_shift(query: Query) -> Iterator[exp.Expr]:
    yield from query.tree.find_all(exp.BitwiseLeftShift)


# texts and types ------------------------------------------------------------------------------------------------------------


@_rule(
    "text_matching",
    refuses="ilike, regular expressions, glob, similar to, collate, and like with a backslash or a pattern that is not a "
    "literal",
    why="Regular expressions are another language on each engine (RE2, Java), letters' cases have other tables, and a "
    "backslash in like escapes on Spark and is a character on DuckDB.",
    instead="Write starts_with, contains, in (…) or like with a plain literal; bring texts to one form when facts are taken "
    "in.",
    wrong="select user_no from users where country ilike 'de%'",
    right="select user_no from users where starts_with(country, 'DE')",
)
def _text_matching(query: Query) -> Iterator[exp.Expr]:
    yield from query.tree.find_all(exp.ILike, exp.RegexpLike, exp.Glob, exp.SimilarTo, exp.Collate)
    for node in query.tree.find_all(exp.Like):
        if not isinstance(node.expression, exp.Literal) or "\\" in node.expression.name:
            yield node


@_rule(
    "text_cast",
    refuses="try_cast; a cast of a text to a number, date or time (other than an ISO literal); and of a double, decimal or "
    "time to text",
    why="cast('1.5' as integer) is 2 on DuckDB and an error on Spark, try_cast is 2 and null; 1e20 is written 1e+20 and "
    "1.0E20.",
    instead="Take numbers and dates in as such; format for people in the faces.",
    wrong="select cast('1.5' as integer) as level",
    right="select cast('2026-03-01' as date) as day",
)
def _text_cast(query: Query) -> Iterator[exp.Expr]:
    for cast in query.tree.find_all(exp.Cast):
        to, of = CAST_KINDS.get(cast.to.this), query.kind(cast.this)
        iso = isinstance(cast.this, exp.Literal) and re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?)?", cast.this.name)
        reads = of == "text" and to not in ("text", None) and not (iso and to in ("date", "timestamp"))
        writes = to == "text" and of in ("double", "decimal", "timestamp")
        if reads or writes or isinstance(cast, exp.TryCast):
            yield cast
    for joined in query.tree.find_all(exp.DPipe):  # casts what is no text by itself
        if {query.kind(joined.this), query.kind(joined.expression)} & {"double", "decimal", "timestamp"}:
            yield joined


@_rule(
    "types",
    refuses="types other than smallint, integer, bigint, double, boolean, date, timestamp, varchar and decimal(p, s)",
    why="Others exist on one engine only or are stored as something else: a HUGEINT becomes a DOUBLE in Parquet, a time with "
    "a zone is shown in the zone of whoever asks.",
    instead="Use one of the listed types.",
    wrong="select cast(fees_usdt as hugeint) as wide_usdt from totals",
    right="select cast(fees_usdt as bigint) as wide_usdt from totals",
)
def _types(query: Query) -> Iterator[exp.Expr]:
    yield from (cast for cast in query.tree.find_all(exp.Cast) if cast.to.this not in CAST_KINDS)


@_rule(
    "untyped_null",
    refuses="null as a column without a type",
    why="DuckDB stores it as whole numbers that are all null, which Spark does not read as the text or date that the table says it is.",
    instead="Write cast(null as varchar), with the column's type.",
    wrong="select user_no, null as country from users",
    right="select user_no, cast(null as varchar) as country from users",
)
def _untyped_null(query: Query) -> Iterator[exp.Expr]:
    yield from (alias for alias in query.tree.find_all(exp.Alias) if isinstance(alias.this, exp.Null))
