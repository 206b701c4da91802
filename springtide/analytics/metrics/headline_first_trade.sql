-- Of those who registered, how many traded within their first $window_days days: the latest whose days have passed, and those before them.
-- grain: one row · counts of users; reads profiles
-- The day of registration is day 0, so the window is days 0 to $window_days - 1. The last day of registration that counts is $closed_by;
-- later ones still have time. Both groups span the same number of days: after $before up to $closed_by, and after $before_that up to $before.
select
    count(case when registered_on > $before then 1 end) as registrants,
    count(case when registered_on > $before and datediff('day', registered_on, first_trade_on) < $window_days then 1 end) as traders,
    count(case when registered_on <= $before then 1 end) as registrants_before,
    count(case when registered_on <= $before and datediff('day', registered_on, first_trade_on) < $window_days then 1 end) as traders_before
from profiles
where is_counted and registered_on > $before_that and registered_on <= $closed_by
