-- What a server has beside this database: roles and who is in which, other databases, tablespaces, settings, replication
-- slots and origins, subscriptions, comments and labels of what is shared. What goes on by itself (transaction
-- numbers, positions in WAL) is left out.
-- Costs: one pass over each of the shared catalogues, which are small. Needs no right; passwords are not among it.
select 'role' as kind, r.rolname::text as name, (pg_catalog.to_jsonb(r) - 'rolpassword')::text as what
from pg_catalog.pg_roles r
union all
select 'membership', pg_catalog.format('%s in %s', pg_catalog.pg_get_userbyid(m.member), pg_catalog.pg_get_userbyid(m.roleid)),
    (pg_catalog.to_jsonb(m) - 'oid')::text
from pg_catalog.pg_auth_members m
union all
select 'database', d.datname, (pg_catalog.to_jsonb(d) - array['datfrozenxid', 'datminmxid'])::text
from pg_catalog.pg_database d
where d.datname <> pg_catalog.current_database()
union all
select 'tablespace', t.spcname, pg_catalog.to_jsonb(t)::text
from pg_catalog.pg_tablespace t
union all
select 'configuration of', pg_catalog.format('%s in %s', coalesce(r.rolname, 'every role'), coalesce(d.datname, 'every database')),
    s.setconfig::text
from pg_catalog.pg_db_role_setting s
left join pg_catalog.pg_roles r on r.oid = s.setrole
left join pg_catalog.pg_database d on d.oid = s.setdatabase
where s.setdatabase <> (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
union all
select 'replication slot', s.slot_name, pg_catalog.concat_ws(' ', s.plugin, s.slot_type, s.database)
from pg_catalog.pg_replication_slots s
where not s.temporary
union all
select 'replication origin', o.roname, ''
from pg_catalog.pg_replication_origin o
union all
select 'subscription', s.subname, pg_catalog.concat_ws(' ', s.subdbid, s.subowner, s.subenabled)
from pg_catalog.pg_subscription s
union all
select 'comment on', pg_catalog.format('%s %s', d.classoid::pg_catalog.regclass, d.objoid), d.description
from pg_catalog.pg_shdescription d
where (d.classoid, d.objoid) not in (
    select 'pg_catalog.pg_database'::pg_catalog.regclass, oid from pg_catalog.pg_database where datname = pg_catalog.current_database()
)
union all
select 'security label of', pg_catalog.format('%s %s', l.classoid::pg_catalog.regclass, l.objoid), l.label
from pg_catalog.pg_shseclabel l
where (l.classoid, l.objoid) not in (
    select 'pg_catalog.pg_database'::pg_catalog.regclass, oid from pg_catalog.pg_database where datname = pg_catalog.current_database()
)
