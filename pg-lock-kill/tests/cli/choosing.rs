//! Filters, and the tree as text.

use tests::Output;

use crate::stage::{Stage, Tree};

/// A holder, who idles in a transaction, and one who waits.
struct Two<'a> {
    stage: Stage<'a>,
    _actors: [crate::stage::Actor; 2],
}

impl Two<'_> {
    fn new() -> Self {
        let stage = Stage::new();
        let holder = stage.holder("etl-7", "update t set n = 1 where id = 1; select 'needle'");
        let waiter = stage.waiter("web", "update t set n = 2 where id = 1");
        Self {
            stage,
            _actors: [holder, waiter],
        }
    }

    fn drawn(&self, filters: &[&str]) -> Vec<String> {
        self.stage.listing_with(filters).drawn()
    }
}

#[test]
fn each_filter_and_its_opposite() {
    let two = Two::new();
    for (flag, value, holder, waiter) in [
        ("user", "postgres", true, true),
        ("user", "pg_monitor", false, false),
        ("app", "etl-*", true, false),
        ("app", "web", false, true),
        ("client", "local", true, true),
        ("client", "10.0.0.0/8", false, false),
        ("state", "idle in transaction", true, false),
        ("state", "active", false, true),
        ("query", "(?i)NEEDLE", true, false),
        ("relation", "t", true, true),
        ("relation", "public.t", true, true),
        ("relation", "tt", false, false),
        ("lock-mode", "ShareLock", false, true),
        ("lock-mode", "row exclusive", true, true),
        ("lock-mode", "AccessExclusiveLock", false, false),
        ("waiting-for", "0s", false, true),
        ("waiting-for", "1h", false, false),
        ("blocking-for", "0s", true, false),
        ("blocking-for", "1h", false, false),
        ("xact-age", "0s", true, true),
        ("xact-age", "1h", false, false),
        ("idle-in-transaction", "0s", true, false),
        ("query-age", "0s", false, true),
        ("min-blocked", "1", true, false),
        ("min-blocked", "2", false, false),
    ] {
        let expected = |holder: bool, waiter: bool| {
            let both = [("etl-7", holder), (" web", waiter)];
            both.into_iter()
                .filter(|one| one.1)
                .map(|one| one.0)
                .collect::<Vec<_>>()
        };
        let (plain, not) = (format!("--{flag}"), format!("--not-{flag}"));
        assert_eq!(
            two.drawn(&[&plain, value]),
            expected(holder, waiter),
            "{plain} {value}"
        );
        assert_eq!(
            two.drawn(&[&not, value]),
            expected(!holder, !waiter),
            "{not} {value}"
        );
    }
}

#[test]
fn all_filters_hold_and_any_of_one() {
    let two = Two::new();
    assert_eq!(
        two.drawn(&["--app", "web", "--app", "etl-7"]),
        ["etl-7", " web"]
    );
    assert!(
        two.drawn(&["--app", "web", "--state", "idle in transaction"])
            .is_empty()
    );
    assert!(
        two.drawn(&["--not-app", "web", "--not-app", "etl-7"])
            .is_empty()
    );
    assert_eq!(two.drawn(&["--app", "*", "--not-app", "web"]), ["etl-7"]);
}

#[test]
fn where_the_server_does_not_say_how_long_somebody_waits_it_is_said() {
    let two = Two::new();
    let run = |arguments: &[&str]| two.stage.tool().args(arguments).run().expect_code(0);
    let words = "does not say since when somebody waits";
    match two.stage.database.cluster().version().major {
        ..14 => drop(run(&["--waiting-for", "0s"]).expect_error(words)),
        _ => assert_eq!(run(&["--waiting-for", "0s"]).stderr, ""),
    }
    assert_eq!(run(&[]).stderr, "");
}

#[test]
fn what_is_no_value_of_a_filter() {
    let stage = Stage::new();
    let run = |arguments: &[&str]| -> Output { stage.tool().args(arguments).run().expect_code(2) };
    run(&["--lock-mode", "exklusive"]).expect_error("there is no such mode");
    run(&["--client", "here"]).expect_error("an address is needed");
    run(&["--query", "("]).expect_error("--query");
    run(&["--waiting-for", "5"]).expect_error("--waiting-for");
}

#[test]
fn a_role_or_database_that_is_not_there() {
    let stage = Stage::new();
    for (flag, kind) in [
        ("--user", "role"),
        ("--not-user", "role"),
        ("--not-database", "database"),
    ] {
        let output = stage.tool().args([flag, "etll"]).run();
        let said = format!("there is no {kind} \"etll\"");
        output.expect_code(2).expect_no_output().expect_error(&said);
    }
}

#[test]
fn the_tree_as_text() {
    let two = Two::new();
    let database = two.stage.database.name();
    let output = two
        .stage
        .tool()
        .args(["-o", "table", "--database", database])
        .run();
    let output = output.expect_code(0);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{output:?}");
    assert!(lines[0].starts_with("pid "), "{output:?}");
    assert!(
        lines[1].contains("etl-7") && lines[1].contains("idle in transaction for"),
        "{output:?}"
    );
    assert!(
        lines[2].starts_with("    protected: its role"),
        "{output:?}"
    );
    assert!(lines[3].starts_with("└ "), "{output:?}");
    assert!(
        lines[3].contains("wants row (0,1) of public.t (Share)"),
        "{output:?}"
    );
    // A terminal's lines are no longer than it is wide: 80 where it does not say.
    let output = two
        .stage
        .tool()
        .args(["--database", database])
        .terminal()
        .run();
    let width = |line: &str| line.trim_end().chars().count();
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(
        lines.iter().map(|line| width(line)).max(),
        Some(80),
        "{output:?}"
    );
    // What has no room in the head's line stands below it.
    let below = lines[2..lines.len() - 1].join(" ");
    let below: Vec<&str> = below.split_whitespace().collect();
    let below = below.join(" ");
    let said = [database, "etl-7", "idle in transaction for", "public.t"];
    let is_said = |word: &&str| below.contains(*word);
    assert!(said.iter().all(is_said), "{output:?}");
    let tree = Tree::of(&two.stage.tool().args(["--database", database]).run());
    assert_eq!(tree.records.len(), 2, "a pipe gets records");
}
