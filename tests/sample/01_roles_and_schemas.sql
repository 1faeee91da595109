-- Roles belong to the whole server, so another database may have made them.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['sample_owner', 'sample_reader', 'sample_writer', 'Sample "Role"'] loop
        begin
            execute format('create role %I', wanted);
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end $$;

create schema app authorization sample_owner;
create schema archive;
create schema ext;
create schema "Weird ""Schema"" ☃";

create extension hstore schema ext;
create extension citext schema ext;
create extension pg_trgm schema ext;
create extension btree_gist schema ext;
create extension unaccent schema ext;
create extension "uuid-ossp" schema ext;
create extension pgcrypto schema ext;
create extension ltree schema ext;
create extension file_fdw schema ext;

create server files foreign data wrapper file_fdw;
create foreign table app.nothing_outside (line text)
    server files options (filename '/dev/null', format 'text');
