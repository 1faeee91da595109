create function app.normalised(input text) returns text
    language sql immutable strict parallel safe
    as $$ select lower(ext.unaccent('ext.unaccent'::regdictionary, input)) $$;
create index customers_normalised on app.customers (app.normalised(name));

-- A body that looks like the end of a dump.
create function app.looks_like_a_dump(n int default 3, variadic rest text[] default '{}') returns setof text
    language plpgsql volatile cost 5 rows 7
    as $body$
begin
    /* COPY app.texts (id, t) FROM stdin;
1	x
\.
*/
    return query select 'COPY app.texts (id, t) FROM stdin;
\.
--
-- PostgreSQL database dump complete
--
' || n || $$ dollars $$ from unnest(rest);
end
$body$;

create function app.order_total(customer bigint, out total numeric, out orders bigint)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    as 'select sum(amount), count(*) from app.orders o where o.customer = order_total.customer';

do $$
begin
    if current_setting('server_version_num')::int >= 140000 then
        execute $sql$
            create function app.add_atomically(a int, b int = 2) returns int
                language sql immutable
                begin atomic
                    select a + b;
                end
        $sql$;
    end if;
end $$;

create procedure app.archive_order(order_id bigint, inout done boolean default false)
    language plpgsql as $$
begin
    delete from app.orders where id = order_id;
    done := found;
end $$;

create function app.larger(a int, b int) returns int
    language plpgsql immutable strict as 'begin return case when a > b then a else b end; end';
create aggregate app.largest(int) (sfunc = app.larger, stype = int, combinefunc = app.larger, parallel = safe);

create function app.same_letters(a text, b text) returns boolean
    language sql immutable as $$ select lower(a) = lower(b) $$;
create operator app.=~= (leftarg = text, rightarg = text, function = app.same_letters, commutator = operator(app.=~=));

create function app.address_to_text(a app.address) returns text
    language sql immutable as $$ select a.street || ', ' || a.city $$;
create cast (app.address as text) with function app.address_to_text(app.address) as assignment;

create table app.changes (id bigserial, relation text, operation text, old jsonb, new jsonb);
create function app.note_change() returns trigger language plpgsql as $$
begin
    insert into app.changes (relation, operation, old, new)
    values (tg_relid::regclass, tg_op, to_jsonb(old), to_jsonb(new));
    return coalesce(new, old);
end $$;
create function app.count_changes() returns trigger language plpgsql as $$
begin
    insert into app.changes (relation, operation, new)
    select tg_table_name, 'many', to_jsonb(count(*)) from changed;
    return null;
end $$;
create trigger note_change after update or delete on app.products
    for each row when (pg_trigger_depth() = 0) execute function app.note_change();
create trigger count_changes after update on app.products
    referencing new table as changed for each statement execute function app.count_changes();
create trigger "Never, ever" before insert on app.products
    for each row execute function app.note_change();
alter table app.products disable trigger "Never, ever";
create constraint trigger late after insert on app.orders deferrable initially deferred
    for each row execute function app.note_change();
alter table app.orders enable always trigger late;
create trigger on_partitions after insert on app.partitioned
    for each row execute function app.note_change();
update app.products set price = price + 1 where version <= 3;

create view app.open_orders with (security_barrier) as
    select o.*, c.email, c.name as "Customer's name"
    from app.orders o join app.customers c on c.id = o.customer
    where c.status <> 'done';
create view app.customers_plain as select id, email, name, status from app.customers
    where status = 'new' with local check option;
create view app.department_tree as
    with recursive tree (id, depth) as (
        select id, 0 from app.departments where parent is null
        union all
        select d.id, t.depth + 1 from app.departments d join tree t on d.parent = t.id
    )
    select id, depth from tree;
create view app.editable as select b, d from app.with_dropped;
create rule editable_insert as on insert to app.editable do instead
    insert into app.with_dropped (b, d) values (new.b, new.d) returning b, d;
create rule note_no_rows as on delete to app.no_rows do also
    insert into app.changes (relation, operation) values ('app.no_rows', 'rule');
create function app.edit_order() returns trigger language plpgsql as 'begin return new; end';
create trigger edit_order instead of update on app.open_orders
    for each row execute function app.edit_order();

create materialized view app.totals as
    select customer, count(*) as orders, sum(amount) as amount from app.orders group by customer;
create unique index totals_customer on app.totals (customer);
create materialized view app.totals_of_totals as select sum(amount) as amount from app.totals;
create materialized view app.not_populated as select * from app.customers_plain with no data;

create table app.dropped (at timestamptz default now(), identity text);
create function app.note_drop() returns event_trigger language plpgsql as $$
begin
    insert into app.dropped (identity) select object_identity from pg_event_trigger_dropped_objects() where original;
end $$;
create event trigger sample_note_drop on sql_drop when tag in ('DROP TABLE', 'DROP VIEW')
    execute function app.note_drop();
create event trigger sample_disabled on ddl_command_end execute function app.note_drop();
alter event trigger sample_disabled disable;
