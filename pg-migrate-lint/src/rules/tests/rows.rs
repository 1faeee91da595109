//! What other linters, the manual and those who were burnt warn of: each of it is answered by a rule here, by the
//! silence of one where others are wrong, or has a reason why not.

use super::*;

const T: &str = "CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, c varchar(20));";
const P: &str = "CREATE TABLE p (id bigint PRIMARY KEY); CREATE TABLE t (id bigint PRIMARY KEY, a int, p_id bigint);";
const PART: &str = "CREATE TABLE t (id bigint, a int) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (9); CREATE TABLE c (id bigint, a int);";

/// What is warned of by its number, the rule, and a migration of which it speaks.
const SAID: &[(u32, &str, Example)] = &[
    (1, "index-not-concurrent", Example::new("CREATE INDEX i ON t (a);").after(T)),
    (2, "drop-index-not-concurrent", Example::new("DROP INDEX i;").after(T)),
    (3, "reindex-not-concurrent", Example::new("REINDEX TABLE t;").after(T)),
    (4, "cannot-run-in-transaction", Example::new("BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT;").after(T)),
    (4, "cannot-run-in-transaction", Example::new("BEGIN; REINDEX TABLE CONCURRENTLY t; COMMIT;").after(T)),
    (4, "cannot-run-in-transaction", Example::new("DROP INDEX CONCURRENTLY i;").after(T).in_transaction()),
    (4, "cannot-run-in-transaction", Example::new("VACUUM t;").after(T).in_transaction()),
    (4, "cannot-run-in-transaction", Example::new("ALTER TABLE t DETACH PARTITION t1 CONCURRENTLY;").after(PART).in_transaction()),
    (6, "timeout-breaks-concurrent-build", Example::new("SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY i ON t (a);").after(T)),
    (7, "invalid-index-kept", Example::new("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);").after(T)),
    (8, "not-repeatable", Example::new("CREATE INDEX CONCURRENTLY ON t (a);").after(T)),
    (9, "partitioned-index", Example::new("CREATE INDEX CONCURRENTLY i ON t (a);").after(PART)),
    (10, "redundant-index", Example::new("CREATE INDEX CONCURRENTLY j ON t (a);").after("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a, b);")),
    (11, "wide-index", Example::new("CREATE INDEX CONCURRENTLY i ON t (id, a, b, c);").after(T)),
    (12, "index-method", Example::new("CREATE INDEX CONCURRENTLY i ON t USING hash (a);").after(T).on(9)),
    (13, "concurrent-build-corrupts", Example::new("CREATE INDEX CONCURRENTLY i ON t (a);").after(T).on(14).minor(2)),
    (14, "index-gap", Example::new("DROP INDEX CONCURRENTLY i; CREATE INDEX CONCURRENTLY j ON t (a, b);").after("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a);")),
    (15, "foreign-key-without-index", Example::new("ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p NOT VALID;").after(P)),
    (16, "vector-dimensions", Example::new("CREATE INDEX CONCURRENTLY i ON t USING hnsw (v vector_l2_ops);").after("CREATE TABLE t (v vector(3000));")),
    (17, "lock-held-during-work", Example::new("ALTER TABLE t ADD COLUMN d int; CREATE INDEX i ON t (a);").after(T).in_transaction()),
    (18, "drop-refused", Example::new("DROP INDEX t_pkey;").after(T)),
    (19, "table-copied", Example::new("ALTER TABLE t SET TABLESPACE fast;").after(T)),
    (19, "table-copied", Example::new("ALTER INDEX i SET TABLESPACE fast;").after("CREATE TABLE t (a int); CREATE INDEX i ON t (a);")),
    (20, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d int DEFAULT 5;").after(T).on(10)),
    (21, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d uuid DEFAULT gen_random_uuid();").after(T)),
    (22, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d bigserial;").after(T)),
    (23, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d bigint GENERATED ALWAYS AS IDENTITY;").after(T)),
    (24, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d int GENERATED ALWAYS AS (a * 2) STORED;").after(T)),
    (25, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d pos DEFAULT 5;").after("CREATE DOMAIN pos AS int CHECK (VALUE > 0); CREATE TABLE t (a int);")),
    (26, "required-column", Example::new("ALTER TABLE t ADD COLUMN d int NOT NULL;").after(T)),
    (27, "add-column-scans", Example::new("ALTER TABLE t ADD COLUMN d int CHECK (d > 0);").after(T)),
    (28, "add-column-scans", Example::new("ALTER TABLE t ADD COLUMN d bigint DEFAULT 1 REFERENCES p;").after(P)),
    (29, "add-column-scans", Example::new("ALTER TABLE t ADD COLUMN d int UNIQUE;").after(T)),
    (30, "json-column", Example::new("ALTER TABLE t ADD COLUMN d json;").after(T)),
    (31, "set-not-null-scans", Example::new("ALTER TABLE t ALTER COLUMN a SET NOT NULL;").after(T)),
    (32, "set-not-null-scans", Example::new("ALTER TABLE t ADD COLUMN d int DEFAULT 1, ALTER COLUMN d SET NOT NULL;").after(T)),
    (33, "type-change-rewrites", Example::new("ALTER TABLE t ALTER COLUMN a TYPE bigint;").after(T)),
    (35, "type-change-rewrites", Example::new("ALTER TABLE t ALTER COLUMN a TYPE timestamptz;").after("CREATE TABLE t (a timestamp);")),
    (36, "type-change-rewrites", Example::new("ALTER TABLE t ALTER COLUMN a TYPE text;").after("CREATE TABLE t (a varchar(9) CHECK (a > ''));")),
    (37, "view-depends-on-column", Example::new("ALTER TABLE t ALTER COLUMN a TYPE bigint;").after("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;")),
    (38, "set-not-null-scans", Example::new("ALTER TABLE t ALTER COLUMN c TYPE text, ALTER COLUMN c SET NOT NULL;").after(T)),
    (39, "type-change-rewrites", Example::new("ALTER TABLE t ALTER COLUMN b TYPE text COLLATE \"C\";").after("CREATE TABLE t (b text); CREATE INDEX i ON t (b);")),
    (40, "narrowing-type", Example::new("ALTER TABLE t ALTER COLUMN a TYPE smallint;").after(T)),
    (41, "type-change-rewrites", Example::new("ALTER TABLE t ALTER COLUMN b SET EXPRESSION AS (a * 3);").after("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED);")),
    (42, "missing-lock-timeout", Example::new("ALTER TABLE t ALTER COLUMN b SET STORAGE external;").after(T)),
    (43, "missing-lock-timeout", Example::new("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;").after(T)),
    (43, "missing-lock-timeout", Example::new("ALTER TABLE t DROP COLUMN IF EXISTS z;").after(T)),
    (44, "check-without-not-valid", Example::new("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);").after(T)),
    (45, "foreign-key-without-not-valid", Example::new("ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p;").after(P)),
    (45, "not-valid-refused", Example::new("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT VALID;").after("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int, a int) PARTITION BY RANGE (id);").on(15)),
    (46, "validate-in-same-transaction", Example::new("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k;").after(T).in_transaction()),
    (47, "key-builds-index", Example::new("ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);").after(T)),
    (48, "key-builds-index", Example::new("ALTER TABLE t ADD PRIMARY KEY (a);").after("CREATE TABLE t (a int);")),
    (49, "key-builds-index", Example::new("ALTER TABLE t ADD PRIMARY KEY USING INDEX i;").after("CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a);")),
    (50, "exclusion-constraint", Example::new("ALTER TABLE t ADD CONSTRAINT e EXCLUDE USING gist (a WITH =);").after(T)),
    (51, "foreign-key-locks-other-table", Example::new("ALTER TABLE t DROP CONSTRAINT t_p_id_fkey;").after("CREATE TABLE p (id bigint PRIMARY KEY); CREATE TABLE t (p_id bigint REFERENCES p);")),
    (52, "missing-lock-timeout", Example::new("CREATE TABLE u (p_id bigint REFERENCES p);").after(P)),
    (53, "missing-lock-timeout", Example::new("ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p NOT VALID; ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES q NOT VALID;").after("CREATE TABLE p (id bigint PRIMARY KEY); CREATE TABLE q (id bigint PRIMARY KEY); CREATE TABLE t (a bigint, p_id bigint);").in_transaction()),
    (54, "domain-constraint-scans", Example::new("ALTER DOMAIN d ADD CHECK (VALUE > 0);").after("CREATE DOMAIN d AS int; CREATE TABLE t (a d);")),
    (54, "domain-constraint-scans", Example::new("ALTER DOMAIN d SET NOT NULL;").after("CREATE DOMAIN d AS int; CREATE TABLE t (a d);")),
    (55, "table-copied", Example::new("VACUUM FULL t;").after(T)),
    (55, "table-copied", Example::new("CLUSTER t USING t_pkey;").after(T)),
    (56, "table-copied", Example::new("ALTER TABLE t SET UNLOGGED;").after(T)),
    (57, "table-copied", Example::new("ALTER TABLE t SET ACCESS METHOD columnar;").after(T)),
    (58, "lock-table", Example::new("LOCK TABLE t;").after(T).in_transaction()),
    (59, "missing-lock-timeout", Example::new("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();").after(T)),
    (60, "missing-lock-timeout", Example::new("ALTER TABLE t ENABLE ROW LEVEL SECURITY;").after(T)),
    (60, "missing-lock-timeout", Example::new("ALTER TABLE t REPLICA IDENTITY FULL;").after(T)),
    (61, "attach-partition-scans", Example::new("ALTER TABLE t ATTACH PARTITION c FOR VALUES FROM (10) TO (20);").after(PART)),
    (62, "detach-partition-blocks", Example::new("ALTER TABLE t DETACH PARTITION t1;").after(PART)),
    (63, "partition-of-locks-parent", Example::new("CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20);").after(PART)),
    (64, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d uuid DEFAULT gen_random_uuid();").after(PART)),
    (65, "refresh-blocks-readers", Example::new("REFRESH MATERIALIZED VIEW v;").after("CREATE TABLE t (a int); CREATE MATERIALIZED VIEW v AS SELECT a FROM t;")),
    (66, "lock-held-during-work", Example::new("ALTER TABLE t ADD COLUMN d int; CREATE TABLE u AS SELECT * FROM t;").after(T).in_transaction()),
    (68, "several-tables-locked", Example::new("ALTER TABLE t ADD COLUMN d int; ALTER TABLE p ADD COLUMN d int;").after(P).in_transaction()),
    (69, "lock-held-during-work", Example::new("ALTER TABLE t ADD COLUMN d int; UPDATE p SET id = id + 1;").after(P).in_transaction()),
    (70, "lock-held-during-work", Example::new("ALTER TABLE t ADD COLUMN d int; ALTER TABLE p ALTER COLUMN id TYPE numeric;").after(P).in_transaction()),
    (71, "repeated-rewrite", Example::new("ALTER TABLE t ALTER COLUMN a TYPE bigint; ALTER TABLE t ALTER COLUMN b TYPE int USING 1;").after(T)),
    (75, "drop-table", Example::new("DROP TABLE t;").after(T)),
    (76, "drop-table", Example::new("DROP TABLE t CASCADE;").after(T)),
    (77, "drop-column", Example::new("ALTER TABLE t DROP COLUMN a;").after(T)),
    (78, "drop-column", Example::new("ALTER TABLE t DROP COLUMN id;").after(T)),
    (79, "drop-schema-or-database", Example::new("DROP SCHEMA app CASCADE;")),
    (80, "drop-schema-or-database", Example::new("DROP DATABASE app;")),
    (81, "drop-schema-or-database", Example::new("DROP OWNED BY app;")),
    (82, "truncate", Example::new("TRUNCATE t CASCADE;").after(T)),
    (83, "delete-all", Example::new("DELETE FROM t;").after(T)),
    (84, "unbatched-write", Example::new("UPDATE t SET a = 1;").after(T)),
    (85, "drop-cascade", Example::new("DROP TYPE e CASCADE;").after("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a e);")),
    (85, "drop-refused", Example::new("DROP TYPE e;").after("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a e);")),
    (85, "dropped-object", Example::new("DROP VIEW v;").after("CREATE VIEW v AS SELECT 1 AS a;")),
    (86, "rename-object", Example::new("ALTER TYPE e RENAME VALUE 'a' TO 'b';").after("CREATE TYPE e AS ENUM ('a');")),
    (87, "trigger-disabled", Example::new("ALTER TABLE t DISABLE TRIGGER ALL;").after(T)),
    (87, "trigger-disabled", Example::new("SET session_replication_role = replica;")),
    (88, "unlogged-table", Example::new("CREATE UNLOGGED TABLE u (a int);")),
    (89, "table-exchanged", Example::new("CREATE TABLE __new (LIKE t); INSERT INTO __new SELECT * FROM t; ALTER TABLE t RENAME TO old; ALTER TABLE __new RENAME TO t;").after(T)),
    (89, "drop-table", Example::new("CREATE TABLE __new (LIKE t); INSERT INTO __new SELECT * FROM t; DROP TABLE t; ALTER TABLE __new RENAME TO t;").after(T)),
    (90, "cascading-delete", Example::new("ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p ON DELETE CASCADE NOT VALID;").after(P)),
    (91, "rename-column", Example::new("ALTER TABLE t RENAME COLUMN a TO z;").after(T)),
    (92, "rename-object", Example::new("ALTER TABLE t RENAME TO z;").after(T)),
    (93, "rename-object", Example::new("ALTER SCHEMA s RENAME TO z;").after("CREATE SCHEMA s;")),
    (93, "rename-object", Example::new("ALTER TYPE e RENAME TO z;").after("CREATE TYPE e AS ENUM ('a');")),
    (93, "rename-object", Example::new("ALTER FUNCTION f() RENAME TO z;").after("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';")),
    (94, "rename-object", Example::new("ALTER TABLE t SET SCHEMA s;").after(T)),
    (95, "drop-not-null", Example::new("ALTER TABLE t ALTER COLUMN a DROP NOT NULL;").after("CREATE TABLE t (a int NOT NULL);")),
    (96, "drop-default", Example::new("ALTER TABLE t ALTER COLUMN a DROP DEFAULT;").after("CREATE TABLE t (a int NOT NULL DEFAULT 1);")),
    (97, "new-restriction", Example::new("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;").after(T)),
    (98, "replaced-definition", Example::new("CREATE OR REPLACE VIEW v AS SELECT 1 AS a, 2 AS b;").after("CREATE VIEW v AS SELECT 1 AS a;")),
    (99, "enum-value-added", Example::new("ALTER TYPE e ADD VALUE 'b';").after("CREATE TYPE e AS ENUM ('a');")),
    (100, "function-left-behind", Example::new("ALTER TABLE t RENAME COLUMN a TO z;").after("CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS 'begin return (select sum(a) from t); end';")),
    (101, "primary-key-dropped", Example::new("ALTER TABLE t DROP CONSTRAINT t_pkey;").after(T)),
    (101, "publication-without-key", Example::new("ALTER TABLE t REPLICA IDENTITY NOTHING;").after("CREATE TABLE t (id bigint PRIMARY KEY); CREATE PUBLICATION feed FOR TABLE t;")),
    (102, "privileges-changed", Example::new("REVOKE SELECT ON t FROM app;").after(T)),
    (102, "privileges-changed", Example::new("GRANT SELECT ON t TO PUBLIC;").after(T)),
    (103, "row-security-incomplete", Example::new("ALTER TABLE t ENABLE ROW LEVEL SECURITY;").after(T)),
    (104, "enum-value-in-transaction", Example::new("ALTER TYPE e ADD VALUE 'x'; INSERT INTO t VALUES ('x');").after("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a e);").in_transaction()),
    (105, "enum-value-in-transaction", Example::new("ALTER TYPE e ADD VALUE 'x';").after("CREATE TYPE e AS ENUM ('a');").in_transaction().on(11)),
    (106, "duplicate-column", Example::new("UPDATE t SET a = 1, a = 2 WHERE id = 1;").after(T)),
    (106, "duplicate-column", Example::new("ALTER TABLE t ADD z int, ADD z int;").after(T)),
    (107, "partition-key-missing", Example::new("ALTER TABLE t ADD PRIMARY KEY (a);").after(PART)),
    (108, "not-immutable", Example::new("CREATE INDEX CONCURRENTLY i ON t ((now() + a));").after("CREATE TABLE t (a interval);")),
    (109, "key-type-mismatch", Example::new("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT VALID;").after(P)),
    (110, "foreign-key-without-key", Example::new("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t (b) NOT VALID;").after("CREATE TABLE t (a int, b int);")),
    (111, "integer-key", Example::new("CREATE TABLE u (id int PRIMARY KEY);")),
    (112, "missing-primary-key", Example::new("CREATE TABLE u (id int);")),
    (113, "missing-primary-key", Example::new("CREATE TABLE u (id int NOT NULL UNIQUE);")),
    (114, "existing-table-kept", Example::new("CREATE TABLE IF NOT EXISTS t (id bigint, other text);").after(T)),
    (115, "constraint-not-enforced", Example::new("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;").after(T)),
    (116, "sequence-behind", Example::new("INSERT INTO t (id) VALUES (1);").after("CREATE TABLE t (id serial PRIMARY KEY);")),
    (117, "open-search-path", Example::new("CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';")),
    (118, "unnamed-constraint", Example::new("ALTER TABLE t ADD CHECK (a > 0) NOT VALID;").after(T)),
    (119, "missing-comment", Example::new("CREATE TABLE u (id bigint PRIMARY KEY);")),
    (120, "insert-without-columns", Example::new("INSERT INTO t VALUES (1, 2, '', '');").after(T)),
    (121, "schema-and-data-mixed", Example::new("ALTER TABLE t ADD COLUMN d int; UPDATE t SET d = 1 WHERE id = 1;").after(T)),
    (122, "missing-analyze", Example::new("ALTER TABLE t ALTER COLUMN a TYPE bigint;").after(T)),
    (123, "missing-lock-timeout", Example::new("ALTER TABLE t ADD COLUMN d int;").after(T)),
    (124, "missing-statement-timeout", Example::new("ALTER TABLE t ALTER COLUMN a TYPE bigint;").after(T)),
    (125, "missing-idle-timeout", Example::new("BEGIN; ALTER TABLE t ADD COLUMN d int; COMMIT;").after(T)),
    (126, "endless-lock-timeout", Example::new("SET lock_timeout = 0; ALTER TABLE t ADD COLUMN d int;").after(T)),
    (126, "endless-lock-timeout", Example::new("SET lock_timeout = '1h'; ALTER TABLE t ADD COLUMN d int;").after(T)),
    (126, "missing-lock-timeout", Example::new("ALTER TABLE t ADD COLUMN d int; SET lock_timeout = '2s';").after(T)),
    (127, "uncommitted-transaction", Example::new("BEGIN; ALTER TABLE t ADD COLUMN d int;").after(T)),
    (128, "nested-transaction", Example::new("BEGIN; ALTER TABLE t ADD COLUMN d int; COMMIT;").after(T).in_transaction()),
    (129, "cannot-run-in-transaction", Example::new("CREATE INDEX CONCURRENTLY i ON t (a);").after(T).in_transaction()),
    (130, "prepared-transaction", Example::new("BEGIN; ALTER TABLE t ADD COLUMN d int; PREPARE TRANSACTION 'x';").after(T)),
    (132, "set-local-without-transaction", Example::new("SET LOCAL lock_timeout = '2s'; ALTER TABLE t ADD COLUMN d int;").after(T)),
    (133, "char-type", Example::new("CREATE TABLE u (a char(5));")),
    (134, "varchar-limit", Example::new("CREATE TABLE u (a varchar(5));")),
    (135, "timestamp-without-zone", Example::new("CREATE TABLE u (a timestamp);")),
    (136, "timestamp-precision", Example::new("CREATE TABLE u (a timestamptz(0));")),
    (137, "integer-key", Example::new("CREATE TABLE u (id smallint PRIMARY KEY);")),
    (138, "serial-column", Example::new("CREATE TABLE u (id bigserial PRIMARY KEY);")),
    (139, "json-column", Example::new("CREATE TABLE u (a json);")),
    (140, "money-column", Example::new("CREATE TABLE u (a money);")),
    (141, "float-money", Example::new("CREATE TABLE u (price float);")),
    (142, "enum-type", Example::new("CREATE TYPE e AS ENUM ('a');")),
    (143, "unqualified-name", Example::new("CREATE TABLE u (a int);")),
    (144, "identifier-cut", Example::new("CREATE TABLE a123456789012345678901234567890123456789012345678901234567890123 (a int);")),
    (145, "quoted-name", Example::new("CREATE TABLE \"Users\" (a int);")),
    (146, "column-padding", Example::new("CREATE TABLE u (a boolean, b bigint, c boolean, d bigint, e boolean, f bigint);")),
    (148, "not-repeatable", Example::new("CREATE TABLE u (a int);")),
    (148, "not-repeatable", Example::new("DROP TABLE t;").after(T)),
    (149, "not-repeatable", Example::new("ALTER TYPE e ADD VALUE 'b';").after("CREATE TYPE e AS ENUM ('a');")),
    (150, "invalid-index-kept", Example::new("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);").after(T)),
    (153, "unseen-code", Example::new("DO $$ BEGIN EXECUTE 'DROP TABLE ' || current_user; END $$;")),
    (153, "drop-table", Example::new("DO $$ BEGIN EXECUTE 'DROP TABLE t'; END $$;").after(T)),
];

/// What others report although nothing is wrong: the rule that stays silent.
const SILENT: &[(u32, &str, Example)] = &[
    (9, "partitioned-index", Example::new("CREATE INDEX i ON ONLY t (a);").after(PART)),
    (9, "index-not-concurrent", Example::new("CREATE INDEX i ON ONLY t (a);").after(PART)),
    (20, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d int DEFAULT 5, ADD COLUMN e timestamptz DEFAULT now();").after(T)),
    (21, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d text DEFAULT upper('x');").after(T)),
    (24, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d int GENERATED ALWAYS AS (a * 2) VIRTUAL;").after(T)),
    (25, "add-column-rewrites", Example::new("ALTER TABLE t ADD COLUMN d num DEFAULT 5;").after("CREATE DOMAIN num AS int; CREATE TABLE t (a int);")),
    (28, "add-column-scans", Example::new("ALTER TABLE t ADD COLUMN d bigint REFERENCES p;").after(P)),
    (28, "foreign-key-without-not-valid", Example::new("ALTER TABLE t ADD COLUMN d bigint REFERENCES p;").after(P)),
    (31, "set-not-null-scans", Example::new("ALTER TABLE t ALTER COLUMN a SET NOT NULL;").after("CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k;")),
    (34, "type-change-rewrites", Example::new("ALTER TABLE t ALTER COLUMN c TYPE varchar(30), ALTER COLUMN b TYPE varchar;").after(T)),
    (34, "type-change-rewrites", Example::new("ALTER TABLE t ALTER COLUMN a TYPE numeric(9, 2), ALTER COLUMN b TYPE inet;").after("CREATE TABLE t (a numeric(6, 2), b cidr);")),
    (35, "type-change-rewrites", Example::new("SET timezone = 'UTC'; ALTER TABLE t ALTER COLUMN a TYPE timestamptz;").after("CREATE TABLE t (a timestamp);")),
    (42, "missing-lock-timeout", Example::new("ALTER TABLE t ALTER COLUMN a SET STATISTICS 500;").after(T)),
    (67, "missing-lock-timeout", Example::new("CREATE STATISTICS s ON a, b FROM t; ANALYZE t;").after(T)),
    (77, "drop-column", Example::new("BEGIN; CREATE TABLE u (a int, b int); ALTER TABLE u DROP COLUMN b; COMMIT;")),
    (93, "rename-object", Example::new("ALTER INDEX i RENAME TO j;").after("CREATE TABLE t (a int); CREATE INDEX i ON t (a);")),
    (105, "enum-value-in-transaction", Example::new("ALTER TYPE e ADD VALUE 'x';").after("CREATE TYPE e AS ENUM ('a');").in_transaction()),
    (123, "missing-lock-timeout", Example::new("SELECT set_config('lock_timeout', '2s', false); ALTER TABLE t ADD COLUMN d int;").after(T)),
];

/// What the folder shows: the rule, whose examples are folders and are run with the layouts.
const OF_FOLDERS: &[(u32, &str)] = &[
    (5, "mixed-transaction"),
    (151, "missing-down"),
    (154, "version-out-of-order"),
    (155, "duplicate-version"),
    (155, "version-gap"),
    (159, "edited-migration"),
    (160, "removed-migration"),
    (161, "journal-not-increasing"),
    (162, "journal-without-file"),
    (162, "folder-without-migration"),
    (163, "other-database"),
    (164, "plan-without-script"),
    (165, "skipped-file"),
];

/// What no rule speaks of, and why.
const OTHERWISE: &[(u32, &str)] = &[
    (72, "who may create an extension is the server's to say"),
    (73, "how large a table is the files do not show"),
    (74, "extensions' own functions"),
    (
        131,
        "a timeout that lasts is what the next migration should have: only SET LOCAL without a transaction is a fault",
    ),
    (147, "compression is a setting, not a fault"),
    (152, "a way back is run by --check-rollback"),
    (
        156,
        "undefined-name and duplicate-name know the order; a name that no file made may have been there before",
    ),
    (
        157,
        "each statement is judged for itself: how many are deployed at once the files do not show",
    ),
    (158, "what is built and thrown away is wasted, and no fault"),
    (166, "--since and --baseline"),
];

/// What all the rules find.
fn rules_of(example: &Example) -> Vec<&'static str> {
    let findings = found_by(RULES, example, example.version);
    findings.iter().map(|finding| finding.rule.name).collect()
}

#[test]
fn each_row_of_the_catalogue_is_answered() {
    let mut wrong = Vec::new();
    for (row, rule, example) in SAID {
        let found = rules_of(example);
        if !found.contains(rule) {
            wrong.push(format!(
                "{row}: {rule} says nothing of {}: {found:?}",
                example.sql
            ));
        }
    }
    for (row, rule, example) in SILENT {
        assert!(find(rule).is_some(), "{rule}");
        if rules_of(example).contains(rule) {
            wrong.push(format!("{row}: {rule} is not silent of {}", example.sql));
        }
    }
    for (row, rule) in OF_FOLDERS {
        let is_shown = find(rule).is_some_and(|rule| !rule.bad.is_empty());
        if !is_shown {
            wrong.push(format!("{row}: {rule} has no example"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_row_is_left_out() {
    const ROWS: u32 = 166;
    let said = SAID.iter().chain(SILENT).map(|(row, _, _)| *row);
    let others = OF_FOLDERS.iter().chain(OTHERWISE).map(|(row, _)| *row);
    let known: HashSet<u32> = said.chain(others).collect();
    let missing: Vec<u32> = (1..=ROWS).filter(|row| !known.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
