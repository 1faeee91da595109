-- What the roles with the numbers {roles} are called, and which are superusers. Superusers alone may change a
-- catalogue, whatever others were granted (pg_class_aclmask): this says so without a look at pg_roles,
-- which somebody may have locked.
-- {text} is around a name in whatever encoding.
-- Cost: none worth a word. Right: none.
SELECT r AS oid, {text}(pg_catalog.pg_get_userbyid(r)) AS name,
       pg_catalog.has_table_privilege(r, 1260, 'TRUNCATE')
           AS is_superuser
FROM pg_catalog.unnest(ARRAY[{roles}]::pg_catalog.oid[]) r;
