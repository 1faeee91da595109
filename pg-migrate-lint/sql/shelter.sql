-- Before we look at something in the transaction of a migration: nothing that it has set for its session is in force
-- meanwhile. What follows is undone with the savepoint, these settings too.
-- Costs: nothing. Needs no right.
SAVEPOINT pg_migrate_lint;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL search_path = pg_catalog
