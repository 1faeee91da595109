//! Physical backups are recovered to a moment.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::process::Signal;
use serde_json::Value;
use tests::{eventually, files_in, program};

use crate::site::{ROWS, Site, expect_failure, expect_rows, of, recover};

fn gzip(path: &Path, to: &Path) {
    let mut packed = GzEncoder::new(fs::File::create(to).unwrap(), Compression::fast());
    packed.write_all(&fs::read(path).unwrap()).unwrap();
    packed.finish().unwrap();
}

#[test]
fn to_a_name_a_place_a_time_and_the_end() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    site.add();
    site.sql("select pg_create_restore_point('it''s 100% \"done\"')");
    site.add();
    let time = site.value("select clock_timestamp()::text");
    site.add();
    let place = site.value("select pg_current_wal_insert_lsn()::text");
    site.add();
    site.archive();
    site.add();
    site.archive();
    let before = files_in(&backup);
    let reached = |kind: &str, value: &str, rows: u64| {
        let output = site.recover(&backup).args([kind, value]).run();
        expect_rows(&output, ROWS + rows);
        of(&output, "recovery")[0].clone()
    };
    let named = reached("--target-name", "it's 100% \"done\"", 1);
    assert_eq!(named["expected"], "restore point \"it's 100% \"done\"\"");
    let actual = named["actual"].as_str().unwrap();
    assert!(
        actual.contains("on timeline 1, the last transaction at 20"),
        "{actual}"
    );
    reached("--target-time", &time, 2);
    reached("--target-lsn", &place, 3);
    let output = site.recover(&backup).run();
    expect_rows(&output, ROWS + 5);
    assert_eq!(of(&output, "manifest")[0]["status"], "ok");
    assert_eq!(files_in(&backup), before, "the backup was changed");
    // What the backup itself brings is enough for its own end.
    expect_rows(&recover(&backup).run(), ROWS);
}

/// The commands of the page, with the moment that this server has.
#[test]
fn as_the_page_has_it() {
    let site = Site::new();
    site.back_up("base", &[]);
    let packed = site.back_up("tar", &["-Ft", "-z"]);
    site.add();
    let time = site.value("select clock_timestamp()::text");
    site.add();
    site.sql("select pg_create_restore_point('before_migration')");
    site.add();
    site.archive();
    let tool = tests::binary("pg-restore-verify");
    let page = tests::Page::read("docs/pg-restore-verify.md");
    let block = page.block("sh", "pg-restore-verify --base-backup");
    let rows = [ROWS + 1, ROWS + 2];
    assert_eq!(block.text.lines().count(), rows.len());
    for (line, rows) in block.text.lines().zip(rows) {
        let here = site.path("").display().to_string();
        let line = line
            .replacen("pg-restore-verify", &tool.display().to_string(), 1)
            .replace(
                "/backups/base.tar.gz",
                &packed.join("base.tar.gz").display().to_string(),
            )
            .replace("/backups", here.trim_end_matches('/'))
            .replace("2026-11-20 14:00", &time);
        expect_rows(&program("sh").args(["-c", &line]).run(), rows);
    }
}

#[test]
fn from_tar_files_and_packed_wal() {
    let site = Site::new();
    let backups = [
        site.back_up("tar", &["-Ft"]),
        site.back_up("gz", &["-Ft", "-z"]),
        site.back_up("without wal", &["-Ft", "-z", "-X", "none"]),
    ];
    site.add();
    site.archive();
    let packed = site.path("packed");
    fs::create_dir_all(packed.join("15-1/0000000100000000")).unwrap();
    for (index, name) in files_in(site.wal()).iter().enumerate() {
        let to = match index % 3 {
            0 => packed.join(format!("{name}.gz")),
            1 => packed.join(format!("15-1/0000000100000000/{name}-{:040x}.gz", 7)),
            _ => {
                fs::copy(site.wal().join(name), packed.join(name)).unwrap();
                continue;
            }
        };
        gzip(&site.wal().join(name), &to);
    }
    for backup in &backups {
        let output = recover(backup).arg("--wal").arg(&packed).run();
        expect_rows(&output, ROWS + 1);
        assert_eq!(of(&output, "manifest")[0]["status"], "ok");
    }
    // A data folder as tar packs it, without the WAL, which may have been a link.
    let folder = site.back_up("folder", &[]);
    let tar = site.path("folder.tar");
    let pack = program("tar").arg("-cf").arg(&tar).arg("-C").arg(&folder);
    pack.args(["--exclude=./pg_wal", "."]).run().expect_code(0);
    site.add();
    site.archive();
    expect_rows(&site.recover(&tar).run(), ROWS + 2);
    // One of the files is as good as their folder.
    let output = recover(&backups[1].join("base.tar.gz"))
        .arg("--wal")
        .arg(&packed);
    expect_rows(&output.run(), ROWS + 1);
}

