//! Settings that are not what they were.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use shared::time;
use tests::eventually;

use crate::ground::{Ground, alone, of, statuses};

/// A server, and what was written of it before.
struct Before {
    ground: Ground,
    folder: tempfile::TempDir,
}

impl Before {
    fn new() -> Self {
        Self {
            ground: Ground::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn statuses(&self, name: &str, more: &[&str]) -> Vec<(String, String)> {
        let file = self.file(name);
        let words = [&["--baseline", file.as_str()], more].concat();
        self.ground.statuses("settings_drift", &words)
    }

    fn set(&self, statement: &str) {
        self.ground.sql(statement);
        self.ground.sql("select pg_reload_conf()");
    }
}

#[test]
fn settings_that_somebody_has_changed() {
    let before = Before::new();
    let ground = &before.ground;
    let state = before.file("state");
    let first = ground.run(&["drift", "--state", &state]).expect_code(2);
    first.expect_error("the first run of this server");
    assert_eq!(before.statuses("state", &[]), alone("ok"));
    before.set("alter system set work_mem = '8MB'");
    let changed = of("warning", "work_mem");
    eventually("the change is seen", || {
        before.statuses("state", &[]) == changed
    });
    let critical = before.statuses("state", &["--crit", "settings_drift:work_*=1"]);
    assert_eq!(critical, of("critical", "work_mem"));
    let rows = ground
        .run(&["drift", "--baseline", &state])
        .expect_code(0)
        .json_lines();
    let row = &rows[0];
    let brief = json!([
        row["kind"],
        row["name"],
        row["setting_before"],
        row["setting"],
        row["source"]
    ]);
    assert_eq!(
        brief,
        json!(["server", "work_mem", "4096", "8192", "configuration file"])
    );
    ground.sql(
        "alter role app set lock_timeout = '1min'; alter database postgres set work_mem = '7MB'",
    );
    let mut found = before.statuses("state", &[]);
    found.sort();
    let expected = ["lock_timeout of role app", "work_mem of database postgres"];
    let expected = expected.map(|name| ("warning".to_string(), name.to_string()));
    // The database's own is what our session has, and hides the server's.
    assert_eq!(found, expected);
    ground.sql("alter database postgres reset all");
    // Who does not see all is not told that this is all.
    let words = ["--baseline", &state];
    let blind = statuses(&ground.check_as("nobody", "settings_drift", &words));
    assert!(
        blind.contains(&("unknown".into(), String::new())),
        "{blind:?}"
    );
    assert!(
        blind.contains(&("warning".into(), "work_mem".into())),
        "{blind:?}"
    );
    // Compared with now, going back is a change.
    let later = before.file("later");
    ground.run(&["growth", "--state", &later]);
    before.set("alter system reset work_mem");
    ground.sql("alter role app reset all");
    eventually("it is as it was", || {
        before.statuses("state", &[]) == alone("ok")
    });
    let mut found = before.statuses("later", &[]);
    found.sort();
    let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["lock_timeout of role app", "work_mem"]);
}

#[test]
fn what_is_kept_is_a_day_old_where_it_can_be() {
    let before = Before::new();
    let ground = &before.ground;
    let state = before.file("state");
    let keep = |hours: u64, expected: Vec<(String, String)>| {
        let output = ground.run(&["--only", "settings_drift", "--state", &state]);
        assert_eq!(statuses(&output.json_lines()), expected, "{output:?}");
        let text = fs::read_to_string(&state).unwrap();
        let older = |line: &str| {
            let mut record: Value = serde_json::from_str(line).unwrap();
            if let Some(taken_at) = record["taken_at"].as_str() {
                let taken_at = time::parse(taken_at).unwrap() - Duration::from_secs(hours * 3600);
                record["taken_at"] = json!(time::format(taken_at).unwrap());
            }
            format!("{record}\n")
        };
        fs::write(&state, text.lines().map(older).collect::<String>()).unwrap();
    };
    let change = |to: &str| {
        let expected = if to == "default" { "4MB" } else { to };
        before.set(&format!(
            "alter system set work_mem = {to}",
            to = if to == "default" {
                to.into()
            } else {
                format!("'{to}'")
            }
        ));
        eventually("the server has it", || {
            ground.value("select current_setting('work_mem')") == expected
        });
    };
    let changed = || of("warning", "work_mem");
    keep(12, alone("unknown"));
    change("8MB");
    // Told in each run until it was so a day ago.
    keep(12, changed());
    keep(12, changed());
    keep(13, changed());
    keep(1, alone("ok"));
    change("default");
    keep(1, changed());
}

#[test]
fn reports_without_settings_tell_nothing_of_them() {
    let before = Before::new();
    let ground = &before.ground;
    let write = |name: &str, sections: &[&str]| {
        let written = ground.run(sections).expect_code(0).stdout;
        fs::write(before.file(name), written).unwrap();
    };
    write("all", &["server", "settings", "configuration"]);
    write("bare", &["server", "wal"]);
    assert_eq!(before.statuses("all", &[]), alone("ok"));
    assert_eq!(before.statuses("bare", &[]), alone("unknown"));
    let all = fs::read_to_string(before.file("all")).unwrap();
    let later = all.replace("\"taken_at\":\"20", "\"taken_at\":\"21");
    fs::write(before.file("later"), later).unwrap();
    assert_eq!(before.statuses("later", &[]), alone("unknown"));
    let bare = ground.run(&["drift", "--baseline", &before.file("bare")]);
    bare.expect_code(2)
        .expect_error("no rows of section settings");
    fs::write(
        before.file("garbage"),
        "{\"section\":\"settings\",\"target\":7}\n",
    )
    .unwrap();
    assert_eq!(before.statuses("garbage", &[]), alone("unknown"));
    // A password in a setting goes nowhere.
    before.set("alter system set primary_conninfo = 'host=there password=hushhush'");
    eventually("the change is seen", || {
        before.statuses("all", &[]) == of("warning", "primary_conninfo")
    });
    let state = before.file("state");
    let words = ["drift", "settings", "--baseline", &before.file("all")];
    let written = ground.run(&words).expect_code(0).stdout;
    ground.run(&["growth", "--state", &state]);
    for text in [written, fs::read_to_string(&state).unwrap()] {
        assert!(
            text.contains("there") && !text.contains("hushhush"),
            "{text}"
        );
    }
}
