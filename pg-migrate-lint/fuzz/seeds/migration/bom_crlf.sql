BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE "Ü" ALTER "ä" TYPE bigint USING "ä"::bigint;
COMMIT;
