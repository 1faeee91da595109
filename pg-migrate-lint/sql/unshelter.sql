-- We have looked: the migration's own settings are in force again.
-- Costs: nothing. Needs no right.
ROLLBACK TO SAVEPOINT pg_migrate_lint;
RELEASE SAVEPOINT pg_migrate_lint
