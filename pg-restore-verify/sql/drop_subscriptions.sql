-- Drops the subscriptions of this database without a word to their publishers: one that stays
-- keeps the database from being dropped, and dropping one that has a slot would connect.
-- Cost: none. Right: their owner or a superuser.
DO $$
DECLARE
    name pg_catalog.name;
BEGIN
    FOR name IN
        SELECT s.subname FROM pg_catalog.pg_subscription s
        JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
        WHERE d.datname = pg_catalog.current_database()
    LOOP
        EXECUTE pg_catalog.format('ALTER SUBSCRIPTION %I DISABLE', name);
        EXECUTE pg_catalog.format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', name);
        EXECUTE pg_catalog.format('DROP SUBSCRIPTION %I', name);
    END LOOP;
END
$$;
