//! What a fix's files come to: on a real server they end where the migration would have ended, with the same rows, and
//! their ways back lead to where its own would have led.

mod cases;
mod runners;

use std::fs;
use std::thread;

use postgres::error::SqlState;
use serde_json::Value;
use tempfile::TempDir;
use tests::{Database, cluster, program};

use super::lint;
use cases::{CASES, Case, Files};
use runners::{Back, Mode, RUNNERS, Runner, Step, collect};

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
    fn ends(
        &self,
        steps: &[Step],
        guard: &str,
        with_dump: bool,
    ) -> Result<[Vec<String>; 2], String> {
        self.clear();
        for (number, step) in steps.iter().enumerate() {
            self.run(&step.up)
                .and_then(|()| self.guards(guard))
                .map_err(|error| format!("up {}: {error}", number + 1))?;
        }
        let there = self.shown(with_dump);
        for (number, step) in steps.iter().enumerate().skip(1).rev() {
            if let Some(down) = &step.down {
                self.run(down)
                    .and_then(|()| self.guards(guard))
                    .map_err(|error| format!("down {}: {error}", number + 1))?;
            }
        }
        Ok([there, self.shown(with_dump)])
    }

    /// Fails where this is not refused as a duplicate.
    fn guards(&self, guard: &str) -> Result<(), String> {
        if guard.is_empty() {
            return Ok(());
        }
        let mut client = self.database.client();
        let mut transaction = client.transaction().unwrap();
        match transaction.batch_execute(guard) {
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(()),
            other => Err(format!("{guard} is not refused as a duplicate: {other:?}")),
        }
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
        let expected = stage.ends(&runner.steps(folder.path()), case.guard, with_dump);
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
        match stage.ends(&runner.steps(folder.path()), case.guard, with_dump) {
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
