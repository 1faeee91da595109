-- A name for a scratch database that nobody can guess, and a lock on it from before it exists:
-- as long as this session lives, nobody takes the database for abandoned.
-- Cost: none. Right: none. Reads and changes nothing.
SELECT name, pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended(name, 0))::pg_catalog.text
FROM (SELECT 'pg_restore_verify_'
             || pg_catalog.replace(pg_catalog.gen_random_uuid()::pg_catalog.text, '-', '')
      OFFSET 0) AS made (name);
