//! What the server lacks is said before anything is restored.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use shared::cluster::ClusterOptions;
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Database, program, start, tool};

use crate::backups::{dump, expect_verdict, failed, of_status, plain, shop, verify};

#[test]
fn extensions_that_are_not_installed_are_named_with_their_packages() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&shop, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let more = "CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;\n\
                CREATE EXTENSION no_such_extension;\nCREATE SCHEMA app;";
    fs::write(&path, script.replacen("CREATE SCHEMA app;", more, 1)).unwrap();
    let output = verify(&path);
    let lacks: Vec<(String, String)> = output
        .json_lines()
        .iter()
        .filter(|line| line["check"] == "preflight")
        .map(|line| (line["object"].to_string(), line["message"].to_string()))
        .collect();
    if lacks.len() == 1 {
        // This machine has postgis.
        assert_eq!(lacks[0].0, "\"EXTENSION no_such_extension\"");
    } else {
        assert!(
            lacks.iter().any(|(object, message)| {
                object.contains("EXTENSION postgis") && message.contains("-postgis-3")
            }),
            "{output:?}"
        );
    }
    expect_verdict(&output, "skipped");
    assert!(!output.stdout.contains("\"restore\""), "{output:?}");
}

/// Of those that were there when it was dumped.
#[test]
fn tablespaces_that_a_named_server_lacks() {
    let source = start(&ClusterOptions::default());
    let mut client = source.connect("postgres").unwrap();
    if client
        .batch_execute("set allow_in_place_tablespaces = on")
        .is_err()
    {
        return; // 13 and 14 of old
    }
    client
        .batch_execute("create tablespace fast location ''")
        .unwrap();
    let database = Database::named(&source, "app");
    database.sql("create table t (a int) tablespace fast");
    let folder = tempfile::tempdir().unwrap();
    let other = start(&ClusterOptions::default());
    let conninfo = format!("host={} user=postgres", other.socket_dir().display());
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&database, &[format], &path);
        expect_verdict(&verify(&path), "ok");
        let run = tool("pg-restore-verify").args(["-d", &conninfo]).arg(&path);
        let output = run.run();
        expect_verdict(&output, "skipped");
        assert!(output.stdout.contains("TABLESPACE fast"), "{output:?}");
        assert!(!output.stdout.contains("\"restore\""), "{output:?}");
    }
}

/// Of a part of a backup, an extension may be for the others only.
#[test]
fn an_extension_that_only_others_need() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&shop, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let entry = |name: &str, kind: &str, sql: &str| {
        format!(
            "--\n-- Name: {name}; Type: {kind}; Schema: public; Owner: postgres\n--\n\n{sql}\n\n\n"
        )
    };
    let schema = "--\n-- Name: app; Type: SCHEMA;";
    let extension = entry(
        "no_such_extension",
        "EXTENSION",
        "CREATE EXTENSION no_such_extension;",
    );
    let first = "--\n-- Name: orders; Type: TABLE; Schema: app;";
    let table = entry(
        "places",
        "TABLE",
        "CREATE TABLE public.places (a public.geometry);",
    );
    assert!(script.contains(schema));
    let script = script.replacen(schema, &format!("{extension}{schema}"), 1);
    assert!(script.contains(first));
    fs::write(&path, script.replacen(first, &format!("{table}{first}"), 1)).unwrap();
    let choose = |pattern: &str| {
        tool("pg-restore-verify")
            .args(["-t", pattern])
            .arg(&path)
            .run()
    };
    let output = choose("app.orders");
    expect_verdict(&output, "ok");
    assert!(output.stdout.contains("only what needs it"), "{output:?}");
    // And one that the chosen one needs.
    for (pattern, status) in [("places", 2), ("*.*", 2)] {
        let output = choose(pattern);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        let verdict = output.json_lines().last().unwrap().clone();
        assert_eq!(verdict["status"], "skipped", "{output:?}");
        let words = verdict["message"].as_str().unwrap();
        assert!(
            words.contains("lacks EXTENSION no_such_extension"),
            "{words}"
        );
        assert_eq!(output.code(), Some(status), "{output:?}");
    }
    let output = tool("pg-restore-verify")
        .args(["-n", "app"])
        .arg(&path)
        .run();
    expect_verdict(&output, "ok");
}

