//! Migrations that are to be fixed, each with its way back: those whose fix is files, and those of which it may not be.

/// Whether a fix is given as files.
#[derive(Clone, Copy, PartialEq)]
pub enum Files {
    Yes,
    No,
    /// Only where the project has no ways back.
    WithoutBack,
}

/// A migration that is to be fixed, between one that is there and perhaps one that comes later.
pub struct Case {
    pub rule: &'static str,
    pub before: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub later: &'static str,
    pub files: Files,
    /// What is refused as a duplicate after each file, up and back; empty where nothing is.
    pub guard: &'static str,
}

const fn case(rule: &'static str, up: &'static str, down: &'static str) -> Case {
    Case {
        rule,
        before: "",
        up,
        down,
        later: "",
        files: Files::Yes,
        guard: "",
    }
}

impl Case {
    const fn after(self, before: &'static str) -> Self {
        Self { before, ..self }
    }

    const fn and_later(self, later: &'static str) -> Self {
        Self { later, ..self }
    }

    const fn guarding(self, guard: &'static str) -> Self {
        Self { guard, ..self }
    }

    const fn given(self, files: Files) -> Self {
        Self { files, ..self }
    }
}

/// What is there: tables with rows.
pub const BEFORE: &str = "CREATE TABLE t (id int PRIMARY KEY, k text, n int);\n\
    CREATE TABLE u (id int PRIMARY KEY, t_id int);\n\
    INSERT INTO t SELECT i, 'k' || i, i FROM generate_series(1, 5) i;\n\
    INSERT INTO u SELECT i, i FROM generate_series(1, 5) i;\n";

const PARTITIONS: &str = "CREATE TABLE p (n int NOT NULL, k text NOT NULL) PARTITION BY LIST (n);\n\
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
    CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\n\
    INSERT INTO p VALUES (1, 'a'), (2, 'b');\n";

