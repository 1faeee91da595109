//! What a fix's files come to: on a real server they end where the migration would have ended, with the same rows, and
//! their ways back lead to where its own would have led.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Database, cluster, program};

use super::{folder, lint};

/// How what is in a file comes to the server.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// In a transaction.
    Transaction,
    /// As one string: several statements are one transaction.
    Whole,
    /// Statement by statement.
    Each,
}

/// Where the way back stands.
#[derive(Clone, Copy, PartialEq)]
enum Back {
    None,
    /// Behind this line; the way up behind the first.
    Section(&'static str, &'static str),
    /// In a file whose name ends so and not so.
    File(&'static str, &'static str),
}

/// A framework: how its files are called and run.
struct Runner {
    named: &'static str,
    files: [&'static str; 3],
    marks: &'static [(&'static str, &'static str)],
    back: Back,
    inside: Mode,
    /// How a file is run that says this, or has a file beside it that does.
    outside: (&'static str, Mode),
}

const RUNNERS: &[Runner] = &[
    Runner {
        named: "golang-migrate",
        files: ["m/1_a.up.sql", "m/2_b.up.sql", "m/3_c.up.sql"],
        marks: &[],
        back: Back::File(".up.sql", ".down.sql"),
        inside: Mode::Whole,
        outside: ("never", Mode::Whole),
    },
    Runner {
        named: "goose",
        files: ["m/00001_a.sql", "m/00002_b.sql", "m/00003_c.sql"],
        marks: &[],
        back: Back::Section("-- +goose Up", "-- +goose Down"),
        inside: Mode::Transaction,
        outside: ("-- +goose NO TRANSACTION", Mode::Each),
    },
    Runner {
        named: "sql-migrate",
        files: ["m/1_a.sql", "m/2_b.sql", "m/3_c.sql"],
        marks: &[],
        back: Back::Section("-- +migrate Up", "-- +migrate Down"),
        inside: Mode::Transaction,
        outside: ("notransaction", Mode::Each),
    },
    Runner {
        named: "dbmate",
        files: [
            "m/20250101000000_a.sql",
            "m/20250131235959_b.sql",
            "m/20250202000000_c.sql",
        ],
        marks: &[],
        back: Back::Section("-- migrate:up", "-- migrate:down"),
        inside: Mode::Transaction,
        outside: ("transaction:false", Mode::Whole),
    },
    Runner {
        named: "tern",
        files: ["m/001_a.sql", "m/002_b.sql", "m/003_c.sql"],
        marks: &[],
        back: Back::Section("", "---- create above / drop below ----"),
        inside: Mode::Transaction,
        outside: ("---- tern: disable-tx ----", Mode::Each),
    },
    Runner {
        named: "sqlx",
        files: [
            "migrations/1_a.sql",
            "migrations/2_b.sql",
            "migrations/3_c.sql",
        ],
        marks: &[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")],
        back: Back::None,
        inside: Mode::Transaction,
        outside: ("-- no-transaction", Mode::Whole),
    },
    Runner {
        named: "sqlx with ways back",
        files: [
            "migrations/1_a.up.sql",
            "migrations/2_b.up.sql",
            "migrations/3_c.up.sql",
        ],
        marks: &[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")],
        back: Back::File(".up.sql", ".down.sql"),
        inside: Mode::Transaction,
        outside: ("-- no-transaction", Mode::Whole),
    },
    Runner {
        named: "PrairieLearn",
        files: [
            "m/20250101000000_a.sql",
            "m/20250102000000_b.sql",
            "m/20250103000000_c.sql",
        ],
        marks: &[(
            "package.json",
            "{\"dependencies\": {\"@prairielearn/migrations\": \"1\"}}\n",
        )],
        back: Back::None,
        inside: Mode::Transaction,
        outside: ("-- prairielearn:migrations NO TRANSACTION", Mode::Whole),
    },
    Runner {
        named: "Prisma",
        files: [
            "m/20250101000000_a/migration.sql",
            "m/20250102000000_b/migration.sql",
            "m/20250103000000_c/migration.sql",
        ],
        marks: &[("m/migration_lock.toml", "provider = \"postgresql\"\n")],
        back: Back::None,
        inside: Mode::Whole,
        outside: ("never", Mode::Whole),
    },
    Runner {
        named: "Supabase",
        files: [
            "supabase/migrations/20250101000000_a.sql",
            "supabase/migrations/20250102000000_b.sql",
            "supabase/migrations/20250103000000_c.sql",
        ],
        marks: &[],
        back: Back::None,
        inside: Mode::Whole,
        outside: ("never", Mode::Whole),
    },
    Runner {
        named: "diesel",
        files: [
            "m/2025-01-01-000000_a/up.sql",
            "m/2025-01-02-000000_b/up.sql",
            "m/2025-01-03-000000_c/up.sql",
        ],
        marks: &[("diesel.toml", "")],
        back: Back::File("up.sql", "down.sql"),
        inside: Mode::Transaction,
        outside: ("run_in_transaction = false", Mode::Whole),
    },
    Runner {
        named: "Flyway",
        files: ["m/V1__a.sql", "m/V2__b.sql", "m/V3__c.sql"],
        marks: &[],
        back: Back::None,
        inside: Mode::Transaction,
        outside: ("CONCURRENTLY", Mode::Each),
    },
];

/// Whether a fix is given as files.
#[derive(Clone, Copy, PartialEq)]
enum Files {
    Yes,
    No,
    /// Only where the project has no ways back.
    WithoutBack,
}

/// A migration that is to be fixed, between one that is there and perhaps one that comes later.
struct Case {
    rule: &'static str,
    before: &'static str,
    up: &'static str,
    down: &'static str,
    later: &'static str,
    files: Files,
}

const fn case(rule: &'static str, up: &'static str, down: &'static str) -> Case {
    Case {
        rule,
        before: "",
        up,
        down,
        later: "",
        files: Files::Yes,
    }
}

impl Case {
    const fn after(self, before: &'static str) -> Self {
        Self { before, ..self }
    }

    const fn and_later(self, later: &'static str) -> Self {
        Self { later, ..self }
    }

    const fn given(self, files: Files) -> Self {
        Self { files, ..self }
    }
}

/// What is there: tables with rows.
const BEFORE: &str = "CREATE TABLE t (id int PRIMARY KEY, k text, n int);\n\
    CREATE TABLE u (id int PRIMARY KEY, t_id int);\n\
    INSERT INTO t SELECT i, 'k' || i, i FROM generate_series(1, 5) i;\n\
    INSERT INTO u SELECT i, i FROM generate_series(1, 5) i;\n";

const PARTITIONS: &str = "CREATE TABLE p (n int NOT NULL, k text NOT NULL) PARTITION BY LIST (n);\n\
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
    CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\n\
    INSERT INTO p VALUES (1, 'a'), (2, 'b');\n";

const CASES: &[Case] = &[
    case(
        "index-not-concurrent",
        "CREATE TABLE plans (name text);\nCREATE INDEX tk ON t (k);\n",
        "DROP INDEX tk;\nDROP TABLE plans;\n",
    ),
    case("index-not-concurrent", "CREATE INDEX tk ON t (k);\n", "DROP INDEX tk;\n"),
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
    case(
        "index-not-concurrent",
        "CREATE INDEX tk ON t (k);\nCREATE INDEX tn ON t (n);\n",
        "DROP INDEX tk, tn;\n",
    )
    .given(Files::WithoutBack),
];

/// All columns, constraints, indexes, functions and triggers by their names, and all rows.
const STATE: &str = "select format('column %s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, \
        pg_get_expr(adbin, adrelid)) from pg_attribute join pg_class c on c.oid = attrelid \
        left join pg_attrdef on adrelid = attrelid and adnum = attnum \
        where relkind in ('r', 'p') and attnum > 0 and not attisdropped and relnamespace::regnamespace::text !~ '^pg_|^inf' \
    union all select format('constraint %s %s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, conparentid > 0) \
        from pg_constraint where conrelid > 0 \
    union all select format('index %s %s %s %s %s', i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), indisvalid, indisreplident, inhparent::regclass) \
        from pg_index i join pg_class c on c.oid = i.indexrelid left join pg_inherits on inhrelid = c.oid \
        where relnamespace::regnamespace::text !~ '^pg_' \
    union all select format('function %s %s', oid::regprocedure, prosrc) from pg_proc where pronamespace::regnamespace::text !~ '^pg_|^inf' \
    union all select format('trigger %s %s', tgrelid::regclass, tgname) from pg_trigger where not tgisinternal \
    union all select format('rows %s %s', oid::regclass, query_to_xml(format('select * from %s x order by x::text', oid::regclass), true, true, '')) \
        from pg_class where relkind = 'r' and relnamespace::regnamespace::text !~ '^pg_|^inf' order by 1";

/// A migration as it is run.
struct Step {
    up: (Mode, String),
    down: Option<(Mode, String)>,
}

impl Runner {
    fn build(&self, case: &Case) -> TempDir {
        let first = format!("{BEFORE}{}", case.before);
        let mut files = Vec::new();
        for (path, up, down) in [
            (self.files[0], first.as_str(), ""),
            (self.files[1], case.up, case.down),
            (self.files[2], case.later, ""),
        ] {
            if up.is_empty() {
                continue;
            }
            match self.back {
                Back::None => files.push((path.to_string(), up.to_string())),
                Back::Section(_, line) if down.is_empty() => {
                    files.push((path.to_string(), format!("{}{up}\n{line}\n", self.head())));
                }
                Back::Section(_, line) => {
                    files.push((
                        path.to_string(),
                        format!("{}{up}\n{line}\n{down}", self.head()),
                    ));
                }
                Back::File(end, other) => {
                    files.push((path.to_string(), up.to_string()));
                    let back = path.strip_suffix(end).unwrap();
                    files.push((format!("{back}{other}"), format!("-- back\n{down}")));
                }
            }
        }
        let marks = self.marks.iter();
        let marks = marks.map(|(path, text)| (path.to_string(), text.to_string()));
        files.extend(marks);
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        folder(&files)
    }

    fn head(&self) -> String {
        match self.back {
            Back::Section("", _) | Back::None | Back::File(..) => String::new(),
            Back::Section(line, _) => format!("{line}\n"),
        }
    }

    /// What is there in the order in which it is run.
    fn steps(&self, folder: &Path) -> Vec<Step> {
        let root = self.files[0]
            .split_once("/20")
            .or(self.files[0].rsplit_once('/'));
        let mut scripts = Vec::new();
        collect(&folder.join(root.unwrap().0), &mut scripts);
        if let Back::File(up, _) = self.back {
            scripts.retain(|path| path.to_str().unwrap().ends_with(up));
        }
        scripts.retain(|path| path.extension().is_some_and(|end| end == "sql"));
        let number = |path: &PathBuf| {
            let whole = path.to_str().unwrap();
            let name = whole
                .split_once("/m/")
                .or(whole.split_once("migrations/"))
                .unwrap()
                .1;
            let digits = name.trim_start_matches('V').split('_').next().unwrap();
            digits.replace('-', "").parse::<u64>().unwrap()
        };
        scripts.sort_by_key(number);
        let numbers: Vec<_> = scripts.iter().map(number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        if self.named == "tern" {
            assert_eq!(numbers.last().copied(), u64::try_from(numbers.len()).ok());
        }
        scripts.iter().map(|path| self.step(path)).collect()
    }

    fn step(&self, path: &Path) -> Step {
        let text = fs::read_to_string(path).unwrap();
        let beside = path.with_file_name("metadata.toml");
        let conf = PathBuf::from(format!("{}.conf", path.display()));
        let others = [beside, conf].map(|path| fs::read_to_string(path).unwrap_or_default());
        let mode = |text: &str| {
            let mut texts = others.iter().map(String::as_str).chain([text]);
            match texts.any(|text| {
                text.contains(self.outside.0) || text.contains("executeInTransaction=false")
            }) {
                true => self.outside.1,
                false => self.inside,
            }
        };
        match self.back {
            Back::None => Step {
                up: (mode(&text), text),
                down: None,
            },
            Back::Section(_, line) => {
                let (up, down) = text.split_once(line).unwrap_or((&text, ""));
                // The rest of the marker's line is words for the runner.
                let down = down.split_once('\n').map_or("", |(_, down)| down);
                Step {
                    up: (mode(&text), up.to_string()),
                    down: Some((mode(&text), down.to_string())),
                }
            }
            Back::File(end, other) => {
                let back = path.to_str().unwrap().strip_suffix(end).unwrap();
                let down = fs::read_to_string(format!("{back}{other}")).ok();
                Step {
                    up: (mode(&text), text),
                    down: down.map(|down| {
                        assert!(!down.is_empty(), "diesel refuses an empty file");
                        (mode(&down), down)
                    }),
                }
            }
        }
    }
}

fn collect(folder: &Path, scripts: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, scripts),
            false => scripts.push(path),
        }
    }
}

/// What one thread runs everything in.
struct Stage {
    database: Database<'static>,
}

impl Stage {
    fn clear(&self) {
        self.database.sql(
            "DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA public;",
        );
    }

    fn run(&self, (mode, sql): &(Mode, String)) -> Result<(), String> {
        if *mode == Mode::Each {
            let psql = program("psql").args(["-qX", "-v", "ON_ERROR_STOP=1", "-d"]);
            let output = psql.arg(self.database.conninfo()).stdin(sql.as_str()).run();
            return match output.code() {
                Some(0) => Ok(()),
                _ => Err(output.stderr),
            };
        }
        let sql = match mode {
            Mode::Transaction => format!("BEGIN;\n{sql}\n;COMMIT;"),
            _ => sql.clone(),
        };
        let run = self.database.client().batch_execute(&sql);
        run.map_err(|error| shared::Error::from(error).to_string())
    }

    fn state(&self) -> Vec<String> {
        let rows = self.database.rows(STATE);
        rows.into_iter().flatten().flatten().collect()
    }

    /// Up through all, and back to before the second.
    fn ends(&self, steps: &[Step], with_dump: bool) -> Result<[Vec<String>; 2], String> {
        self.clear();
        for (number, step) in steps.iter().enumerate() {
            self.run(&step.up)
                .map_err(|error| format!("up {}: {error}", number + 1))?;
        }
        let there = self.shown(with_dump);
        for (number, step) in steps.iter().enumerate().skip(1).rev() {
            if let Some(down) = &step.down {
                self.run(down)
                    .map_err(|error| format!("down {}: {error}", number + 1))?;
            }
        }
        Ok([there, self.shown(with_dump)])
    }

    /// The state, as a dump of all of it too where that is wanted.
    fn shown(&self, with_dump: bool) -> Vec<String> {
        let mut state = self.state();
        if with_dump {
            let dump = program("pg_dump")
                .args(["--inserts", "-d"])
                .arg(self.database.conninfo())
                .run();
            let dump = dump.expect_code(0);
            let lines = dump.stdout.lines().filter(|line| !line.starts_with(r"\"));
            state.extend(lines.map(str::to_string));
        }
        state
    }
}

fn files(record: &Value) -> Option<&Vec<Value>> {
    record["fix_files"].as_array()
}

/// Writes one fix after the other until there are no more, and says how many there were.
fn fix(folder: &TempDir, runner: &Runner, case: &Case) -> usize {
    let major = cluster().version().major.to_string();
    let root = runner.files[0].split('/').next().unwrap();
    for count in 0..10 {
        let said = lint(folder, &["--rule", case.rule, "--pg-version", &major, root]).json_lines();
        let mut given = said.iter().filter_map(files);
        let Some(first) = given.next() else {
            let is_found = said.iter().any(|record| record["rule"] == case.rule);
            assert!(
                count > 0 || is_found,
                "{}: {}: {said:?}",
                runner.named,
                case.up
            );
            return count;
        };
        // One may be written without the other, and all at once are that one.
        assert_eq!(given.count(), 0, "{said:?}");
        for file in first {
            let path = folder.path().join(file["path"].as_str().unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file["text"].as_str().unwrap()).unwrap();
        }
    }
    panic!("{}: {}: there is always another fix", runner.named, case.up);
}

fn shown(folder: &TempDir) -> String {
    let mut all = Vec::new();
    collect(folder.path(), &mut all);
    all.sort();
    let texts = all.iter().map(|path| {
        format!(
            "== {}\n{}",
            path.display(),
            fs::read_to_string(path).unwrap()
        )
    });
    texts.collect()
}

/// What is wrong with the fixes of this runner.
fn wrong(runner: &Runner) -> Vec<String> {
    let stage = Stage {
        database: Database::new(),
    };
    let with_dump = runner.named == "golang-migrate";
    let mut wrong = Vec::new();
    for case in CASES {
        if case.rule == "detach-partition-blocks" && cluster().version().major < 14 {
            continue;
        }
        let folder = runner.build(case);
        let expected = stage.ends(&runner.steps(folder.path()), with_dump);
        let expected = match expected {
            Ok(expected) => expected,
            Err(error) => {
                wrong.push(format!("{}: {}: {error}", runner.named, case.up));
                continue;
            }
        };
        let count = fix(&folder, runner, case);
        let is_given = match case.files {
            Files::Yes => true,
            Files::No => false,
            Files::WithoutBack => runner.back == Back::None,
        };
        let mut complain = |what: &str| {
            wrong.push(format!(
                "{}: {}{what}\n{}",
                runner.named,
                case.up,
                shown(&folder)
            ))
        };
        if (count > 0) != is_given {
            complain(&format!("{count} fixes"));
        }
        match stage.ends(&runner.steps(folder.path()), with_dump) {
            Err(error) => complain(&error),
            Ok(ends) => {
                for (end, (there, expected)) in
                    ["up", "back"].iter().zip(ends.iter().zip(&expected))
                {
                    let extra = there.iter().filter(|line| !expected.contains(line));
                    let missing = expected.iter().filter(|line| !there.contains(line));
                    let (extra, missing): (Vec<_>, Vec<_>) = (extra.collect(), missing.collect());
                    if !extra.is_empty() || !missing.is_empty() {
                        complain(&format!("{end}: {extra:#?} instead of {missing:#?}"));
                    }
                }
            }
        }
    }
    wrong
}

#[test]
fn the_files_of_a_fix_end_and_lead_back_where_the_migration_did() {
    let wrong: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = RUNNERS
            .iter()
            .map(|runner| scope.spawn(|| wrong(runner)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
