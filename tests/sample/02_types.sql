create type app.status as enum ('new', 'in progress', 'done', 'it''s "odd"', 'ünïcode ☃');
alter type app.status add value 'cancelled' before 'done';

create domain app.email as ext.citext not null check (value ~ '^[^@\s]+@[^@\s]+$');
create domain app.positive as numeric(20, 4) default 1 constraint above_zero check (value > 0);
create domain app.short_list as int[] check (cardinality(value) <= 3);

create type app.address as (street text, city text, zip varchar(10));
create type app.person as (name text, home app.address, tags text[]);
create type app.float_range as range (subtype = float8, subtype_diff = float8mi);

create collation app.bytewise from "C";

-- Not every build has ICU.
do $$
begin
    create collation app.german (provider = icu, locale = 'de-u-co-phonebk');
    create collation app.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
exception when feature_not_supported or invalid_parameter_value then
    create collation app.german from "C";
    create collation app.caseless from "C";
end $$;

create text search dictionary app.simple_words (template = pg_catalog.simple, accept = false);
create text search configuration app.plain (copy = pg_catalog.english);
alter text search configuration app.plain
    alter mapping for word, asciiword with ext.unaccent, pg_catalog.english_stem;
