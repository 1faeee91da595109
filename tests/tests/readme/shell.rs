//! The commands of the pages whose output is not shown, run in the order of their page, with all that they speak of: a
//! server, backups, a repository with migrations, a log.

use std::fs;
use std::io::Write;

use shared::cluster::{Cluster, ClusterOptions};
use tempfile::TempDir;
use tests::{Block, Database, Page, ToolCommand, program, start, tool, write_script};

/// What other tests run, because it wants a server or a state of its own.
const ELSEWHERE: &[&str] = &[
    // crontab.rs: the way back, where the database is gone.
    "pg-dump-rotate --dir /backups --list -d app |",
    "PGHOST=localhost PGUSER=postgres sh app.sh",
    // pg-dump-rotate/tests/sets.rs: the same of a whole server.
    "newest=",
    "pg-dump-rotate --dir /backups --list --globals | jq -ers \"$newest",
    "pg-dump-rotate --dir /backups --list -d app | jq -ers \"$newest",
    // pg-restore-verify/tests/cli/recovery.rs: with an archive of WAL.
    "pg-restore-verify --base-backup",
    // runbooks/guide_a.rs: with a PgBouncer.
    "pg-stat-report pgbouncer",
    // team.rs
    "APPLICATION=shop deploy-gate.sh",
    "nightly.sh",
];

/// The migrations: one that is applied, and one that a branch adds.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
    ("migrations/0041_users.sql", USERS),
    (
        "migrations/0042_orders.sql",
        "SET lock_timeout = '2s';\nALTER TABLE public.users ADD COLUMN orders int;\n",
    ),
];

const USERS: &str =
    "SET lock_timeout = '2s'; CREATE TABLE public.users (id bigint PRIMARY KEY, email text);";

const HISTORY: &str = "CREATE TABLE public._sqlx_migrations
    (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),
     success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL);";

struct Place {
    cluster: Cluster,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let settings = [
            ("autovacuum", "on"),
            ("shared_preload_libraries", "pg_stat_statements"),
        ];
        let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
        let place = Self {
            cluster: start(&ClusterOptions {
                settings: settings.to_vec(),
                ..ClusterOptions::default()
            }),
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in ["backups", "migrations", "bin", "home", "node_exporter"] {
            fs::create_dir(place.folder.path().join(folder)).unwrap();
        }
        place
    }

