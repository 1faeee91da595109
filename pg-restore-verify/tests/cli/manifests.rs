//! Backups of pg-dump-rotate: their manifests tell what they held when they were taken.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use shared::backup::Manifest;
use tests::{Database, Output, tool};

use crate::backups::{dump, expect_verdict, failed, plain, shop, verify};

fn backup(database: &Database, folder: &Path, options: &[&str]) -> PathBuf {
    let run = tool("pg-dump-rotate").args(["-d", &database.conninfo(), "--dir"]);
    let output = run.arg(folder).args(options).run().expect_code(0);
    output.json_lines()[0]["path"].as_str().unwrap().into()
}

/// Writes the manifest anew, as if the backup had been another.
fn change(backup: &Path, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = Manifest::read(backup).unwrap().unwrap();
    change(&mut manifest);
    let name = backup.file_name().unwrap().to_str().unwrap();
    let path = backup.with_file_name(shared::backup::manifest_of(name));
    fs::write(path, manifest.to_json().unwrap()).unwrap();
}

#[test]
fn of_every_format() {
    let shop = shop();
    // Instants are written in the zone of pg_dump's session, and so they are digested.
    shop.sql(&format!(
        "alter database {} set timezone = 'Asia/Tokyo'",
        shop.name()
    ));
    let folder = tempfile::tempdir().unwrap();
    for options in [
        &["-F", "custom"][..],
        &["-F", "plain"],
        &["-F", "directory", "-j", "2"],
        &["-F", "custom", "-Z", "none"],
    ] {
        let path = backup(&shop, folder.path(), options);
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{options:?}: {output:?}");
        expect_verdict(&output, "ok");
        assert!(
            output
                .stdout
                .contains("the rows also those of its manifest"),
            "{options:?}: {output:?}"
        );
    }
}

/// As `sha256sum app.sql > app.sql.sha256` leaves it.
#[test]
fn a_checksum_without_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sql");
    let script = plain(&shop(), &[]);
    fs::write(&path, &script).unwrap();
    let sum = shared::backup::sha256(&path).unwrap();
    let list = folder.path().join("app.sql.sha256");
    fs::write(&list, format!("{sum}  app.sql\n")).unwrap();
    let told = |output: &Output| {
        let lines = output.json_lines();
        let mut told = lines.into_iter().filter(|line| line["check"] == "checksum");
        told.next().unwrap()
    };
    let output = verify(&path);
    expect_verdict(&output, "ok");
    assert_eq!(told(&output)["status"], "ok", "{output:?}");
    // What nothing else would tell.
    fs::write(&path, script.replacen("Dumped from", "dumped from", 1)).unwrap();
    let output = tool("pg-restore-verify")
        .arg("--archive-only")
        .arg(&path)
        .run();
    assert_eq!(failed(&output), ["checksum"], "{output:?}");
    let words = told(&output)["message"].to_string();
    assert!(words.contains("app.sql.sha256"), "{words}");
}

#[test]
fn checksums_of_a_folder_without_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.dir");
    let to = path.to_str().unwrap();
    // Nothing goes to standard output.
    dump(
        &shop(),
        &["-Fd", "-Z0", "-f", to],
        &folder.path().join("nothing"),
    );
    let mut list = String::new();
    for entry in fs::read_dir(&path).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        list += &format!(
            "{}  app.dir/{name}\n",
            shared::backup::sha256(&file).unwrap()
        );
    }
    fs::write(folder.path().join("app.dir.sha256"), list).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "ok");
    assert!(output.stdout.contains("by app.dir.sha256"), "{output:?}");
    let mut files = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_rows = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.contains('\t') && text.ends_with("\\.\n\n\n") && text.lines().count() > 4
    };
    let rows = files.find(is_rows).unwrap();
    let text = fs::read_to_string(&rows).unwrap();
    fs::write(&rows, text.split_once('\n').unwrap().1).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    let name = rows.file_name().unwrap().to_str().unwrap();
    assert!(
        failed(&output).contains(&format!("checksum {name}")),
        "{output:?}"
    );
}

