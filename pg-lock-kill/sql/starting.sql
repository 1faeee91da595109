-- Which of the processes {pids} hold or await a lock: asked about those that did a moment before and are no
-- sessions. Before PostgreSQL 18 a session is none until it has begun, and it hangs for as long as somebody has
-- locked a catalogue that it reads on its way.
-- Only asked for where there are such. Cost: one more copy of the lock table. Right: none.
SELECT DISTINCT pid FROM pg_catalog.pg_lock_status() WHERE pid IN ({pids});
