-- What the roles with the numbers {roles} are called, where it can't be known which are superusers, as when
-- somebody has locked pg_class: all of them are taken for such.
-- {text} is around a name in whatever encoding.
-- Cost: none worth a word. Right: none.
SELECT r AS oid, {text}(pg_catalog.pg_get_userbyid(r)) AS name, true AS is_superuser
FROM pg_catalog.unnest(ARRAY[{roles}]::pg_catalog.oid[]) r;
