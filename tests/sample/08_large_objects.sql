create table app.attachments (id int primary key, content oid);

do $$
declare
    empty oid := lo_create(70001);
    small oid := lo_from_bytea(70002, '\x00ff5c2e0a');
    large oid := lo_from_bytea(70003, decode(repeat('0123456789abcdef', 200000), 'hex'));
    sparse oid := lo_create(70004);
    handle int := lo_open(sparse, 131072);
begin
    perform lo_lseek64(handle, 3000000, 0);
    perform lowrite(handle, 'after the hole');
    perform lo_close(handle);
    insert into app.attachments values (1, empty), (2, small), (3, large), (4, sparse);
end $$;
alter large object 70002 owner to sample_owner;
grant select on large object 70003 to sample_reader;
comment on large object 70003 is 'it''s large';
