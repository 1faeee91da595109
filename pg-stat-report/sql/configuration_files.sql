-- What do the configuration files say, as they are now, that is not in force: what can't be taken, what waits for a restart, and what
-- may wait for a reload?
-- Costs: reads these files, and the settings once. Needs: superuser, or EXECUTE on pg_show_all_file_settings() and SELECT on the view.
-- Of several lines for one setting the last is meant.
WITH lines AS MATERIALIZED (
    SELECT f.*, f.seqno = max(f.seqno) OVER (PARTITION BY lower(f.name)) AS is_last
    FROM pg_catalog.pg_show_all_file_settings() f
),
-- What the command line, a role, a database or a session sets is in force whatever the files say.
-- The server marks what waits for a restart as it reads the files: they are read before the settings are looked at.
settings AS (
    SELECT s.*, s.context NOT IN ('internal', 'postmaster') AND s.source IN ('default', 'environment variable', 'configuration file') AS is_of_files
    FROM pg_catalog.pg_show_all_settings() s
    WHERE (SELECT count(*) FROM lines) >= 0
)
SELECT CASE WHEN s.pending_restart THEN 'restart' WHEN l.error IS NULL THEN 'reload' ELSE 'error' END AS kind,
       coalesce(s.name, l.name) AS name,
       -- Where no line is left it will be as the server comes.
       CASE WHEN s.pending_restart OR l.error IS NULL THEN coalesce(l.setting, s.boot_val) END AS setting,
       l.sourcefile AS file,
       l.sourceline AS line,
       l.error AS detail,
       s.setting AS in_force,
       pg_catalog.current_setting(s.name, true) AS in_force_words,
       s.vartype AS value_type,
       s.unit
FROM lines l
FULL JOIN settings s ON lower(s.name) = lower(l.name)
WHERE CASE
          WHEN s.pending_restart THEN l.is_last IS NOT FALSE
          WHEN l.error IS NOT NULL THEN true
          ELSE l.is_last IS NOT FALSE AND s.is_of_files AND (l.name IS NOT NULL OR s.source = 'configuration file')
               AND coalesce(l.setting, s.boot_val) IS DISTINCT FROM s.setting
      END
ORDER BY file, line, name;
