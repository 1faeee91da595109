//! Nothing that a physical backup brings along leads its recovery astray, and nothing is left.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use rustix::process::Signal;
use tests::{another_user, eventually, files_in, private_folder, processes_with, program};

use crate::site::{ROWS, Site, expect_failure, expect_rows, of, recover};

/// Appends to a file of the backup, which has no manifest any more then.
fn add_to(backup: &Path, name: &str, text: &str) {
    let _ = fs::remove_file(backup.join("backup_manifest"));
    let path = backup.join(name);
    let old = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, old + text).unwrap();
}

#[test]
fn configuration_and_access_rules_of_the_backup_are_not_used() {
    let site = Site::new();
    let backup = site.back_up("base", &["-R"]);
    site.add();
    site.archive();
    let trap = site.path("trap");
    let touch = format!("touch {}; false", trap.display());
    for file in ["postgresql.conf", "postgresql.auto.conf"] {
        let hostile = format!(
            "shared_preload_libraries = 'no_such_library'\nrestore_command = '{touch}'\n\
             archive_mode = always\narchive_command = '{touch}'\nlisten_addresses = '*'\n\
             primary_conninfo = 'host=127.0.0.1'\nrecovery_end_command = '{touch}'\n\
             archive_cleanup_command = '{touch}'\ndata_directory = '/nonexistent'\nbogus = 1\n"
        );
        add_to(&backup, file, &hostile);
    }
    add_to(&backup, "pg_hba.conf", "local all all reject\nbogus\n");
    add_to(&backup, "postmaster.pid", "1\n/\n");
    add_to(&backup, "recovery.conf", "bogus\n");
    fs::create_dir_all(backup.join("pg_replslot/gone")).unwrap();
    add_to(&backup, "pg_replslot/gone/state", "bogus");
    symlink("/nonexistent", backup.join("log")).unwrap();
    expect_rows(&site.recover(&backup).run(), ROWS + 1);
    assert!(!trap.exists(), "a command of the backup was run");
}

#[test]
fn whatever_its_roles_are_there_is_a_way_in() {
    let site = Site::new();
    site.sql(
        "alter role postgres set session_preload_libraries = 'no_such_library';
         alter role postgres set default_transaction_read_only = on;
         alter role postgres set statement_timeout = 1;
         create role nobody_special; alter role postgres set role = nobody_special;
         update pg_database set datallowconn = false where datname = 'app'",
    );
    let settings = site.back_up("settings", &[]);
    assert!(
        site.cluster.connect("template1").is_err(),
        "the settings have no effect"
    );
    expect_rows(&site.recover(&settings).run(), ROWS);
    let site = Site::new();
    let other = site.path("other");
    let mut client = site.cluster.connect("app").unwrap();
    client
        .batch_execute("create role chief superuser login; alter role postgres nologin")
        .unwrap();
    let found = shared::programs::Program::find("pg_basebackup", None).unwrap();
    let backup = program(found.path())
        .server(&site.cluster)
        .env("PGUSER", "chief");
    let backup = backup
        .args(["--no-password", "--checkpoint=fast", "-D"])
        .arg(&other);
    backup.run().expect_code(0);
    expect_rows(&recover(&other).run(), ROWS);
}

#[test]
fn a_locale_that_this_machine_lacks_is_said() {
    let site = Site::new();
    site.sql(
        "update pg_database set datcollate = 'xx_YY.UTF-8', datctype = 'xx_YY.UTF-8'
         where datname = 'app'",
    );
    let backup = site.back_up("base", &[]);
    let output = site.recover(&backup).run();
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert_eq!(of(&output, "recovery")[0]["status"], "ok");
    let skipped = &of(&output, "database")[0];
    assert_eq!(
        (&skipped["status"], &skipped["object"]),
        (&"skipped".into(), &"app".into())
    );
    assert!(
        skipped["message"].as_str().unwrap().contains("xx_YY"),
        "{skipped}"
    );
    assert_eq!(of(&output, "verdict")[0]["status"], "skipped");
}

