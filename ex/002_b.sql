SELECT set_config('lock_timeout', '2s', false); ALTER TABLE t ADD COLUMN d int;