#[test]
fn what_surely_fits_lies_in_memory() {
    let place = Path::new("/dev/shm");
    let free = rustix::fs::statvfs(place).map_or(0, |space| space.f_bavail * space.f_frsize);
    if free < 1 << 30 {
        return; // As in many containers.
    }
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let with = backup(&shop, folder.path(), &[]);
    let without = folder.path().join("without");
    fs::copy(&with, &without).unwrap();
    let lies_in_memory = |path: &Path, options: &[&str]| {
        let run = tool("pg-restore-verify").args(["--keep", "--for", "0s"]);
        let output = run.args(options).arg(path).run().expect_code(0);
        let lines = output.json_lines();
        let kept = lines.iter().find(|line| line["check"] == "kept").unwrap();
        let conninfo = kept["actual"].as_str().unwrap();
        conninfo.contains("/dev/shm/pg-throwaway-")
    };
    assert!(lies_in_memory(&with, &["--memory", "1GB"]));
    assert!(!lies_in_memory(&with, &["--memory", "1MB"]));
    assert!(!lies_in_memory(&with, &["--memory", "0"]));
    // How large it was nobody knows.
    assert!(!lies_in_memory(&without, &["--memory", "1GB"]));
}

/// Two runs that know nothing of each other: what both note is whole.
#[test]
fn one_backup_by_several_at_once() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = backup(&shop, folder.path(), &[]);
    let runs: Vec<_> = (0..3)
        .map(|_| tool("pg-restore-verify").arg(&path).start())
        .collect();
    for run in runs {
        expect_verdict(&run.finish(), "ok");
    }
    let names = tests::files_in(folder.path());
    let mut notes = names.iter().filter(|name| name.contains("verified"));
    let note = notes.next().unwrap();
    assert_eq!(notes.next(), None, "{names:?}");
    let note = fs::read(folder.path().join(note)).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    assert_eq!(note["proved"], true, "{note}");
    // With the dump, its manifest and checksum, and the folder's lock: nothing is left over.
    assert_eq!(names.len(), 5, "{names:?}");
}

#[test]
fn what_nobody_owns_in_memory_any_more_is_removed() {
    let Ok(left) = tempfile::Builder::new()
        .prefix("pg-throwaway-")
        .tempdir_in("/dev/shm")
    else {
        return; // This machine has none.
    };
    let lock = fs::File::create(left.path().join("lock")).unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_secs(3600))
        .unwrap();
    drop(lock);
    let shop = shop();
    let server = fs::metadata(shop.cluster().socket_dir()).unwrap();
    for path in [left.path().to_path_buf(), left.path().join("lock")] {
        chown(path, Some(server.uid()), Some(server.gid())).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = backup(&shop, folder.path(), &[]);
    let run = tool("pg-restore-verify").args(["--memory", "0"]).arg(path);
    run.run().expect_code(0);
    assert!(!left.path().exists());
}

/// What is altered, how, and the finding that tells of it.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Manifest), &'a str);

/// A dump that is whole, restores, and is not the one that was taken.
#[test]
fn a_backup_that_holds_other_rows_than_were_taken() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = backup(&shop, folder.path(), &["-F", "custom"]);
    let taken = Manifest::read(&path).unwrap().unwrap();
    let table = |name: &'static str| move |table: &&mut shared::backup::Table| table.name == name;
    let changes: [Change<'_>; 6] = [
        (
            "a row less",
            &|manifest| {
                let tables = manifest.tables.iter_mut().flatten();
                tables
                    .filter(table("orders"))
                    .for_each(|table| table.rows += 1);
            },
            "rows app.orders",
        ),
        (
            "another value",
            &|manifest| {
                let tables = manifest.tables.iter_mut().flatten();
                tables
                    .filter(table("log"))
                    .for_each(|table| table.digest.replace_range(..4, "dead"));
            },
            "rows app.log",
        ),
        (
            "a table less",
            &|manifest| {
                let tables = manifest.tables.as_mut().unwrap();
                let mut more = tables[0].clone();
                more.name = "lost".into();
                tables.push(more);
            },
            "rows app.lost",
        ),
        (
            "a table more",
            &|manifest| {
                manifest
                    .tables
                    .as_mut()
                    .unwrap()
                    .retain(|table| table.name != "log")
            },
            "rows app.log",
        ),
        (
            "columns in another order",
            &|manifest| {
                let tables = manifest.tables.iter_mut().flatten();
                tables
                    .filter(table("orders"))
                    .for_each(|table| table.columns.reverse());
            },
            "rows app.orders",
        ),
        (
            "large objects",
            &|manifest| manifest.large_objects.as_mut().unwrap().count += 1,
            "large_objects",
        ),
    ];
    for (what, alter, finding) in changes {
        change(&path, |manifest| {
            *manifest = taken.clone();
            alter(manifest);
        });
        let output = verify(&path);
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), [finding], "{what}: {output:?}");
    }
}

