-- Which prepared transactions are SERIALIZABLE: for their end those may wait who asked for a safe snapshot. The
-- server says of such a blocker only that it has no process.
-- Only asked for where there is one. Cost: one more copy of the lock table. Right: none.
SELECT DISTINCT virtualtransaction
FROM pg_catalog.pg_lock_status()
WHERE mode = 'SIReadLock' AND pid IS NULL;
