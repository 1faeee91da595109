CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, c varchar(20));
