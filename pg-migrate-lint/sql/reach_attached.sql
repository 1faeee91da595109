-- What runs by itself in this database when something is done with a relation, or when its rows are changed: triggers,
-- rules and views, policies, defaults and generated columns, what checks, partitions and is indexed, and what foreign
-- keys and inheritance lead to. As SQL, by the relation's name; event triggers, casts and their like are on none.
-- Costs: one pass over each of the catalogues of these. Needs no right.
with relations as (
    select c.oid, c.relname, pg_catalog.format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
),
attached as (
    select '' as relation, pg_catalog.format('event trigger %s', e.evtname) as what, false as is_of_writes,
        pg_catalog.format('select %I()', p.proname) as code
    from pg_catalog.pg_event_trigger e
    join pg_catalog.pg_proc p on p.oid = e.evtfoid
    -- Of these nobody says by its name that it calls something: they stand where event triggers do. What an extension
    -- has in C calls nothing of the database.
    union all
    select '', pg_catalog.format('%s %s', c.kind, c.name), false, pg_catalog.format('select %I()', p.proname)
    from (
        select 'cast' as kind, c.castfunc as function,
            pg_catalog.format('from %s to %s', c.castsource::pg_catalog.regtype, c.casttarget::pg_catalog.regtype) as name
        from pg_catalog.pg_cast c
        union all
        select 'operator', o.oprcode, o.oprname from pg_catalog.pg_operator o
        union all
        select 'aggregate', f.function, a.aggfnoid::pg_catalog.regproc::text
        from pg_catalog.pg_aggregate a
        cross join lateral (values (a.aggtransfn), (a.aggfinalfn), (a.aggmtransfn), (a.aggmfinalfn)) as f (function)
    ) c
    join pg_catalog.pg_proc p on p.oid = c.function
    join pg_catalog.pg_language l on l.oid = p.prolang
    where p.oid >= 16384 and (l.lanname not in ('c', 'internal') or p.proname like 'dblink%')
    union all
    select t.typname, pg_catalog.format('domain %s', t.oid::pg_catalog.regtype), false,
        'select ' || pg_catalog.pg_get_expr(k.conbin, 0)
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_type t on t.oid = k.contypid
    where k.contypid >= 16384
    union all
    select r.relname, pg_catalog.format('trigger %s of %s', t.tgname, r.name), true, pg_catalog.pg_get_triggerdef(t.oid)
    from pg_catalog.pg_trigger t
    join relations r on r.oid = t.tgrelid
    where not t.tgisinternal
    union all
    select r.relname, case w.ev_type when '1' then 'view' else 'rule ' || w.rulename || ' of' end || ' ' || r.name,
        w.ev_type <> '1', pg_catalog.pg_get_ruledef(w.oid)
    from pg_catalog.pg_rewrite w
    join relations r on r.oid = w.ev_class
    union all
    select distinct r.relname, 'view ' || r.name, true, 'delete from ' || base.name
    from pg_catalog.pg_rewrite w
    join relations r on r.oid = w.ev_class
    join pg_catalog.pg_depend d
        on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = w.oid
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> w.ev_class
    join relations base on base.oid = d.refobjid
    where w.ev_type = '1'
    union all
    select r.relname, pg_catalog.format('policy %s of %s', p.polname, r.name), false,
        'select ' || pg_catalog.pg_get_expr(e.tree, p.polrelid)
    from pg_catalog.pg_policy p
    join relations r on r.oid = p.polrelid
    cross join lateral (values (p.polqual), (p.polwithcheck)) as e (tree)
    union all
    select r.relname, pg_catalog.format('column %s of %s', a.attname, r.name), a.attgenerated = '',
        'select ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
    from pg_catalog.pg_attrdef d
    join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    join relations r on r.oid = d.adrelid
    union all
    select r.relname, pg_catalog.format('constraint %s of %s', k.conname, r.name), false,
        'select ' || pg_catalog.pg_get_expr(k.conbin, k.conrelid)
    from pg_catalog.pg_constraint k
    join relations r on r.oid = k.conrelid
    union all
    select distinct r.relname, pg_catalog.format('domain %s', a.atttypid::pg_catalog.regtype), false,
        'select ' || pg_catalog.pg_get_expr(e.tree, 0)
    from pg_catalog.pg_attribute a
    join relations r on r.oid = a.attrelid
    join pg_catalog.pg_type t on t.oid = a.atttypid and t.typtype = 'd'
    cross join lateral (
        select t.typdefaultbin union all select k.conbin from pg_catalog.pg_constraint k where k.contypid = t.oid
    ) as e (tree)
    union all
    select named.relname, 'index ' || own.name, false, pg_catalog.pg_get_indexdef(i.indexrelid)
    from pg_catalog.pg_index i
    join relations own on own.oid = i.indexrelid
    join relations named on named.oid in (i.indexrelid, i.indrelid)
    where i.indexprs is not null or i.indpred is not null
    union all
    select r.relname, 'statistics ' || s.stxname, false, pg_catalog.pg_get_statisticsobjdef(s.oid)
    from pg_catalog.pg_statistic_ext s
    join relations r on r.oid = s.stxrelid
    union all
    select r.relname, 'partitioned table ' || r.name, true,
        'create table t () partition by ' || pg_catalog.pg_get_partkeydef(p.partrelid)
    from pg_catalog.pg_partitioned_table p
    join relations r on r.oid = p.partrelid
    where p.partexprs is not null
    union all
    select r.relname, pg_catalog.format('foreign key %s of %s', k.conname, other.name), true, 'delete from ' || other.name
    from pg_catalog.pg_constraint k
    join relations r on r.oid = k.confrelid
    join relations other on other.oid = k.conrelid
    where k.contype = 'f' and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd'))
    union all
    select r.relname, 'what inherits ' || r.name, w.is_of_writes,
        pg_catalog.string_agg(case when w.is_of_writes then 'delete from ' else 'table ' end || child.name, '; ')
    from pg_catalog.pg_inherits i
    join relations r on r.oid = i.inhparent
    join relations child on child.oid = i.inhrelid
    cross join (values (false), (true)) as w (is_of_writes)
    group by r.relname, r.name, w.is_of_writes
)
select relation::text, what::text, is_of_writes, code::text
from attached
where code is not null