pub const CASES: &[Case] = &[
    case(
        "index-not-concurrent",
        "CREATE TABLE plans (name text);\nCREATE INDEX tk ON t (k);\n",
        "DROP INDEX tk;\nDROP TABLE plans;\n",
    ),
    case("index-not-concurrent", "CREATE INDEX tk ON t (k);\n", "DROP INDEX tk;\n"),
    case(
        "index-not-concurrent",
        "CREATE INDEX tk ON t (k);\nCREATE INDEX tn ON t (n);\n",
        "DROP INDEX IF EXISTS tk, tn;\n",
    ),
    case(
        "index-not-concurrent",
        "CREATE INDEX ON t (k);\nALTER TABLE t ADD COLUMN c int;\n",
        "ALTER TABLE t DROP COLUMN c;\nDROP INDEX t_k_idx;\n",
    ),
    case(
        "index-not-concurrent",
        "CREATE UNIQUE INDEX \"It's k\" ON t (k);\nALTER TABLE u ADD COLUMN c int;\n",
        "ALTER TABLE u DROP COLUMN c;\nDROP INDEX \"It's k\";\n",
    ),
    case(
        "index-not-concurrent",
        "CREATE INDEX tk ON t (k);\nCREATE INDEX tn ON t (n);\nCREATE TABLE plans (name text);\n",
        "DROP TABLE plans;\nDROP INDEX tn;\nDROP INDEX tk;\n",
    )
    .and_later("CREATE TABLE z (id int);\n"),
    case(
        "check-without-not-valid",
        "ALTER TABLE t ADD CONSTRAINT pos CHECK (n > 0);\nCREATE TABLE plans (name text);\n",
        "DROP TABLE plans;\nALTER TABLE t DROP CONSTRAINT pos;\n",
    ),
    case(
        "check-without-not-valid",
        "ALTER TABLE t ADD CHECK (n > 0);\n",
        "ALTER TABLE t DROP CONSTRAINT t_n_check1;\n",
    )
    .after("ALTER TABLE t ADD CHECK (n < 100);\n"),
    case(
        "foreign-key-without-not-valid",
        "ALTER TABLE u ADD FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE;\n",
        "ALTER TABLE u DROP CONSTRAINT u_t_id_fkey;\n",
    ),
    case(
        "key-builds-index",
        "ALTER TABLE t ADD CONSTRAINT one UNIQUE (k);\nCREATE TABLE plans (name text);\n",
        "DROP TABLE plans;\nALTER TABLE t DROP CONSTRAINT one;\n",
    ),
    case(
        "key-builds-index",
        "ALTER TABLE t ADD UNIQUE (k) INCLUDE (n);\n",
        "ALTER TABLE t DROP CONSTRAINT t_k_n_key;\n",
    ),
    case(
        "key-builds-index",
        "ALTER TABLE v ADD PRIMARY KEY (a);\n",
        "ALTER TABLE v DROP CONSTRAINT v_pkey;\n",
    )
    .after("CREATE TABLE v (a int, b int);\nINSERT INTO v VALUES (1, 1), (2, 2);\n"),
    case(
        "key-builds-index",
        "ALTER TABLE p ADD CONSTRAINT one UNIQUE (n, k);\n",
        "ALTER TABLE p DROP CONSTRAINT one;\n",
    )
    .after(PARTITIONS),
    case(
        "set-not-null-scans",
        "CREATE TABLE plans (name text);\nALTER TABLE t ALTER COLUMN k SET NOT NULL;\n",
        "ALTER TABLE t ALTER COLUMN k DROP NOT NULL;\nDROP TABLE plans;\n",
    ),
    case(
        "set-not-null-scans",
        "ALTER TABLE t ALTER COLUMN k SET NOT NULL;\n",
        "ALTER TABLE t ALTER COLUMN k DROP NOT NULL;\n",
    ),
    case(
        "add-column-scans",
        "ALTER TABLE t ADD COLUMN code text UNIQUE CHECK (code <> '');\n",
        "ALTER TABLE t DROP COLUMN code;\n",
    ),
    case(
        "add-column-scans",
        "ALTER TABLE u ADD COLUMN other int DEFAULT 1 NOT NULL REFERENCES t (id);\n",
        "ALTER TABLE u DROP COLUMN other;\n",
    ),
    case(
        "drop-index-not-concurrent",
        "CREATE TABLE plans (name text);\nDROP INDEX tk;\n",
        "CREATE INDEX tk ON t (k);\nDROP TABLE plans;\n",
    )
    .after("CREATE INDEX tk ON t (k);\n"),
    case("drop-index-not-concurrent", "DROP INDEX tk;\n", "CREATE INDEX tk ON t (k);\n")
        .after("CREATE INDEX tk ON t (k);\n"),
    case(
        "reindex-not-concurrent",
        "CREATE TABLE plans (name text);\nREINDEX INDEX t_pkey;\n",
        "DROP TABLE plans;\n",
    ),
    case(
        "validate-in-same-transaction",
        "ALTER TABLE t ADD CONSTRAINT pos CHECK (n > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT pos;\n",
        "ALTER TABLE t DROP CONSTRAINT pos;\n",
    ),
    case("partitioned-index", "CREATE INDEX pk ON p (k);\n", "DROP INDEX pk;\n").after(PARTITIONS),
    case(
        "function-of-index-replaced",
        "CREATE OR REPLACE FUNCTION norm(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';\n",
        "CREATE OR REPLACE FUNCTION norm(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';\n",
    )
    .after(
        "CREATE FUNCTION norm(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';\n\
         CREATE INDEX tk ON t (norm(k));\n",
    ),
    // What takes the place of a key comes in the moment in which that goes.
    case(
        "key-builds-index",
        "ALTER TABLE t DROP CONSTRAINT tk;\nALTER TABLE t ADD CONSTRAINT tk UNIQUE (k) INCLUDE (n);\n",
        "ALTER TABLE t DROP CONSTRAINT tk;\nALTER TABLE t ADD CONSTRAINT tk UNIQUE (k);\n",
    )
    .after("ALTER TABLE t ADD CONSTRAINT tk UNIQUE (k);\n")
    .guarding("INSERT INTO t VALUES (9, 'k1', 9)"),
    case(
        "key-builds-index",
        "CREATE TABLE plans (name text);\nALTER TABLE t DROP CONSTRAINT tk;\nCREATE TABLE more (name text);\n\
         ALTER TABLE t ADD CONSTRAINT tkn UNIQUE (k, n) DEFERRABLE;\nALTER TABLE u ADD COLUMN c int;\n",
        "ALTER TABLE u DROP COLUMN c;\nDROP TABLE more;\nALTER TABLE t DROP CONSTRAINT tkn;\n\
         ALTER TABLE t ADD CONSTRAINT tk UNIQUE (k);\nDROP TABLE plans;\n",
    )
    .after("ALTER TABLE t ADD CONSTRAINT tk UNIQUE (k);\n")
    .guarding("INSERT INTO t VALUES (9, 'k1', 1)"),
    case(
        "key-builds-index",
        "ALTER TABLE t DROP CONSTRAINT IF EXISTS tk, ADD CONSTRAINT tk UNIQUE (k) INCLUDE (n);\n",
        "ALTER TABLE t DROP CONSTRAINT tk, ADD CONSTRAINT tk UNIQUE (k);\n",
    )
    .after("ALTER TABLE t ADD CONSTRAINT tk UNIQUE (k);\n")
    .guarding("INSERT INTO t VALUES (9, 'k1', 9)"),
    case(
        "key-builds-index",
        "ALTER TABLE t DROP CONSTRAINT t_pkey;\nALTER TABLE t ADD PRIMARY KEY (id, k);\n",
        "ALTER TABLE t DROP CONSTRAINT t_pkey;\nALTER TABLE t ADD PRIMARY KEY (id);\nALTER TABLE t ALTER k DROP NOT NULL;\n",
    )
    .guarding("INSERT INTO t VALUES (1, 'k1', 9)"),
    case(
        "key-builds-index",
        "DROP INDEX tk;\nALTER TABLE t ADD CONSTRAINT tk UNIQUE (k);\n",
        "ALTER TABLE t DROP CONSTRAINT tk;\nCREATE UNIQUE INDEX tk ON t (k);\n",
    )
    .after("CREATE UNIQUE INDEX tk ON t (k);\n")
    .guarding("INSERT INTO t VALUES (9, 'k1', 9)"),
    case(
        "index-not-concurrent",
        "DROP INDEX IF EXISTS tk;\nCREATE UNIQUE INDEX IF NOT EXISTS tk ON t (k) WHERE n > 0;\n",
        "DROP INDEX tk;\nCREATE UNIQUE INDEX tk ON t (k);\n",
    )
    .after("CREATE UNIQUE INDEX tk ON t (k);\n")
    .guarding("INSERT INTO t VALUES (9, 'k1', 9)"),
    case(
        "index-not-concurrent",
        "ALTER TABLE t DROP CONSTRAINT \"T k\";\nCREATE UNIQUE INDEX \"T k\" ON t (k) WHERE n > 0;\n",
        "DROP INDEX \"T k\";\nALTER TABLE t ADD CONSTRAINT \"T k\" UNIQUE (k);\n",
    )
    .after("ALTER TABLE t ADD CONSTRAINT \"T k\" UNIQUE (k);\n")
    .guarding("INSERT INTO t VALUES (9, 'k1', 9)"),
    case(
        "index-not-concurrent",
        "CREATE TABLE plans (name text);\nDROP INDEX tk;\nCREATE INDEX tk ON t (k, id);\n",
        "DROP INDEX tk;\nCREATE INDEX tk ON t (k);\nDROP TABLE plans;\n",
    )
    .after("CREATE INDEX tk ON t (k);\n"),
    // Where that is not sure, people do it.
    case(
        "index-not-concurrent",
        "CREATE UNIQUE INDEX tkn ON t (k) INCLUDE (n);\nDROP INDEX tk;\n",
        "CREATE UNIQUE INDEX tk ON t (k);\nDROP INDEX tkn;\n",
    )
    .after("CREATE UNIQUE INDEX tk ON t (k);\n")
    .given(Files::No),
    case(
        "key-builds-index",
        "ALTER TABLE t DROP CONSTRAINT tk, ADD COLUMN c int;\nALTER TABLE t ADD CONSTRAINT tk UNIQUE (k) INCLUDE (n);\n",
        "ALTER TABLE t DROP CONSTRAINT tk;\nALTER TABLE t ADD CONSTRAINT tk UNIQUE (k), DROP COLUMN c;\n",
    )
    .after("ALTER TABLE t ADD CONSTRAINT tk UNIQUE (k);\n")
    .given(Files::No),
    case(
        "key-builds-index",
        "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE;\nALTER TABLE t ADD PRIMARY KEY (id, n);\n\
         ALTER TABLE t ADD UNIQUE (id);\nALTER TABLE u ADD FOREIGN KEY (t_id) REFERENCES t (id);\n",
        "",
    )
    .after("ALTER TABLE u ADD FOREIGN KEY (t_id) REFERENCES t;\n")
    .given(Files::No),
    case(
        "key-builds-index",
        "ALTER TABLE u DROP CONSTRAINT ut;\nALTER TABLE t DROP CONSTRAINT t_pkey;\nALTER TABLE t ADD PRIMARY KEY (id) INCLUDE (n);\n\
         ALTER TABLE u ADD CONSTRAINT ut FOREIGN KEY (t_id) REFERENCES t;\n",
        "",
    )
    .after("ALTER TABLE u ADD CONSTRAINT ut FOREIGN KEY (t_id) REFERENCES t;\n")
    .given(Files::No),
    case(
        "key-builds-index",
        "ALTER TABLE t DROP COLUMN id;\nALTER TABLE t ADD PRIMARY KEY (n);\n",
        "",
    )
    .given(Files::No),
    // What comes behind needs it, or changes what it is of.
    case(
        "index-not-concurrent",
        "CREATE UNIQUE INDEX tk ON t (k);\nINSERT INTO t VALUES (9, 'k1') ON CONFLICT (k) DO NOTHING;\n",
        "DROP INDEX tk;\n",
    )
    .given(Files::No),
    case(
        "key-builds-index",
        "ALTER TABLE t ADD CONSTRAINT tk UNIQUE (k);\nCREATE TABLE w (k text REFERENCES t (k));\n",
        "DROP TABLE w;\nALTER TABLE t DROP CONSTRAINT tk;\n",
    )
    .given(Files::No),
    case(
        "index-not-concurrent",
        "CREATE INDEX tk ON t (k);\nCOMMENT ON INDEX tk IS 'x';\n",
        "DROP INDEX tk;\n",
    )
    .given(Files::No),
    case(
        "index-not-concurrent",
        "CREATE UNIQUE INDEX tk ON t (id);\nALTER TABLE t REPLICA IDENTITY USING INDEX tk;\n",
        "ALTER TABLE t REPLICA IDENTITY DEFAULT;\nDROP INDEX tk;\n",
    )
    .given(Files::No),
    case(
        "drop-index-not-concurrent",
        "DROP INDEX tk;\nCREATE INDEX tk ON t (k, id);\n",
        "DROP INDEX tk;\nCREATE INDEX tk ON t (k);\n",
    )
    .after("CREATE INDEX tk ON t (k);\n")
    .given(Files::No),
    case(
        "set-not-null-scans",
        "ALTER TABLE t ALTER k SET NOT NULL;\nCREATE TABLE plans (name text);\nALTER TABLE t ALTER k DROP NOT NULL;\n",
        "DROP TABLE plans;\n",
    )
    .given(Files::No),
    case(
        "index-not-concurrent",
        "CREATE INDEX tk ON t (k);\nDO $x$ BEGIN EXECUTE 'ALTER INDEX t' || 'k RENAME TO tj'; END $x$;\n",
        "DROP INDEX tj;\n",
    )
    .given(Files::No),
    // What stands before it decides what it means.
    case(
        "index-not-concurrent",
        "SET LOCAL search_path = s;\nCREATE INDEX tk ON t (k);\n",
        "DROP INDEX s.tk;\n",
    )
    .after("CREATE SCHEMA s;\nCREATE TABLE s.t (k text);\n")
    .given(Files::No),
    // A later migration does.
    case(
        "check-without-not-valid",
        "ALTER TABLE t ADD CONSTRAINT ck CHECK (k > '');\n",
        "",
    )
    .and_later("ALTER TABLE t RENAME TO tt;\nALTER TABLE tt DROP CONSTRAINT ck;\n")
    .given(Files::No),
    // People and releases are needed.
    case("rename-column", "ALTER TABLE t RENAME COLUMN k TO kk;\n", "ALTER TABLE t RENAME COLUMN kk TO k;\n")
        .given(Files::No),
    case(
        "type-change-rewrites",
        "ALTER TABLE t ALTER COLUMN n TYPE bigint;\n",
        "ALTER TABLE t ALTER COLUMN n TYPE int;\n",
    )
    .given(Files::No),
    case(
        "add-column-rewrites",
        "ALTER TABLE t ADD COLUMN r float8 DEFAULT power(random(), 0) NOT NULL;\n",
        "ALTER TABLE t DROP COLUMN r;\n",
    )
    .given(Files::No),
    case(
        "detach-partition-blocks",
        "ALTER TABLE p DETACH PARTITION p1;\n",
        "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);\n",
    )
    .after(PARTITIONS)
    .given(Files::No),
    // The way back does not say how it is undone.
    case(
        "index-not-concurrent",
        "CREATE TABLE plans (name text);\nCREATE INDEX tk ON t (k);\n",
        "DROP TABLE plans;\n",
    )
    .given(Files::WithoutBack),
];