#[test]
fn folders_that_a_backup_may_lack_are_made() {
    let site = Site::new();
    let backup = site.back_up("base", &["-X", "none"]);
    site.add();
    site.archive();
    for name in ["pg_wal", "pg_subtrans", "pg_stat_tmp", "pg_dynshmem"] {
        fs::remove_dir_all(backup.join(name)).unwrap();
    }
    expect_rows(&site.recover(&backup).run(), ROWS + 1);
}

#[test]
fn tablespaces_are_put_where_nothing_else_is() {
    let site = Site::new();
    let space = site.path("a %f \"space\"");
    fs::create_dir(&space).unwrap();
    give_to_server(&site, &space);
    let mut client = site.cluster.connect("app").unwrap();
    client
        .batch_execute(&format!(
            "create tablespace \"S\" location '{}'",
            space.display()
        ))
        .unwrap();
    client
        .batch_execute("alter table t set tablespace \"S\"")
        .unwrap();
    let moved = format!("{}={}", space.display(), site.path("moved").display());
    let backups = [
        site.back_up("plain", &["-T", &moved]),
        site.back_up("tar", &["-Ft"]),
    ];
    client
        .batch_execute("insert into t (b) values ('later')")
        .unwrap();
    site.archive();
    let before = tree(&space);
    for backup in &backups {
        let output = site.recover(backup).run();
        expect_rows(&output, ROWS + 1);
        assert_eq!(of(&output, "manifest")[0]["status"], "ok", "{output:?}");
        assert_eq!(tree(&space), before, "the live server's files were touched");
    }
    // Or in the data itself, without a link.
    let spaces = backups[0].join("pg_tblspc");
    let within = spaces.join(&files_in(&spaces)[0]);
    let moved = fs::read_link(&within).unwrap();
    fs::remove_file(&within).unwrap();
    fs::rename(moved, within).unwrap();
    expect_rows(&site.recover(&backups[0]).run(), ROWS + 1);
    site.add();
    let time = site.value("select clock_timestamp()::text");
    site.add();
    // One that only the WAL creates would be in this directory.
    let second = site.path("second");
    fs::create_dir(&second).unwrap();
    give_to_server(&site, &second);
    client
        .batch_execute(&format!(
            "create tablespace second location '{}'",
            second.display()
        ))
        .unwrap();
    client
        .batch_execute("create table u tablespace second as select 1 a")
        .unwrap();
    site.archive();
    let before = tree(&second);
    assert!(!before.is_empty());
    let later = site.value("select clock_timestamp()::text");
    site.add();
    site.archive();
    let own = site.path("with its own wal");
    fs::create_dir(&own).unwrap();
    let copy = program("cp").arg("-a").arg(&backups[0]).arg(&own);
    copy.run().expect_code(0);
    let own = own.join("plain");
    for name in files_in(site.wal()) {
        if name.len() == 24 {
            fs::copy(site.wal().join(&name), own.join("pg_wal").join(&name)).unwrap();
        }
    }
    fs::remove_file(own.join("backup_manifest")).unwrap();
    for target in [None, Some(&later), Some(&time)] {
        for command in [site.recover(&backups[0]), recover(&own)] {
            let given = target.map(|time| ["--target-time", time]);
            let output = command.args(given.into_iter().flatten()).run();
            assert_eq!(
                tree(&second),
                before,
                "the live server's files were touched"
            );
            if target == Some(&time) {
                // It was committed before that, in the same file of WAL.
                expect_rows(&output, ROWS + 2);
                continue;
            }
            let output = output.expect_code(2);
            let words = format!("creates a tablespace in {}", second.display());
            assert!(output.stderr.contains(&words), "{output:?}");
            assert_eq!(of(&output, "verdict")[0]["status"], "skipped");
        }
    }
}

/// The server of the backup reads ahead of what it replays.
#[test]
fn what_is_wrong_with_wal_behind_the_target_is_no_fault() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    site.add();
    let time = site.value("select clock_timestamp()::text");
    // Few records, all of which are read ahead.
    site.add();
    site.sql("select pg_switch_wal()");
    let next = site.wal().join(site.archive());
    fs::write(&next, "no WAL").unwrap();
    let output = site.recover(&backup).args(["--target-time", &time]).run();
    expect_rows(&output, ROWS + 1);
    expect_failure(&site.recover(&backup).run(), "recovery", "it is no WAL");
}

