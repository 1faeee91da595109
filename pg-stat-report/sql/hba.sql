-- Whom does pg_hba.conf let in, from where, and by which proof?
-- Costs: reads that file. Needs: superuser. It is as it is now, which may not be loaded yet.
-- Of a line that keeps the server from loading the file there is nothing but the error. Where there is more, the server
-- has read the line, and the error says why it never matches (SSL is off, GSSAPI is not built in).
SELECT 'hba' AS kind,
       'line ' || h.line_number AS object, -- before 16
       -- since 16: h.file_name || ':' || h.line_number AS object,
       h.auth_method AS value,
       CASE WHEN h.type IS NULL THEN h.error
            ELSE concat_ws(' ', h.type, array_to_string(h.database, ','), array_to_string(h.user_name, ','),
                           CASE WHEN h.netmask IS NULL OR h.address IN ('all', 'samehost', 'samenet') THEN h.address
                                ELSE h.address || '/' || h.netmask END,
                           h.auth_method, array_to_string(h.options, ' '), '(' || h.error || ')') END AS detail,
       CASE WHEN h.type IS NULL THEN 'error'
            WHEN h.auth_method = 'reject' THEN NULL
            WHEN h.error IS NOT NULL THEN 'never matches'
            WHEN h.auth_method = 'trust' AND l.is_local THEN 'trust on this machine'
            WHEN h.auth_method = 'trust' THEN 'trust'
            WHEN l.is_local THEN NULL
            WHEN h.auth_method = 'password' AND h.type NOT IN ('hostssl', 'hostgssenc') THEN 'password in the clear'
            WHEN h.auth_method = 'ident' THEN 'ident'
            WHEN h.type IN ('host', 'hostnossl') AND (h.address = 'all' OR h.address IN ('0.0.0.0', '::') AND h.netmask = h.address) THEN 'unencrypted'
       END AS risk,
       NULL::bigint AS count
FROM pg_catalog.pg_hba_file_rules h
CROSS JOIN LATERAL (
    SELECT h.type = 'local' OR h.address IN ('samehost', 'localhost', '::1') OR h.address LIKE '127.%' AS is_local
) l
ORDER BY h.line_number; -- before 16
-- since 16: ORDER BY h.rule_number NULLS FIRST, h.line_number;