#[test]
fn a_target_that_is_not_reached_fails_and_says_where_the_wal_ends() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    site.add();
    let last = site.archive();
    let output = site
        .recover(&backup)
        .args(["--target-name", "nowhere"])
        .run();
    expect_failure(
        &output,
        "recovery",
        r#"restore point \"nowhere\" was not reached: the WAL ends at 0/"#,
    );
    expect_failure(&output, "recovery", "the last transaction at 20");
    let output = site
        .recover(&backup)
        .args(["--target-time", "2999-01-01 00:00Z"])
        .run();
    expect_failure(&output, "recovery", "was not reached");
    let output = site.recover(&backup).args(["--target-lsn", "FF/0"]).run();
    expect_failure(&output, "recovery", "LSN FF/0 was not reached");
    fs::remove_file(site.wal().join(last)).unwrap();
    let output = site
        .recover(&backup)
        .args(["--target-name", "nowhere"])
        .run();
    expect_failure(&output, "recovery", "without a transaction");
}

#[test]
fn a_backup_that_is_later_than_the_target_fails() {
    let site = Site::new();
    let early = site.value("select (clock_timestamp() - interval '1 hour')::text");
    let place = site.value("select pg_current_wal_insert_lsn()::text");
    site.sql("select pg_create_restore_point('before')");
    let backup = site.back_up("base", &[]);
    site.add();
    site.archive();
    let output = site.recover(&backup).args(["--target-time", &early]).run();
    expect_failure(&output, "recovery", "before the base backup");
    let output = site.recover(&backup).args(["--target-lsn", &place]).run();
    expect_failure(&output, "recovery", "is before the end of the base backup");
    let output = site
        .recover(&backup)
        .args(["--target-name", "before"])
        .run();
    expect_failure(&output, "recovery", "was not reached");
    // The server's zone may be one whose name it alone understands.
    let label = fs::read_to_string(backup.join("backup_label")).unwrap();
    fs::write(backup.join("backup_label"), label.replace(" UTC", " EST")).unwrap();
    fs::remove_file(backup.join("backup_manifest")).unwrap();
    let now = site.value("select clock_timestamp()::text");
    site.add();
    site.archive();
    let output = site.recover(&backup).args(["--target-time", &now]).run();
    expect_failure(&output, "recovery", "before the base backup");
}

#[test]
fn a_file_of_wal_that_is_missing_or_damaged_is_named() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    let names: Vec<String> = (0..4)
        .map(|_| {
            site.add();
            site.archive()
        })
        .collect();
    let gone = site.wal().join(&names[1]);
    let whole = fs::read(&gone).unwrap();
    fs::remove_file(&gone).unwrap();
    for target in [&[][..], &["--target-name", "nowhere"]] {
        let output = site.recover(&backup).args(target).run();
        expect_failure(&output, "recovery", &format!("{:?}", names[1]));
        expect_failure(&output, "recovery", "this file is missing, and");
    }
    for (what, bytes) in [
        ("instead of 16777216", whole[..5_000_000].to_vec()),
        ("it is no WAL", vec![7; whole.len()]),
        ("can't be replayed to its end", flipped(&whole)),
        ("of another server", {
            let mut other = whole.clone();
            other[24] ^= 1;
            other
        }),
    ] {
        fs::write(&gone, bytes).unwrap();
        let output = site.recover(&backup).run();
        expect_failure(&output, "recovery", what);
        expect_failure(&output, "recovery", &names[1]);
    }
    // Half a compressed file.
    fs::remove_file(&gone).unwrap();
    let packed = gone.with_extension("gz");
    fs::write(&gone, &whole).unwrap();
    gzip(&gone, &packed);
    fs::remove_file(&gone).unwrap();
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    expect_failure(
        &site.recover(&backup).run(),
        "recovery",
        &format!("{}.gz", names[1]),
    );
    fs::write(&packed, &bytes).unwrap();
    expect_rows(&site.recover(&backup).run(), ROWS + 4);
    // The last one: nothing comes after it that would tell.
    let last = site.wal().join(&names[3]);
    let bytes = flipped(&fs::read(&last).unwrap());
    fs::write(&last, bytes).unwrap();
    expect_failure(&site.recover(&backup).run(), "recovery", "checksum");
}