/// Without a manifest nothing but its index says how long a table was.
#[test]
fn a_table_that_lost_its_end_or_all_of_it_is_missed() {
    let site = Site::new();
    site.sql("vacuum t");
    let backup = site.back_up("base", &["--no-manifest"]);
    let path = site.value("select pg_relation_filepath('t')");
    let path = backup.join(path);
    let whole = fs::read(&path).unwrap();
    for left in [16384, 0] {
        fs::write(&path, &whole[..left]).unwrap();
        let output = recover(&backup).run();
        expect_failure(&output, "rows", "an index leads to");
    }
    fs::write(&path, &whole).unwrap();
    expect_rows(&recover(&backup).run(), ROWS);
}

#[test]
fn a_file_that_is_missing_is_a_fault_whatever_it_is_of() {
    let site = Site::new();
    site.sql("create sequence lonely; create table wide (a text)");
    let backup = site.back_up("base", &["--no-manifest"]);
    let file = |relation: &str| {
        let sql = format!("select pg_relation_filepath({relation})");
        backup.join(site.value(&sql))
    };
    let toast = "(select reltoastrelid from pg_class where relname = 'wide')";
    for (relation, words) in [
        ("'lonely'", "is missing"),
        (toast, "is missing"),
        ("'pg_statistic'", "could not open file"),
        ("'pg_proc'", "could not open file"),
        ("'pg_class'", "could not open file"),
    ] {
        let path = file(relation);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let output = recover(&backup).run();
        let lines = output.json_lines();
        let found = lines.iter().any(|line| {
            let message = line["message"].as_str().unwrap_or_default();
            line["check"] != "verdict" && line["status"] == "failed" && message.contains(words)
        });
        assert!(found, "{relation}: {output:?}");
        assert_eq!(output.code(), Some(1), "{relation}: {output:?}");
        fs::write(&path, &whole).unwrap();
    }
    expect_rows(&recover(&backup).run(), ROWS);
}

fn give_to_server(site: &Site, path: &Path) {
    let uid =
        std::os::unix::fs::MetadataExt::uid(&fs::metadata(site.cluster.socket_dir()).unwrap());
    chown(path, Some(uid), None).unwrap();
}

/// Every file below with its size and time.
fn tree(folder: &Path) -> Vec<String> {
    let listed = program("find")
        .arg(folder)
        .args(["-printf", "%P %s %T@\n"])
        .run();
    let mut lines: Vec<String> = listed.stdout.lines().map(str::to_string).collect();
    lines.sort();
    lines
}

#[test]
fn names_with_quotes_blanks_and_percent_signs() {
    let site = Site::new();
    let odd = "it's \"100%\" $HOME `id` \\ %f;";
    let backup = site.back_up(odd, &[]);
    site.add();
    site.archive();
    let wal = site.path(&format!("{odd} wal"));
    fs::rename(site.wal(), &wal).unwrap();
    let place = tempfile::Builder::new()
        .prefix("a 'b\" %f")
        .tempdir()
        .unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o1777)).unwrap();
    let output = recover(&backup)
        .arg("--wal")
        .arg(&wal)
        .env("TMPDIR", place.path())
        .run();
    expect_rows(&output, ROWS + 1);
    assert_eq!(files_in(place.path()), [""; 0]);
}

#[test]
fn as_an_ordinary_user_too() {
    let Some(uid) = another_user() else { return };
    let site = Site::new();
    let folder = private_folder(uid);
    let backup = site.back_up("base", &[]);
    site.add();
    site.archive();
    for (from, to) in [(&backup, "base"), (&site.wal(), "wal")] {
        let copied = program("cp")
            .arg("-R")
            .arg(from)
            .arg(folder.path().join(to))
            .run();
        copied.expect_code(0);
    }
    let owned = program("chown")
        .arg("-R")
        .arg(format!("{uid}:{uid}"))
        .arg(folder.path())
        .run();
    owned.expect_code(0);
    let run = recover(&folder.path().join("base"))
        .arg("--wal")
        .arg(folder.path().join("wal"));
    expect_rows(
        &run.env("TMPDIR", folder.path()).as_user(uid).run(),
        ROWS + 1,
    );
    let left = files_in(folder.path());
    let left = left
        .iter()
        .filter(|name| name.starts_with("pg-throwaway-") && !name.contains("templates"));
    assert_eq!(left.count(), 0);
}

