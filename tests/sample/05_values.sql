-- A column for every type, and the values that are read back wrong first.
create table app.numbers (
    id int primary key, i2 smallint, i4 int, i8 bigint, n numeric, f4 real, f8 double precision, m money, b boolean
);
insert into app.numbers values
    (1, -32768, -2147483648, -9223372036854775808, -1e-30, '-0', '-0', '-92233720368547758.08', true),
    (2, 32767, 2147483647, 9223372036854775807, 1e200 + 0.1, 'Infinity', '-Infinity', '92233720368547758.07', false),
    (3, 0, 0, 0, 'NaN', 'NaN', 'NaN', 0, null),
    (4, 1, 1, 1, 0.10, 1e-45, 5e-324, 1, true),
    (5, 2, 2, 2, 0.1000, 3.4028235e38, 1.7976931348623157e308, 2, true),
    (6, 3, 3, 3, 123456789012345678901234567890.123456789, 0.1, 0.1, 3, true),
    (7, null, null, null, null, null, null, null, null);

create table app.times (
    id int primary key, d date, t time, tz timetz, ts timestamp, tstz timestamptz, i interval
);
insert into app.times values
    (1, '4713-01-01 BC', '00:00', '00:00+15:59', '4713-01-01 BC', '4713-01-01 00:00:00+00 BC', '-178000000 years'),
    (2, '5874897-12-31', '24:00', '24:00-15:59', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '178000000 years'),
    (3, 'infinity', '23:59:59.999999', '12:00+05:45', 'infinity', 'infinity', '1 year -2 days 03:04:05.000006'),
    (4, '-infinity', '12:00', '12:00-00', '-infinity', '-infinity', '24 hours'),
    (5, '0001-01-01', '12:00:00.1', '12:00:00+01:02:03', '0044-03-15 12:00 BC', '1883-11-18 12:03:58-04:56:02', '1 day'),
    (6, '2024-02-29', '12:00', '12:00+00', '2024-03-31 02:30', '2024-10-27 02:30:00 Europe/Berlin', '-0.000001 s');