/// One bit of the first row in it is another.
fn flipped(segment: &[u8]) -> Vec<u8> {
    let mut segment = segment.to_vec();
    let at = segment
        .windows(5)
        .position(|bytes| bytes == b"later")
        .unwrap();
    segment[at] ^= 1;
    segment
}

/// Of a constraint whose function has gone astray nobody knows whether it holds.
#[test]
fn what_could_not_be_looked_at_is_not_proved() {
    let site = Site::new();
    site.sql(
        "create table limits (most int);
         create function few(a int) returns boolean language plpgsql
             as 'begin return a <= (select most from limits); end';
         insert into limits values (5);
         create table u (a int check (few(a)));
         insert into u values (1);
         drop table limits",
    );
    // And what needs a library that is not installed here.
    site.sql(
        "create extension citext; create table words (word citext unique); insert into words values ('x');
         update pg_proc set probin = '$libdir/no_such_library' where probin = '$libdir/citext'",
    );
    let backup = site.back_up("base", &[]);
    let output = site.recover(&backup).run().expect_code(2);
    let verdict = &of(&output, "verdict")[0];
    assert_eq!(verdict["status"], "skipped", "{output:?}");
    let words = verdict["message"].as_str().unwrap();
    assert!(words.contains("u_a_check"), "{words}");
    for check in ["btrees", "unique_keys"] {
        let seen = of(&output, check);
        let unseen = seen.iter().find(|finding| finding["status"] == "skipped");
        let words = unseen.unwrap()["message"].as_str().unwrap();
        assert!(words.contains("no_such_library"), "{words}");
    }
}

/// A small file system, for root alone.
struct Small(tempfile::TempDir);

impl Small {
    fn new(size: &str) -> Option<Self> {
        tests::another_user()?;
        let folder = tempfile::tempdir().unwrap();
        let mount = program("mount").args(["-t", "tmpfs", "-o", size, "tmpfs"]);
        let mounted = mount.arg(folder.path()).run();
        (mounted.code() == Some(0)).then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        program("umount").arg(self.0.path()).run().expect_code(0);
    }
}

#[test]
fn a_packed_backup_does_not_fill_the_disk() {
    // 256 MiB are left to others.
    let Some(small) = Small::new("size=275m,mode=1777") else {
        return;
    };
    let site = Site::new();
    let backup = site.back_up("gz", &["-Ft", "-z"]);
    let output = site.recover(&backup).env("TMPDIR", small.0.path()).run();
    let output = output.expect_code(2);
    assert!(
        output.stderr.contains("the copy of the backup needs"),
        "{output:?}"
    );
    assert_eq!(of(&output, "verdict")[0]["status"], "skipped");
    assert_eq!(files_in(small.0.path()), [""; 0]);
}