/// What a server refuses that is older than any of which it is known that the backup loads into it.
#[test]
fn a_named_server_that_is_too_old() {
    let shop = shop();
    let server = start(&ClusterOptions::default());
    let conninfo = format!(
        "host={} user=postgres dbname=postgres",
        server.socket_dir().display()
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let script = plain(&shop, &[]);
    let (before, version) = script.split_once("Dumped from database version ").unwrap();
    let (_, after) = version.split_once('\n').unwrap();
    let newer = format!("{before}Dumped from database version 99.1\n{after}");
    let more = "CREATE TABLE app.new (a integer) OF A NEWER KIND;\n\nCOPY app.new (a) FROM stdin;\n1\n\\.\n\nCOPY ";
    for (script, status, code) in [
        (newer.clone(), "ok", 0),
        (newer.replacen("COPY ", more, 1), "skipped", 2),
    ] {
        fs::write(&path, script).unwrap();
        let run = tool("pg-restore-verify").args(["-d", &conninfo]);
        let output = run.arg(&path).run();
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        let lines = output.json_lines();
        assert_eq!(lines[0]["check"], "preflight", "{output:?}");
        assert!(
            lines[0]["message"]
                .as_str()
                .unwrap()
                .contains("99 and newer")
        );
        assert_eq!(lines.last().unwrap()["status"], status, "{output:?}");
        assert_eq!(output.code(), Some(code), "{output:?}");
    }
    // Rows that are gone are gone on any server.
    let lost = "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS \
                'begin return null; end';\n\
                CREATE TRIGGER g BEFORE INSERT ON public.tags FOR EACH ROW EXECUTE FUNCTION public.f();\n\
                COPY public.tags";
    fs::write(&path, newer.replacen("COPY public.tags", lost, 1)).unwrap();
    let run = tool("pg-restore-verify").args(["-d", &conninfo]);
    let output = run.arg(&path).run();
    assert_eq!(failed(&output), ["rows public.tags"], "{output:?}");
}

#[test]
fn collations_that_are_not_to_be_had_here() {
    let database = Database::new();
    database.sql(
        "create schema app; create collation app.own (provider = libc, locale = 'POSIX');
         create table t (a text collate app.own primary key); insert into t values ('a');
         create table u as select 1 a",
    );
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&database, &[format], &path);
        expect_verdict(&verify(&path), "ok");
        replace(&path, "'POSIX'", "'xx_YY'");
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        expect_verdict(&output, "skipped");
        let lines = output.json_lines();
        let skipped = of_status(&lines, "skipped");
        let named = skipped.contains(&"preflight COLLATION app.own".to_string());
        assert!(named, "{output:?}");
        let run = tool("pg-restore-verify").args(["-t", "u"]);
        expect_verdict(&run.arg(&path).run(), "ok");
    }
}

/// Then it is C, and what that refuses is no fault of the backup.
#[test]
fn a_locale_that_is_not_to_be_had_here() {
    let database = Database::new();
    database.sql(
        "create table t (a text) partition by range (a);
         create table t1 partition of t for values from ('a') to ('b'); insert into t values ('ab')",
    );
    let folder = tempfile::tempdir().unwrap();
    for options in [&["-Fc"][..], &["-Fp", "-C"]] {
        let path = folder.path().join("backup");
        dump(&database, options, &path);
        replace(&path, "LOCALE = 'C'", "LOCALE = 'x'");
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        expect_verdict(&output, "ok");
        let verdict = output.json_lines().last().unwrap().clone();
        let words = verdict["message"].as_str().unwrap();
        assert!(words.contains("with locale C"), "{words}");
        // In many locales B is behind a.
        replace(&path, "TO ('b')", "TO ('B')");
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        let verdict = output.json_lines().last().unwrap().clone();
        assert_eq!(verdict["status"], "skipped", "{output:?}");
        // And another fault is one.
        replace(&path, "PARTITION BY RANGE (a)", "PARTITION BY RANGE (x)");
        let output = verify(&path);
        let verdict = output.json_lines().last().unwrap().clone();
        assert_eq!(verdict["status"], "failed", "{output:?}");
    }
}

/// It is installed, and its library must be there from the server's start.
#[test]
fn an_extension_that_must_be_preloaded() {
    let Some(programs) = Programs::with_an_extension_to_preload() else {
        return; // A server that was not built to be moved.
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    let schema = "--\n-- Name: app; Type: SCHEMA;";
    let extension = format!(
        "--\n-- Name: needs_preload; Type: EXTENSION; Schema: -; Owner: -\n--\n\n\
         CREATE EXTENSION IF NOT EXISTS needs_preload WITH SCHEMA public;\n\n\n{schema}"
    );
    let script = plain(&shop(), &[]);
    assert!(script.contains(schema));
    let script = script.replacen(schema, &extension, 1);
    fs::write(&path, script).unwrap();
    let run = tool("pg-restore-verify").env("PG_BINDIR", &programs.bin);
    let output = run.arg(&path).run();
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "skipped");
    let verdict = output.json_lines().last().unwrap().clone();
    let words = verdict["message"].as_str().unwrap();
    assert!(words.contains("EXTENSION needs_preload"), "{words}");
    assert!(words.contains("shared_preload_libraries"), "{words}");
    assert!(words.contains("--preload"), "{words}");
    let loading = |library: &str| {
        let run = tool("pg-restore-verify").env("PG_BINDIR", &programs.bin);
        run.args(["--preload", library]).arg(&path).run()
    };
    expect_verdict(&loading("auto_explain"), "ok");
    let output = loading("no_such_library");
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("no_such_library"), "{output:?}");
    let run = tool("pg-restore-verify").args(["-d", "postgres", "--preload", "x"]);
    run.arg(&path).run().expect_code(2);
}

