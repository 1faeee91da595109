-- pg-migrate-lint: ignore drop-table it is empty
DROP TABLE a;
-- pg-migrate-lint: ignore-file locks
/* pg-migrate-lint: ignore x */ DROP TABLE b; -- pg-migrate-lint: ignore drop-table so it is
