//! Archives in directory and tar format, and of other versions than the server's.

use std::fs;
use std::path::{Path, PathBuf};

use shared::programs::Program;
use tests::{Database, Output, cluster, program, tool};

use crate::backups::{dump, expect_verdict, failed, shop, verify};

/// Runs a pg_dump with these options into a file or folder.
fn dump_by(pg_dump: &Path, database: &Database, options: &[&str], path: &Path) {
    let run = program(pg_dump).database(database).args(options);
    run.arg("--file").arg(path).run().expect_code(0);
}

fn dump_folder(database: &Database, options: &[&str], path: &Path) {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    dump_by(
        pg_dump.path(),
        database,
        &[&["-Fd"], options].concat(),
        path,
    );
}

#[track_caller]
fn is_good(output: &Output, what: &str) {
    assert_eq!(failed(output), [""; 0], "{what}: {output:?}");
    expect_verdict(output, "ok");
}

#[test]
fn of_directory_and_tar_format() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for (number, options) in [&["-j2"][..], &["-Z0"], &["--no-owner", "-n", "app"]]
        .iter()
        .enumerate()
    {
        let path = folder.path().join(format!("{number}"));
        dump_folder(&shop, options, &path);
        let output = verify(&path);
        is_good(&output, &format!("{options:?}"));
        assert_eq!(strays(&output), [""; 0], "{options:?}");
    }
    for options in [&["-Ft"][..], &["-Ft", "--inserts"]] {
        let path = folder.path().join("backup.tar");
        dump(&shop, options, &path);
        is_good(&verify(&path), &format!("{options:?}"));
    }
    let newest = tool("pg-restore-verify")
        .arg("--latest")
        .arg(folder.path())
        .run();
    is_good(&newest, "newest of all");
}

/// What is said of files that are no part of a folder's backup.
fn strays(output: &Output) -> Vec<String> {
    let lines = output.json_lines().into_iter();
    let said = lines.filter(|line| line["check"] == "archive" && line["status"] == "skipped");
    let words =
        |line: &serde_json::Value, field: &str| line[field].as_str().unwrap_or("").to_string();
    said.map(|line| format!("{}: {}", words(&line, "object"), words(&line, "message")))
        .collect()
}

#[test]
fn folders_with_files_that_are_no_part_of_them() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump_folder(&shop, &[], &path);
    fs::write(path.join("notes.txt"), "do not delete").unwrap();
    fs::create_dir(path.join("old")).unwrap();
    let read = tool("pg-restore-verify").arg("--archive-only").arg(&path);
    for output in [read.run(), verify(&path)] {
        is_good(&output, "with notes");
        let [said] = strays(&output).try_into().unwrap();
        assert!(said.ends_with("passes over it: notes.txt, old"), "{said}");
    }
    // pg_restore reads the one without a suffix, which may be anything.
    let packed = rows(&path);
    let plain = packed.with_extension("");
    let content = program("gunzip")
        .arg("-c")
        .arg(&packed)
        .run()
        .expect_code(0);
    fs::write(&plain, &content.bytes).unwrap();
    let output = verify(&path);
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "skipped");
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
    let said = strays(&output);
    assert_eq!(said.len(), 2, "{output:?}");
    assert!(
        said[0].starts_with(&format!("{}: ", name(&packed))),
        "{said:?}"
    );
    assert!(
        said[0].contains(&format!("{} is what", name(&plain))),
        "{said:?}"
    );
}

/// What somebody does to a folder.
type Damage = fn(&Path);

/// The largest of its files of rows.
fn rows(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.contains(".dat") && name.starts_with(|first: char| first.is_ascii_digit())
    });
    files
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap()
}

/// `blobs.toc`; from 17 on there can be several, with a number in their names.
fn list_of_large_objects(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).unwrap().flatten();
    let list = entries.find(|entry| entry.file_name().to_string_lossy().starts_with("blobs"));
    list.unwrap().path()
}

#[test]
fn folders_that_lost_something() {
    const DAMAGES: [(&str, Damage, &str); 8] = [
        (
            "rows deleted",
            |at| fs::remove_file(rows(at)).unwrap(),
            "is missing",
        ),
        (
            "rows emptied",
            |at| fs::write(rows(at), "").unwrap(),
            "app.",
        ),
        (
            "rows cut",
            |at| {
                let (path, bytes) = (rows(at), fs::read(rows(at)).unwrap());
                fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
            },
            "app.",
        ),
        (
            "list of large objects emptied",
            |at| fs::write(list_of_large_objects(at), "").unwrap(),
            "large object 4711 is missing",
        ),
        (
            "large object deleted",
            |at| fs::remove_file(at.join("blob_4712.dat.gz")).unwrap(),
            "large object 4712 is missing",
        ),
        (
            "large object cut",
            |at| fs::write(at.join("blob_4712.dat.gz"), [0x1f, 0x8b, 8]).unwrap(),
            "large object 4712",
        ),
        (
            "contents deleted",
            |at| fs::remove_file(at.join("toc.dat")).unwrap(),
            "toc.dat",
        ),
        (
            "contents cut",
            |at| {
                let bytes = fs::read(at.join("toc.dat")).unwrap();
                fs::write(at.join("toc.dat"), &bytes[..bytes.len() - 3]).unwrap();
            },
            "the archive ends early",
        ),
    ];
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for (what, damage, words) in DAMAGES {
        let path = folder.path().join(what);
        dump_folder(&shop, &["--compress=6"], &path);
        damage(&path);
        let output = verify(&path);
        expect_verdict(&output, "failed");
        // What else is wrong comes of that.
        assert_eq!(failed(&output)[0], "archive", "{what}: {output:?}");
        assert!(output.stdout.contains(words), "{what}: {output:?}");
    }
}

