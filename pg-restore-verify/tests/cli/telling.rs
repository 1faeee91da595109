//! How far it is, and how much was restored in which time.

use std::fs;

use shared::cluster::ClusterOptions;
use tests::{another_user, binary, eventually, files_in, private_folder, program, start, tool};

use crate::backups::{dump, expect_verdict, shop, verify};

#[test]
fn how_much_was_restored_and_how_fast() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.dump");
    dump(&shop(), &["-Fc"], &path);
    let output = verify(&path);
    expect_verdict(&output, "ok");
    let lines = output.json_lines();
    let restore = lines
        .iter()
        .find(|line| line["check"] == "restore")
        .unwrap();
    let number = |field: &str| restore[field].as_u64().unwrap();
    // An empty database takes some 7 MB.
    assert!(number("bytes") > 6 << 20, "{restore}");
    let rate = number("bytes") as f64 * 1000.0 / number("duration_ms").max(1) as f64;
    let told = number("bytes_per_second") as f64;
    assert!((told / rate - 1.0).abs() < 0.1, "{restore}: {rate}");
    let others = lines.iter().filter(|line| line["check"] != "restore");
    assert!(
        others.clone().all(|line| line["bytes"].is_null()),
        "{output:?}"
    );
}

/// The rows wait for a role, so that there is time to see what is said of them.
#[test]
fn how_far_it_is_at_a_terminal() {
    let server = start(&ClusterOptions::default());
    let mut client = server.connect("postgres").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.sql");
    let waits = "begin while not exists (select from pg_catalog.pg_roles where rolname = ''go'') loop \
                 perform pg_catalog.pg_sleep(0.02); end loop; return true; end";
    let script = format!(
        "--\n-- PostgreSQL database dump\n--\n\n\
         CREATE FUNCTION public.go() RETURNS boolean LANGUAGE plpgsql AS '{waits}';\n\
         CREATE TABLE public.slow (a integer CHECK (public.go()));\n\
         COPY public.slow (a) FROM stdin;\n1\n2\n\\.\n\n\
         --\n-- PostgreSQL database dump complete\n--\n"
    );
    fs::write(&path, script).unwrap();
    let conninfo = format!(
        "host={} user=postgres dbname=postgres",
        server.socket_dir().display()
    );
    let run = tool("pg-restore-verify").args(["-d", &conninfo]).arg(&path);
    let running = run.terminal().start();
    let says = format!("restoring {}: 4 B of rows, public.slow, ", path.display());
    eventually("the line says how far it is", || {
        running.written().contains(&says)
    });
    client.batch_execute("create role go").unwrap();
    let output = running.finish();
    assert!(output.stdout.contains("verdict"), "{output:?}");
}

/// What it made would be out of its own reach, too.
#[test]
fn a_umask_that_leaves_nothing_to_oneself_is_refused_before_anything_is_made() {
    let Some(uid) = another_user() else { return };
    let folder = private_folder(uid);
    let path = folder.path().join("backup");
    dump(&shop(), &["-Fc"], &path);
    for mask in ["0777", "0400"] {
        let script = format!("umask {mask}; exec \"$@\"");
        let run = program("sh").args(["-c", &script, "sh"]);
        let run = run.arg(binary("pg-restore-verify")).arg(&path);
        let run = run.env("TMPDIR", folder.path()).env("HOME", folder.path());
        let output = run.as_user(uid).run();
        expect_verdict(&output, "skipped");
        let words = format!("the umask {mask} keeps");
        assert_eq!(output.stderr.matches(&words).count(), 1, "{output:?}");
        assert!(output.stderr.contains("umask 077"), "{output:?}");
        assert_eq!(files_in(folder.path()), ["backup"]);
    }
}
