insert into app.customers (email, name, nick, status, home, people, attributes, path, settings)
select format('User%s@Example.org', i), 'Müller ' || i, case when i % 2 = 0 then 'NICK' || i end,
    (enum_range(null::app.status))[1 + i % 6],
    ('Street ' || i, 'O''Town, "quoted" (west)', lpad(i::text, 5, '0'))::app.address,
    array[('a, "b"', ('x', null, ''), '{}')::app.person, null, (null, null, array[null, 'NULL', ''])::app.person],
    ext.hstore(array['a "key"', 'null', 'number'], array['a => value', null, i::text]),
    ('top.n' || i % 10)::ext.ltree,
    jsonb_build_object('n', i, 'pi', 3.140, 'big', 1e30::numeric, 'text', E'line\nbreak "q" \\ ☃', 'none', null)
from generate_series(1, 20) as i;

insert into app.products (sku, price, title)
select 'SKU-' || chr(65 + i), i * 3.33, 'Product ' || i || ' for quick brown foxes'
from generate_series(0, 9) as i;

insert into app.orders (customer, sku, version, amount, note, placed_at)
select 1000 + 5 * (i % 20), 'SKU-' || chr(65 + (i % 10)::int), 1 + i % 10, 1 + (i % 1000) / 7.0,
    case when i % 5 > 0 then 'order ' || md5(i::text) || repeat(' and more', (i % 4)::int) end,
    timestamptz '2024-01-01 00:00:00+00' + i * interval '17 minutes 3.000001 seconds'
from generate_series(1::bigint, current_setting('sample.rows')::bigint) as i;

insert into app.departments values (1, null, null), (2, null, 1);
insert into app.employees values (1, 1), (2, 2);
update app.departments set head = id;

insert into app.bookings values
    (1, '[2024-01-01 10:00+00,2024-01-01 11:00+00)', false),
    (1, '[2024-01-01 11:00+00,)', false),
    (1, '[2024-01-01 10:30+00,2024-01-01 10:45+00]', true),
    (2, 'empty', false);

insert into app.partitioned
select i, case when i % 3 > 0 then 'r' || i % 3 end, date '2022-06-01' + i * 11, E'p\t' || i
from generate_series(1, 120) as i;
insert into app.listed values ('a', 1), ('b', 2), (null, 3), ('c''s', 4);
insert into app.needs_partition select id, at from app.partitioned where id <= 5;

insert into app.animals values (1, 'Rex'), (2, 'Kitty');
insert into app.pets values (3, 'Hansi', 'Anna');
insert into app.recorded_pets (id, name, owner, recorded, chip) values (4, 'Wuff', null, '2020-02-02 20:20', 7);

insert into app.cache select i::text, decode(md5(i::text), 'hex') from generate_series(1, 10) as i;
insert into app.no_columns default values;
insert into app.no_columns default values;
insert into app.with_dropped (b, d) values ('b', null), (null, 'd'), ('both', 'of them');
insert into app.only_generated default values;

-- Rows that break rules that were never checked.
insert into app.not_valid values (1, 404, -1), (2, null, 1);
alter table app.not_valid add constraint orphan foreign key (parent) references archive.empty_parent not valid;
alter table app.not_valid add constraint positive check (size > 0) not valid;

select nextval('app.unowned'), nextval('app.unowned'), nextval('app.descending'),
    setval('app.set_but_not_called', 12345, false), setval('app.at_the_end', 32767);