    /// The database, the repository and the files that the pages speak of.
    fn fill(&self) -> Database<'_> {
        let database = Database::named(&self.cluster, "app");
        database.sql(&format!(
            "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pgstattuple; {USERS} {HISTORY}
             INSERT INTO public._sqlx_migrations VALUES (41, 'users', now(), true, sha384($${USERS}$$), 1);
             INSERT INTO public.users SELECT i, md5(i::text) FROM generate_series(1, 1000) i; ANALYZE"
        ));
        for (name, text) in FILES {
            self.write(name, text);
        }
        let entry =
            "2026-11-21 08:00:00.000 UTC [7] LOG:  duration: 12.5 ms  statement: select 1\n";
        self.write("postgresql.log", entry);
        for name in ["checks.toml", "pg-migrate-lint.toml"] {
            self.write(name, &Block::of_file("toml", name).text);
        }
        write_script(self.folder.path().join("may-i.sh"), "#!/bin/sh\nexit 0\n");
        // What is on nobody's machine, or does what a test may not.
        for (name, script) in [
            ("sudo", "exec \"$@\""),
            ("npx", "exit 0"),
            ("docker", "shift 4; exec \"$@\""),
        ] {
            write_script(
                self.folder.path().join("bin").join(name),
                format!("#!/bin/sh\n{script}\n"),
            );
        }
        let prepare = "git init -q -b main . && git add Cargo.toml migrations/0041_users.sql && git commit -qm main &&
             git checkout -qb branch && git add migrations && git commit -qm branch &&
             pg_dump -f /backups/backup_2026-11-01.sql app && gzip /backups/backup_2026-11-01.sql &&
             pg-dump-rotate -d app --dir /backups | pg-restore-verify - && pg_dump -Fc -f app.dump app";
        self.sh(prepare).run().expect_code(0);
        database
    }

    fn write(&self, name: &str, text: &str) {
        let mut file = fs::File::create(self.folder.path().join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn sh(&self, command: &str) -> ToolCommand {
        let here = self.folder.path().display().to_string();
        let server = format!("-h {}", self.cluster.socket_dir().display());
        let command = command
            .replace("/backups", &format!("{here}/backups"))
            .replace("/var/lib/node_exporter", &format!("{here}/node_exporter"))
            .replace("-h localhost", &server)
            .replace("--for 1h", "--for 1s");
        let run = program("bash").args(["-c", &command]);
        let author = [
            "GIT_AUTHOR_NAME",
            "GIT_AUTHOR_EMAIL",
            "GIT_COMMITTER_NAME",
            "GIT_COMMITTER_EMAIL",
        ];
        let run = author.iter().fold(run, |run, name| run.env(name, "test"));
        let user = program("id").arg("-un").run().stdout;
        run.server(&self.cluster)
            .env("PGDATABASE", "app")
            .env("PATH", format!("{here}/bin:{}", super::path()))
            .env("HOME", self.folder.path().join("home"))
            .env("USER", user.trim())
            .current_dir(self.folder.path())
    }

    /// Makes the roles of a block, which a block before may have made with other rights.
    fn make_roles(&self, block: &Block) {
        let lines = block.text.lines();
        let roles = lines.filter_map(|line| line.strip_prefix("CREATE ROLE ")?.split(' ').next());
        let drop: String = roles
            .map(|role| format!("DROP ROLE IF EXISTS {role};\n"))
            .collect();
        let run = self.sh("psql -X -q -v ON_ERROR_STOP=1");
        run.stdin(drop + &block.text).run().expect_code(0);
    }

    /// Runs the commands of a block in one shell, and returns how many.
    fn run_all(&self, block: &Block) -> usize {
        let here = |command: &String| !ELSEWHERE.iter().any(|start| command.starts_with(start));
        let commands: Vec<String> = commands(block).into_iter().filter(here).collect();
        let script: String = commands
            .iter()
            .map(|command| format!("{command}echo \"{STATUS}$?\" >&2\n"))
            .collect();
        let output = self.sh(&script).run();
        let said: Vec<&str> = output.stderr.split(STATUS).collect();
        assert_eq!(said.len(), commands.len() + 1, "{output:?}");
        let mut before = said[0];
        for (command, rest) in commands.iter().zip(&said[1..]) {
            let (status, after) = rest.split_once('\n').unwrap();
            // Something may be found. Whoever can't do it says so.
            let is_done = ["0", "1", "2"].contains(&status) && !before.contains("error:");
            assert!(is_done, "{}: {command}\n{status}: {before}", block.page);
            before = after;
        }
        commands.len()
    }
}

const STATUS: &str = "the status is ";

/// The commands of a block: each is as many lines as the shell asks for.
fn commands(block: &Block) -> Vec<String> {
    let mut commands = Vec::new();
    let mut command = String::new();
    for line in block.text.lines() {
        command.push_str(line);
        command.push('\n');
        let whole = program("bash").args(["-n", "-c", &command]).run();
        if whole.code() == Some(0) && whole.stderr.is_empty() {
            commands.push(std::mem::take(&mut command));
        }
    }
    assert_eq!(command, "", "{block:?}");
    commands
}

/// The blocks of this page have a test of their own, `privileges.rs`: a server where tables are somebody else's.
const OF_PRIVILEGES: &str = "docs/privileges.md";

#[test]
fn commands_do_what_they_are_there_for() {
    let mut count = 0;
    for page in Page::all() {
        let is_run = |block: &Block| block.language == "sh";
        if page.name == OF_PRIVILEGES || !page.blocks().iter().any(is_run) {
            continue;
        }
        let place = Place::new();
        let _database = place.fill();
        let is_old = place.cluster.version().major < 14;
        for block in page.blocks() {
            if is_run(&block) {
                count += place.run_all(&block);
            } else if block.language == "sql"
                && block.text.starts_with("CREATE ROLE")
                && !(is_old && block.text.contains("pg_read_all_data"))
            {
                place.make_roles(&block);
            }
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn a_comment_silences_a_rule() {
    let page = Page::read("docs/pg-migrate-lint.md");
    let block = page.block("sql", "-- pg-migrate-lint: ignore ");
    let found = |text: &str| {
        let run = tool("pg-migrate-lint").args(["--rule", "locks", "-"]);
        run.stdin(text).run()
    };
    assert_eq!(found(&block.text).expect_code(0).stdout, "");
    let (_, statement) = block.text.split_once('\n').unwrap();
    let rule = &found(statement).expect_code(1).json_lines()[0]["rule"];
    assert!(block.text.contains(rule.as_str().unwrap()), "{rule}");
}
