create schema app;
create table public.notes (id int, note text);
create table public.tags (tag text);
insert into public.notes values (1, 'a'), (2, 'b');
insert into public.tags values ('x');
create type app.state as enum ('new', 'paid', 'sent');
create domain app.email as text check (value ~ '@');
create table app.customers (
    id bigint generated always as identity primary key,
    email app.email not null unique,
    born date,
    seen timestamptz default '2024-06-01 12:00:00+00'
);
comment on table app.customers is 'who buys';
create table app.orders (
    id serial primary key,
    customer bigint not null references app.customers on delete cascade,
    state app.state not null default 'new',
    total numeric(12, 2) check (total >= 0),
    note text,
    total_cents bigint generated always as ((total * 100)::bigint) stored
);
create index orders_by_state on app.orders (state) where state <> 'sent';
create table app.log (line text);
create table app.pictures (id int primary key, content bytea);
create table app.visits (at timestamptz not null, who text) partition by range (at);
create table app.visits_2024 partition of app.visits for values from ('2024-01-01') to ('2025-01-01');
create table app.visits_2025 partition of app.visits for values from ('2025-01-01') to ('2026-01-01');
create view app.open_orders as select * from app.orders where state = 'new';
create materialized view app.sums as select customer, sum(total) from app.orders group by customer;
create function app.touch() returns trigger language plpgsql as $$ begin new.note := coalesce(new.note, ''); return new; end $$;
create trigger touch before update on app.orders for each row execute function app.touch();
alter table app.log enable row level security;
create policy readers on app.log for select to shop_owner using (line <> 'secret');
alter table app.orders owner to shop_owner;
grant select on app.customers to shop_owner;
alter default privileges in schema app grant select on tables to shop_owner;
create publication shop for table app.orders;
create sequence app.invoice_numbers start 1000;
select nextval('app.invoice_numbers');
insert into app.customers (email, born)
    select format('c%s@example.org', i), '1970-01-01'::date + i from generate_series(1, 100) i;
insert into app.orders (customer, state, total, note)
    select 1 + i % 100, (array['new', 'paid', 'sent'])[1 + i % 3]::app.state, i, e'tab\t back\\slash \n' || i
    from generate_series(1, 500) i;
insert into app.log values ('one'), ('one'), (null), ('\.'), (''), ('\N'), ('grün 日本');
insert into app.pictures select i, sha256(i::text::bytea) from generate_series(1, 50) i;
insert into app.visits select '2024-03-30 22:00:00+00'::timestamptz + i * interval '7 hours 13 minutes', 'v' || i
    from generate_series(1, 900) i;
refresh materialized view app.sums;
select lo_from_bytea(4711, 'a picture');
select lo_from_bytea(4712, convert_to(repeat('x', 300000), 'UTF8'));
select lo_create(4713);