#[test]
fn files_of_a_folder_that_are_not_those_taken() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = backup(&shop, folder.path(), &["-F", "directory", "-Z", "none"]);
    let largest = fs::read_dir(&path)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit())
        .max_by_key(|entry| entry.metadata().unwrap().len())
        .unwrap();
    let name = largest.file_name().into_string().unwrap();
    let mut bytes = fs::read(largest.path()).unwrap();
    let digit = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
    bytes[digit] ^= 1;
    fs::write(largest.path(), bytes).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    let failed = failed(&output);
    assert!(failed.contains(&format!("checksum {name}")), "{output:?}");
    assert!(
        failed.iter().any(|finding| finding.starts_with("rows ")
            || finding.starts_with("large_objects")
            || finding.starts_with("restore ")),
        "{output:?}"
    );
}

/// Of a dump that was meant to hold rows alone they are proved; with INSERT statements not even
/// that can be done, which is no failure, of which `--check` would tell for ever.
#[test]
fn rows_without_definitions() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for format in ["custom", "plain"] {
        let path = backup(&shop, folder.path(), &["-F", format, "--data-only"]);
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        expect_verdict(&output, "ok");
        assert!(shared::backup::Proof::read(&path).is_some_and(|proof| proof.proved));
        let path = backup(
            &shop,
            folder.path(),
            &["-F", format, "--data-only", "--", "--inserts"],
        );
        expect_verdict(&verify(&path), "skipped");
        assert_eq!(shared::backup::Proof::read(&path), None);
    }
    let check = tool("pg-dump-rotate").args(["--check", "--dir"]);
    check.arg(folder.path()).run().expect_code(0);
}

#[test]
fn no_room_is_foreseen() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let large = backup(&shop, folder.path(), &["-F", "custom"]);
    let small = backup(&shop, folder.path(), &["-F", "plain"]);
    change(&large, |manifest| manifest.source_bytes = Some(1 << 50));
    let output = tool("pg-restore-verify").args([&large, &small]).run();
    let output = output
        .expect_code(2)
        .expect_error("there is no room to restore the backup");
    for words in ["about 1.2 PB", "took 1.1 PB", "TMPDIR"] {
        assert!(output.stderr.contains(words), "{words}: {output:?}");
    }
    let verdicts = output.json_lines();
    let of = |path: &Path| {
        let mut lines = verdicts.iter();
        let is_one = |line: &&serde_json::Value| {
            line["check"] == "verdict" && line["path"] == path.to_str().unwrap()
        };
        lines.find(is_one).unwrap()["status"].clone()
    };
    // It stops no other.
    assert_eq!((of(&large), of(&small)), ("skipped".into(), "ok".into()));
    assert!(
        !verdicts
            .iter()
            .any(|line| line["check"] == "restore" && line["path"] == large.to_str().unwrap()),
        "{output:?}"
    );
}

/// By its size, if nothing else is known of it.
#[test]
fn no_room_is_foreseen_without_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.sql");
    fs::write(&path, "--\n-- PostgreSQL database dump\n--\n\n").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    // It holds a hole: there is no such disk.
    file.set_len(8 << 40).unwrap();
    let run = tool("pg-restore-verify").args(["--timeout", "60s"]);
    let output = run.arg(&path).run().expect_code(2);
    assert!(
        output
            .stderr
            .contains("the backup has 8.8 TB, not compressed"),
        "{output:?}"
    );
}

/// A dump says of an extension its name alone.
#[test]
fn an_extension_of_another_version() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for (version, format, status) in [(" version '1.4'", "custom", "skipped"), ("", "plain", "ok")]
    {
        shop.sql(&format!(
            "drop extension if exists hstore; create extension hstore{version}"
        ));
        let path = backup(&shop, folder.path(), &["-F", format]);
        let output = verify(&path);
        expect_verdict(&output, "ok");
        let lines = output.json_lines();
        let found = lines
            .iter()
            .find(|finding| finding["check"] == "extensions")
            .unwrap();
        assert_eq!(found["status"], status, "{found}");
        let words = lines.last().unwrap()["message"].to_string();
        assert_eq!(
            words.contains("with extension hstore "),
            status == "skipped",
            "{words}"
        );
        if status == "skipped" {
            assert_eq!(
                (&found["object"], &found["expected"]),
                (&"hstore".into(), &"1.4".into())
            );
        }
    }
}
