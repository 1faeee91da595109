//! The harness itself: what other tests take for granted.

#![allow(clippy::unwrap_used)]

use tests::{Database, SilentListener, another_user, pipe, program};

#[test]
fn a_database_is_gone_after_its_test() {
    let database = Database::new();
    database.sql("create table t as select generate_series(1, 3) as n");
    assert_eq!(database.value("select sum(n) from t"), "6");
    let name = database.name().to_string();
    drop(database);
    let left = format!("select count(*) from pg_database where datname = '{name}'");
    assert_eq!(Database::new().value(&left), "0");
}

#[test]
fn a_command_gets_the_database_and_nothing_else_of_the_environment() {
    let database = Database::new();
    let psql = shared::programs::Program::find("psql", None).unwrap();
    let output = program(psql.path())
        .args(["-XAtc", "select current_database()"])
        .database(&database)
        .run()
        .expect_code(0);
    assert_eq!(output.stdout.trim(), database.name());
    let output = program("env").run();
    let foreign = ["DATABASE_URL", "CARGO", "USER=", "PGHOST"];
    assert!(
        !foreign.iter().any(|name| output.stdout.contains(name)),
        "{output:?}"
    );
}

#[test]
fn pipes_carry_bytes_and_every_status() {
    let [first, last] = pipe([
        program("sh")
            .args(["-c", "cat; echo a >&2; exit 3"])
            .stdin("b\nc\n"),
        program("sort").arg("-r"),
    ]);
    assert_eq!((first.code(), first.stderr.as_str()), (Some(3), "a\n"));
    assert_eq!((last.code(), last.stdout.as_str()), (Some(0), "c\nb\n"));
}

#[test]
fn a_full_disk_a_terminal_and_another_user() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = format!("head -c 1000000 /dev/zero >{}", file.path().display());
    program("sh")
        .args(["-c", &write])
        .largest_file(4096)
        .run()
        .expect_error("File too large");
    assert_eq!(file.as_file().metadata().unwrap().len(), 4096);
    program("echo")
        .arg("x")
        .stdout_to("/dev/full")
        .run()
        .expect_error("No space left");
    let at = program("sh").args(["-c", "test -t 1 && echo \"it's $1\"", "sh", "a 'tty'"]);
    assert_eq!(at.terminal().run().stdout, "it's a 'tty'\r\n");
    if let Some(uid) = another_user() {
        let output = program("id").arg("-u").as_user(uid).run();
        assert_eq!(output.stdout.trim(), uid.to_string());
    }
}

#[test]
fn a_silent_listener_takes_connections() {
    let listener = SilentListener::new();
    assert!(std::net::TcpStream::connect(listener.address()).is_ok());
}

#[test]
fn signals_reach_a_command_whoever_runs_the_tests() {
    let asked = std::env::var_os("IGNORED_SIGNALS").is_some();
    if asked {
        let output = program("sh").args(["-c", "kill -INT $$; echo deaf"]).run();
        assert_eq!(output.signal(), Some(2), "{output:?}");
        return;
    }
    let again = "trap '' HUP INT QUIT TERM; exec \"$0\" --exact signals_reach_a_command_whoever_runs_the_tests";
    program("sh")
        .args(["-c", again])
        .arg(std::env::current_exe().unwrap())
        .env("IGNORED_SIGNALS", "1")
        .run()
        .expect_code(0);
}
