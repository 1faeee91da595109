create table app."order" ("select" int primary key, "from" text, "User" text default 'it''s "me"', "a.b" int);
insert into app."order" values (1, 'x', 'y', 2);
create table "Weird ""Schema"" ☃"."Table 'with' ""quotes"" and
a newline" ("column
newline" int, "tab	column" text, "back\slash" text, " spaces " int);
insert into "Weird ""Schema"" ☃"."Table 'with' ""quotes"" and
a newline" values (1, E'\t', E'\\', 2);
create table "Weird ""Schema"" ☃"."back\slash" ("\." text, "\N" text, "$1" text, "%s" text, "-- x" text, "/* x" text);
insert into "Weird ""Schema"" ☃"."back\slash" values ('\.', '\N', '$1', '%s', '--', '/*');
create table "Weird ""Schema"" ☃"."tab	name" (id serial primary key);
insert into "Weird ""Schema"" ☃"."tab	name" default values;
create table "Weird ""Schema"" ☃"."Ünïcödé 日本 🦀" ("Größe" int check ("Größe" > 0), "🦀" text);
insert into "Weird ""Schema"" ☃"."Ünïcödé 日本 🦀" values (1, '🦀');
create table "Weird ""Schema"" ☃"."; drop table app.orders; --" (" leading" int);
create table "Weird ""Schema"" ☃".a123456789b123456789c123456789d123456789e123456789f123456789xyz (id int);
create sequence "Weird ""Schema"" ☃"."Sequence; 'x'" start 5;
select nextval('"Weird ""Schema"" ☃"."Sequence; ''x''"');
create type "Weird ""Schema"" ☃"."Enum" as enum ('', ' ', 'a''b', E'c\\d', E'e\nf');
create function "Weird ""Schema"" ☃"."Function (x)"("Argument 1" "Weird ""Schema"" ☃"."Enum") returns text
    language sql as $$ select 'x'::text $$;
create index "Index ""of"" it" on "Weird ""Schema"" ☃"."back\slash" ("\.");
