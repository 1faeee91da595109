alter table app.changes owner to sample_owner;
alter table app.orders owner to sample_owner;
alter view app.open_orders owner to sample_owner;
alter function app.normalised owner to sample_owner;

grant usage on schema app to sample_reader, sample_writer;
grant all on schema "Weird ""Schema"" ☃" to "Sample ""Role""" with grant option;
grant select on all tables in schema app to sample_reader;
grant insert, update (note, amount), references (id) on app.orders to sample_writer with grant option;
grant usage, select on all sequences in schema app to sample_writer;
grant select ("select", "a.b") on app."order" to "Sample ""Role""", public;
revoke all on function app.order_total from public;
grant execute on function app.order_total to sample_reader;
revoke usage on type app.status from public;
grant usage on foreign server files to sample_reader;
revoke all on app.cache from sample_owner, sample_reader;

alter default privileges for role sample_owner in schema app grant select on tables to sample_reader;
alter default privileges for role sample_owner revoke execute on functions from public;
alter default privileges for role sample_owner in schema archive grant usage on sequences to sample_writer;

alter table app.orders enable row level security;
alter table app.orders force row level security;
create policy everybody on app.orders for select using (true);
create policy own on app.orders as restrictive for update to sample_writer, "Sample ""Role"""
    using (customer = current_setting('app.customer', true)::bigint) with check (amount < 1000000);
alter table app.customers enable row level security;
create policy named on app.customers for all to sample_reader using (name is not null);

comment on schema app is 'what the application owns';
comment on table app.orders is E'a comment of\ntwo lines, a ''quote'', a \\ and a ☃';
comment on column app.orders.note is E'COPY app.orders FROM stdin;\n\\.\n';
comment on column app."order"."a.b" is '';
comment on constraint no_overlap on app.bookings is 'one booking at a time';
comment on index app.orders_note is '"quoted"';
comment on function app.order_total(bigint) is '$$ dollars $$';
comment on type app.address is 'where';
comment on domain app.email is 'contains an @';
comment on view app.open_orders is '-- not a comment';
comment on materialized view app.totals is '/* neither */';
comment on trigger note_change on app.products is 'who did it';
comment on policy own on app.orders is 'their own';
comment on statistics app.orders_together is 'correlated';
comment on extension hstore is 'our own words';
comment on collation app.bytewise is 'fast';
comment on sequence app.unowned is 'goes round';
comment on text search configuration app.plain is 'plain';
comment on event trigger sample_note_drop is 'on the record';

create publication sample_some for table app.orders, app."order" with (publish = 'insert, update');
create publication sample_all for all tables with (publish = 'insert');
do $$
begin
    if current_setting('server_version_num')::int >= 150000 then
        execute $sql$
            create publication sample_filtered for table app.products (sku, version, price) where (price > 10);
            create publication sample_schema for tables in schema archive with (publish = 'insert');
        $sql$;
    end if;
end $$;