#[test]
fn killed_at_any_moment_it_leaves_no_server_and_no_files() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    (0..3).for_each(|_| {
        site.add();
        site.archive();
    });
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o1777)).unwrap();
    let place = place.path();
    let text = place.display().to_string();
    // While it copies, while the server starts, while it replays.
    for sign in [
        "data/global",
        "server",
        "wal/000000010000000000000003",
        "data/postmaster.pid",
    ] {
        let there = || {
            let folders = files_in(place)
                .into_iter()
                .filter(|n| !n.contains("templates"));
            folders
                .into_iter()
                .any(|folder| place.join(folder).join(sign).exists())
        };
        for signal in [Signal::KILL, Signal::TERM] {
            // A run may be past the moment before this looks: then another one.
            let caught = (0..50).find_map(|_| {
                let mut run = site.recover(&backup).env("TMPDIR", place).start();
                let mut is_there = false;
                eventually("it comes so far or ends", || {
                    is_there = there();
                    is_there || run.has_ended()
                });
                is_there.then_some(run)
            });
            let run = caught.unwrap_or_else(|| panic!("{sign} was never seen"));
            run.signal(signal);
            eventually("all is gone", || {
                let left = files_in(place);
                left.iter().all(|name| name.contains("templates"))
                    && processes_with(&text).is_empty()
            });
        }
    }
}

#[test]
fn what_is_no_backup_is_refused() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    let empty = site.path("empty");
    fs::create_dir(&empty).unwrap();
    let output = recover(&empty).run().expect_code(2);
    assert!(
        output
            .stderr
            .contains("neither a data folder nor a base.tar"),
        "{output:?}"
    );
    assert_eq!(of(&output, "verdict")[0]["status"], "failed");
    let output = recover(&backup)
        .arg("--wal")
        .arg(&empty)
        .run()
        .expect_code(2);
    assert!(output.stderr.contains("no WAL is there"), "{output:?}");
    let output = recover(&backup)
        .args(["--target-time", "soon"])
        .run()
        .expect_code(2);
    assert!(output.stderr.contains("is no moment"), "{output:?}");
    let version = backup.join("PG_VERSION");
    fs::remove_file(backup.join("backup_manifest")).unwrap();
    fs::write(&version, "9.6\n").unwrap();
    let output = recover(&backup).run().expect_code(2);
    assert!(
        output.stderr.contains("PostgreSQL 9 needs that version"),
        "{output:?}"
    );
    // Which says nothing about it.
    assert_eq!(of(&output, "verdict")[0]["status"], "skipped");
    let found = fs::read(backup.join("global/pg_control")).unwrap();
    fs::write(&version, format!("{}\n", site.cluster.version().major)).unwrap();
    let label = backup.join("backup_label");
    let whole = fs::read_to_string(&label).unwrap();
    fs::write(&label, format!("{whole}INCREMENTAL FROM LSN: 0/2000028\n")).unwrap();
    let output = recover(&backup).run().expect_code(2);
    assert!(output.stderr.contains("pg_combinebackup"), "{output:?}");
    assert_eq!(of(&output, "verdict")[0]["status"], "skipped");
    fs::write(&label, whole).unwrap();
    let mut other = found.clone();
    other[40] ^= 1;
    let cut = found[..100].to_vec();
    for (bytes, words) in [
        (Some(other), "is damaged, or of another version"),
        (Some(cut), "it has 100 bytes"),
        (None, "is missing"),
    ] {
        let control = backup.join("global/pg_control");
        match bytes {
            Some(bytes) => fs::write(control, bytes).unwrap(),
            None => fs::remove_file(control).unwrap(),
        }
        let output = recover(&backup).run();
        expect_failure(&output, "backup", words);
        let finding = &of(&output, "backup")[0];
        assert_eq!(finding["object"], "global/pg_control");
        // Nothing else of what it holds, least of all its secret.
        let message = finding["message"].as_str().unwrap();
        assert!(message.len() < 100 && !message.contains('\n'), "{message}");
        assert!(
            !output.stderr.to_lowercase().contains("nonce"),
            "{output:?}"
        );
    }
}
