ALTER TABLE {{ .Schema }}.users ADD COLUMN ${name} text;
DO $x$ BEGIN EXECUTE $$DROP TABLE a$$; END $x$;
/* TEMPLATE */ UPDATE %(t)s SET a = 1;