create table app.texts (id int primary key, t text, c char(5), v varchar(10), n name, x "char");
insert into app.texts values
    (1, '', '', '', '', ''),
    (2, 'NULL', 'null', '\N', '\.', 'N'),
    (3, E'\\N', E'\\.', E'\\\\', E'\t', E'\\'),
    (4, E'\\.\n\\.\n', E'a\n', E'\r', E'\r\n', E'\n'),
    (5, E'tab\tback\bform\fvertical\vescape\x1b[31mbell\x07del\x7f', 'a   ', 'a  ', ' a ', ' '),
    (6, E'one\r\ntwo\rthree\n\n', null, null, null, null),
    (7, E'\U0001F980 ☃ e\u0301 \u200B\uFEFF \u2028 \U0010FFFF', 'äöüß€', '日本語', 'ñ', 'x'),
    (8, E'--\n-- PostgreSQL database dump complete\n--\n', 'x', 'x', 'x', 'x'),
    (9, E'COPY app.texts (id, t) FROM stdin;\n1\tx\n\\.\n\\connect postgres\n\\! false\n\\restrict a\n', 'x', 'x', 'x', 'x'),
    (10, '''; drop table app.texts; -- "$$ %s ${x} $1', 'x', 'x', 'x', 'x'),
    (11, repeat(E'long \\ line\t', 100000), 'x', 'x', 'x', 'x'),
    (12, repeat(E'many\nlines\n', 1000), 'x', 'x', 'x', 'x');

create table app.binaries (id int primary key, b bytea, bits bit(5), vbits bit varying, u uuid);
insert into app.binaries values
    (1, '', B'00000', B'', '00000000-0000-0000-0000-000000000000'),
    (2, (select string_agg(set_byte('\x00', 0, i), '' order by i) from generate_series(0, 255) as i),
        B'10101', B'1', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
    (3, decode(repeat('5c4e0a00', 300000), 'hex'), null, repeat('10', 500)::bit varying, null),
    (4, null, null, null, null);

create table app.documents (id int primary key, j json, b jsonb, p jsonpath, v tsvector, q tsquery);
insert into app.documents values
    (1, '{"a" : 1.10, "a": 2,  "s": "\u00e4 \ud83e\udd80 \\ \" \/"}', '{"a": 1.10, "z": [1e3, -0.0, null, true, {}]}',
        '$.a[*] ? (@ > 1 && @.b like_regex "^x")', to_tsvector('simple', 'it''s a ☃ \ test:1'), 'a & !(b | c:*)'),
    (2, 'null', 'null', '$', '', ''),
    (3, '"\u0000 is only possible here"', '"text \n"', 'strict $', null, null),
    (4, null, null, null, null, null);

create table app.networks (id int primary key, i inet, c cidr, m macaddr, m8 macaddr8);
insert into app.networks values
    (1, '192.168.1.5/24', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05'),
    (2, '::1', '2001:db8::/32', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff'),
    (3, '0.0.0.0/0', '::/0', null, null);

create table app.shapes (id int primary key, p point, l line, s lseg, b box, pa path, po polygon, c circle);
insert into app.shapes values
    (1, '(1.5,-0)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,2)]', '((0,0),(1,0),(0,1))', '<(0,0),1>'),
    (2, '(Infinity,NaN)', '{0,1,-1e-300}', '[(1e300,0),(0,0)]', '(0,0),(0,0)', '((0,0),(1,2))', '((1,1))', '<(1,1),0>');

create table app.lists (
    id int primary key, i int[], t text[], ts timestamptz[], e app.status[], d app.short_list, a app.address[], j jsonb[]
);
insert into app.lists values
    (1, '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
    (2, '{1,NULL,3}', array['', 'NULL', null, 'a,b', '{x}', '"q"', E'back\\slash', E'new\nline', ' '],
        '{infinity,"4713-01-01 00:00:00+00 BC"}', '{new,"it''s \"odd\""}', '{1,2,3}',
        array[('a "b"', 'c,d', '(e)')::app.address, null], array['{"a": "\""}'::jsonb]),
    (3, '[-1:1]={1,2,3}', '{{a,b},{c,d}}', null, null, null, null, null),
    (4, '[2:3][0:1]={{1,2},{3,4}}', '[0:0]={x}', null, null, null, null, null);

create table app.ranges (
    id int primary key, i int4range, b int8range, n numrange, d daterange, ts tsrange, f app.float_range
);
insert into app.ranges values
    (1, 'empty', '(,)', '[1.10,NaN)', '[2024-01-01,infinity)', '(-infinity,infinity)', '(-Infinity,0]'),
    (2, '[1,10)', '[5,5]', '(,0]', '(,2024-01-01]', '["2024-01-01 00:00:00","2024-01-02 00:00:00"]', '[-0,0]'),
    (3, null, null, null, null, null, null);

create table app.internals (
    id int primary key, o oid, x xid, c cid, ti tid, l pg_lsn, r regclass, ty regtype, p regprocedure, s txid_snapshot
);
insert into app.internals values
    (1, 0, '0', '0', '(0,0)', '0/0', 'app.orders', 'app.status', 'pg_catalog.lower(text)', '10:20:10,14,15'),
    (2, 4294967295, '4294967295', '4294967295', '(4294967295,65535)', 'FFFFFFFF/FFFFFFFF', 'pg_class', 'int[]', null, null);

-- What only some servers know.
create table app.xmls (id int, x xml);
do $$
declare
    version int := current_setting('server_version_num');
begin
    begin
        insert into app.xmls values (1, '<a b="c">&amp; ☃ <![CDATA[<]]></a>'), (2, xmlcomment('x')), (3, null);
    exception when feature_not_supported then
        null;
    end;
    if version >= 140000 then
        execute $sql$
            create table app.multiranges (id int, i int4multirange, t tstzmultirange);
            insert into app.multiranges values (1, '{}', '{(,)}'), (2, '{[1,3),[5,8)}', null);
            insert into app.numbers (id, n) values (100, 'Infinity'), (101, '-Infinity');
        $sql$;
    end if;
    if version >= 170000 then
        execute $sql$ insert into app.times (id, i) values (100, 'infinity'), (101, '-infinity') $sql$;
    end if;
end $$;
