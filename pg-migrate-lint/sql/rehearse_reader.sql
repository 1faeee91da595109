-- Whether a reader of a table (:table) would wait at the moment: SQLSTATE 55P03 says so.
-- Costs: nothing is waited for and nothing is held. Needs SELECT.
lock table only :table in access share mode nowait;
-- Two statements of one string are a transaction, outside of which nothing can be locked.
select