#[test]
fn a_backup_that_is_not_what_its_manifest_says_fails() {
    let site = Site::new();
    let backup = site.back_up("base", &["--manifest-checksums=SHA256"]);
    let control = backup.join("global/pg_filenode.map");
    let whole = fs::read(&control).unwrap();
    let mut other = whole.clone();
    other[100] ^= 1;
    fs::write(&control, other).unwrap();
    let output = site.recover(&backup).run();
    expect_failure(&output, "manifest", "global/pg_filenode.map");
    expect_failure(&output, "manifest", "SHA256");
    fs::write(&control, &whole[..100]).unwrap();
    expect_failure(&site.recover(&backup).run(), "manifest", "100 bytes");
    fs::remove_file(&control).unwrap();
    expect_failure(&site.recover(&backup).run(), "manifest", "no such file");
    fs::write(&control, &whole).unwrap();
    fs::write(backup.join("base/extra"), "").unwrap();
    expect_failure(&site.recover(&backup).run(), "manifest", "base/extra");
    fs::remove_file(backup.join("base/extra")).unwrap();
    let manifest = fs::read_to_string(backup.join("backup_manifest")).unwrap();
    fs::write(
        backup.join("backup_manifest"),
        manifest.replacen("0", "1", 1),
    )
    .unwrap();
    expect_failure(
        &site.recover(&backup).run(),
        "manifest",
        "its own checksum does not fit",
    );
    fs::remove_file(backup.join("backup_manifest")).unwrap();
    let output = site.recover(&backup).run();
    expect_rows(&output, ROWS);
    assert_eq!(of(&output, "manifest")[0]["status"], "skipped");
    let sizes = site.back_up("sizes", &["--manifest-checksums=NONE"]);
    let output = site.recover(&sizes).run();
    expect_rows(&output, ROWS);
    assert_eq!(of(&output, "manifest")[0]["status"], "skipped");
    fs::remove_file(backup.join("backup_label")).unwrap();
    expect_failure(
        &site.recover(&backup).run(),
        "backup",
        "there is no backup_label",
    );
}

#[test]
fn a_tar_file_that_is_cut_fails() {
    let site = Site::new();
    for (name, options) in [("tar", &["-Ft"][..]), ("gz", &["-Ft", "-z"])] {
        let backup = site.back_up(name, options);
        let file = files_in(&backup)
            .into_iter()
            .find(|name| name.starts_with("base.tar"));
        let file = backup.join(file.unwrap());
        let whole = fs::read(&file).unwrap();
        for length in [whole.len() / 2, whole.len() - 700, 100] {
            fs::write(&file, &whole[..length]).unwrap();
            let output = site.recover(&backup).run();
            expect_failure(&output, "archive", "base.tar");
        }
    }
}

#[test]
fn it_is_looked_at_and_kept() {
    let site = Site::new();
    site.sql("select setval('t_a_seq', 5)");
    let backup = site.back_up("base", &[]);
    let query = format!("SELECT count(*) FROM t = {ROWS}");
    let expected = site.recover(&backup).args(["--expect", &query]);
    let mut run = expected.args(["--keep", "--database", "app"]).start();
    let mut lines: Vec<Value> = Vec::new();
    eventually("the verdict", || {
        let parsed = |line: &String| serde_json::from_str(line).unwrap();
        lines = run.lines().iter().map(parsed).collect();
        lines.last().is_some_and(|line| line["check"] == "verdict")
    });
    let of = |check: &'static str| lines.iter().filter(move |line| line["check"] == check);
    assert!(of("expect").any(|line| line["status"] == "ok"), "{lines:?}");
    // The sequence is behind its column.
    let behind = |line: &&Value| {
        let object = line["object"].as_str().unwrap_or_default();
        line["check"] != "verdict" && object.starts_with("app.") && object.contains("t")
    };
    assert!(
        lines
            .iter()
            .filter(|line| line["check"] != "rows")
            .any(|line| behind(&line)),
        "{lines:?}"
    );
    let conninfo = of("kept").next().unwrap()["actual"].as_str().unwrap();
    let count = program("psql").args(["-XAt", "-d", conninfo, "-c", "select count(*) from t"]);
    assert_eq!(count.run().expect_code(0).stdout, format!("{ROWS}\n"));
    assert!(!run.has_ended());
    run.signal(Signal::TERM);
    assert_eq!(run.finish().code(), None);
    let output = recover(&backup)
        .args(["-d", "postgres"])
        .run()
        .expect_code(2);
    assert!(
        output.stderr.contains("have no place beside --base-backup"),
        "{output:?}"
    );
}