/// pg_restore reads a tar file that was cut round in circles for ever.
#[test]
fn tar_files_cut_anywhere() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.tar");
    dump(&shop, &["-Ft"], &path);
    let whole = fs::read(&path).unwrap();
    let last = [whole.len() - 513, whole.len() - 1];
    for length in (600..whole.len()).step_by(whole.len() / 20).chain(last) {
        fs::write(&path, &whole[..length]).unwrap();
        let output = verify(&path);
        assert_eq!(failed(&output), ["archive"], "{length}: {output:?}");
        expect_verdict(&output, "failed");
    }
}

/// The programs of every version whose pg_dump is not too old for the server.
pub fn others() -> Vec<(u32, PathBuf)> {
    let oldest = cluster().version().major.max(16);
    let mut versions = tests::versions().split_off(&oldest);
    versions.retain(|_, programs| programs.join("pg_dump").exists());
    versions.into_iter().collect()
}

#[test]
fn of_later_versions_restored_on_the_newest() {
    let others = others();
    let Some((_, newest)) = others.last() else {
        return;
    };
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for (major, bin) in &others {
        for options in [
            ["-Fc", "-Zzstd"],
            ["-Fc", "-Zlz4"],
            ["-Fd", "-Zzstd"],
            ["-Fd", "-Zlz4"],
            ["-Ft", "-Znone"],
        ] {
            if options[1] != "-Znone" && !tests::knows_zstd(&bin.join("pg_dump")) {
                continue;
            }
            let path = folder.path().join(format!("{major}{}", options.concat()));
            dump_by(&bin.join("pg_dump"), &shop, &options, &path);
            let run = tool("pg-restore-verify").env("PG_BINDIR", newest);
            is_good(&run.arg(&path).run(), &format!("{major} {options:?}"));
        }
    }
}

/// Where standard output appends, which that of pg_dump does from 16 on, the table of contents
/// stands at the end a second time.
#[test]
fn that_standard_output_was_led_into() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let mut all = vec![pg_dump.path().to_path_buf()];
    all.extend(others().into_iter().map(|(_, bin)| bin.join("pg_dump")));
    for (number, pg_dump) in all.iter().enumerate() {
        let path = folder.path().join(format!("{number}.dump"));
        let append = "exec \"$0\" --format=custom >>\"$1\"";
        let run = program("sh").database(&shop).args(["-c", append]);
        run.arg(pg_dump).arg(&path).run().expect_code(0);
        let newest = others().pop().map(|(_, bin)| bin).unwrap_or_default();
        let run = tool("pg-restore-verify").env("PG_BINDIR", newest);
        is_good(&run.arg(&path).run(), &format!("{pg_dump:?}"));
        let mut bytes = fs::read(&path).unwrap();
        bytes.pop();
        fs::write(&path, &bytes).unwrap();
        let cut = tool("pg-restore-verify").arg("--archive-only").arg(&path);
        assert_eq!(failed(&cut.run()), ["archive"], "{pg_dump:?}, cut");
    }
}

/// Large objects have owners and rights of their own, which pg_restore does not tell of
/// with the definitions.
#[test]
fn of_large_objects_that_belong_to_somebody() {
    let database = Database::new();
    database.sql(
        "create role lo_owner; create role lo_reader; select lo_from_bytea(1, 'one'), lo_create(2);
         alter large object 1 owner to lo_owner; grant select on large object 2 to lo_reader;
         create table t (a int)",
    );
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Ft"] {
        let path = folder.path().join(format);
        dump(&database, &[format], &path);
        is_good(&verify(&path), format);
    }
    database.sql("select lo_unlink(1), lo_unlink(2); drop role lo_owner; drop role lo_reader");
}

/// What only a superuser may own restores, too, where that was one of another name.
#[test]
fn of_what_a_superuser_owned() {
    let database = Database::new();
    database.sql(
        "create role boss superuser;
         create table t (a int); insert into t values (1); alter table t enable row level security;
         create materialized view m as select * from t;
         create function f() returns event_trigger language plpgsql as 'begin end';
         create event trigger e on sql_drop execute function f();
         alter materialized view m owner to boss; alter event trigger e owner to boss;
         alter function f() owner to boss",
    );
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&database, &[format], &path);
        is_good(&verify(&path), format);
    }
    database.sql("drop owned by boss cascade; drop role boss");
}
