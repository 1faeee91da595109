-- Whether a writer of a table (:table) would wait at the moment, for the table or for a row: SQLSTATE 55P03 says so.
-- Costs: one row is locked for a moment, and stays as it is. Needs INSERT, UPDATE or DELETE, and for the row SELECT and UPDATE.
lock table only :table in row exclusive mode nowait;
select 1 from only :table limit 1 for update nowait