/// PostgreSQL's programs in a place of their own, where they find other extensions.
struct Programs {
    bin: PathBuf,
    _folder: TempDir,
}

impl Programs {
    fn with_an_extension_to_preload() -> Option<Self> {
        let postgres = Program::find("postgres", None).unwrap();
        let bin = postgres.path().canonicalize().unwrap();
        let bin = bin.parent().unwrap();
        let told = |what: &str| {
            let told = program(bin.join("pg_config")).arg(what).run();
            PathBuf::from(told.stdout.trim())
        };
        if !bin.join("pg_config").exists() {
            return None;
        }
        let (share, library) = (told("--sharedir"), told("--pkglibdir"));
        if !share.is_dir() || !library.is_dir() {
            return None;
        }
        let uid = tests::cluster().socket_dir().metadata().unwrap().uid();
        let folder = tests::private_folder(uid);
        let moved = |path: &Path| folder.path().join(path.strip_prefix("/").unwrap());
        let (own_bin, own_share) = (moved(bin), moved(&share));
        mirror(bin, &own_bin, "postgres");
        fs::copy(bin.join("postgres"), own_bin.join("postgres")).unwrap();
        mirror(&share, &own_share, "extension");
        let extensions = own_share.join("extension");
        mirror(&share.join("extension"), &extensions, "");
        let control = "default_version = '1'\n";
        fs::write(extensions.join("needs_preload.control"), control).unwrap();
        let script = "do $$ begin
             if current_setting('shared_preload_libraries') not like '%auto_explain%' then
                 raise exception 'needs_preload can only be loaded via shared_preload_libraries';
             end if; end $$;";
        fs::write(extensions.join("needs_preload--1.sql"), script).unwrap();
        let own_library = moved(&library);
        fs::create_dir_all(own_library.parent().unwrap()).unwrap();
        if !own_library.exists() {
            symlink(&library, own_library).unwrap();
        }
        Some(Self {
            bin: own_bin,
            _folder: folder,
        })
    }
}

/// A folder with all that is in another, but one.
fn mirror(from: &Path, to: &Path, but: &str) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != but {
            symlink(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Puts other bytes, as many, into a backup.
fn replace(path: &Path, this: &str, that: &str) {
    let mut bytes = fs::read(path).unwrap();
    let found = memchr::memmem::find(&bytes, this.as_bytes());
    let place = found.unwrap_or_else(|| panic!("no {this}"));
    bytes[place..place + this.len()].copy_from_slice(that.as_bytes());
    fs::write(path, bytes).unwrap();
}

/// A script without --create.
#[test]
fn a_locale_that_the_backup_does_not_say() {
    let database = Database::new();
    database.sql(
        "create table t (a text primary key) partition by range (a);
         create table t1 partition of t for values from ('a') to ('b'); insert into t values ('ab');
         create table u as select 1 a",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&database, &["-Fp"], &path);
    expect_verdict(&verify(&path), "ok");
    replace(&path, "TO ('b')", "TO ('B')");
    let output = verify(&path);
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    let verdict = output.json_lines().last().unwrap().clone();
    assert_eq!(verdict["status"], "skipped", "{output:?}");
    let words = verdict["message"].as_str().unwrap();
    assert!(words.contains("does not say the locale"), "{words}");
    // Another fault is one nevertheless.
    replace(&path, "CREATE TABLE public.u", "CREATE TABEL public.u");
    let output = verify(&path);
    let failed = failed(&output);
    assert_eq!(failed, ["restore TABLE public.u"], "{output:?}");
}

/// The text of an archive can be in another one than its database.
#[test]
fn an_archive_in_another_encoding_than_its_database() {
    let cluster = tests::cluster();
    let name = format!("icu{}", std::process::id());
    let mut client = cluster.connect("postgres").unwrap();
    let create = format!(
        "create database {name} encoding 'UTF8' locale_provider icu icu_locale 'de' template template0"
    );
    if client.batch_execute(&create).is_err() {
        return; // Before 15, or without ICU.
    }
    let tables = "create table t (a text) partition by range (a);
         create table t1 partition of t for values from ('a') to ('B'); insert into t values ('ä')";
    cluster
        .connect(&name)
        .unwrap()
        .batch_execute(tables)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let run = program(pg_dump.path())
        .server(cluster)
        .args(["-Fc", "--encoding=LATIN1"]);
    run.arg(&name).arg("--file").arg(&path).run().expect_code(0);
    let output = verify(&path);
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "ok");
    let dropped = format!("drop database {name}");
    client.batch_execute(&dropped).unwrap();
}
