//! Servers in containers, and commands that stand in front of them.

use serde_json::Value;
use shared::cluster::Cluster;
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Database, ToolCommand, processes_with};

use crate::backup::restores;

pub const ASKED: &str = "A01-s3ntinel";

/// A `docker` that knows `docker compose exec -T [-e NAME] db COMMAND`: it runs the command without
/// our environment, as the server's own user, where the server's socket is the default.
pub fn docker(cluster: &Cluster) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bin = Program::find("pg_dump", None).unwrap();
    let bin = bin.path().parent().unwrap().display();
    let (socket, port) = (cluster.socket_dir().display(), cluster.port());
    let script = format!(
        "#!/bin/sh\n\
         [ \"$1 $2 $3\" = 'compose exec -T' ] || exit 64\n\
         shift 3\n\
         carried=\n\
         if [ \"$1\" = -e ]; then carried=\"$2=$(printenv \"$2\")\"; shift 2; fi\n\
         [ \"$1\" = db ] || exit 65\n\
         shift\n\
         exec env -i ${{carried:+\"$carried\"}} PATH={bin}:/usr/bin:/bin PGHOST={socket} \
         PGPORT={port} \"$@\"\n"
    );
    let path = folder.path().join("docker");
    tests::write_script(&path, script);
    folder
}

/// With a role that is asked: the password goes by the environment, as far as that is carried on.
pub fn asked_for_a_password(run: &dyn Fn(&str, &[&str]) -> ToolCommand, database: &Database) {
    let plain = "docker compose exec -T db pg_dump";
    let carrying = "docker compose exec -T -e PGPASSWORD db pg_dump";
    let url = format!("postgresql://asked:{ASKED}@/app");
    let output = run(plain, &["-d", &url]).run().expect_code(2);
    output.expect_error("no password supplied");
    let mut holder = database.client();
    let lock = "begin; lock table users in access exclusive mode";
    holder.batch_execute(lock).unwrap();
    let wrong = |record: &Value| record.to_string().contains(ASKED);
    for command in [
        run(carrying, &["-d", &url]),
        run(carrying, &["-d", "app", "-U", "asked"]).env("PGPASSWORD", ASKED),
    ] {
        let running = command.args(["-v", "--lock-wait", "1s"]).start();
        let waiting = "select count(*) > 0 from pg_locks where not granted";
        tests::eventually("pg_dump waits for the lock", || {
            database.value(waiting) == "t"
        });
        // The tool's own, where the user wrote it down, are the user's.
        let mut seen = processes_with(ASKED);
        seen.retain(|pid| *pid != running.id());
        assert_eq!(seen, [0; 0], "the password is in a child's arguments");
        let output = running.finish().expect_code(2).expect_error("LOCK TABLE");
        assert!(!output.stderr.contains(ASKED) && !output.json_lines().iter().any(wrong));
    }
    drop(holder);
    let output = run(carrying, &["-d", &url]).run().expect_code(0);
    restores(&output.json_lines()[0], database);
}
