//! The throw-away server: there at once, and gone whatever happens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, bind, socket};
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};
use shared::cluster::{Cluster, ClusterOptions, ReservedPort};
use shared::programs::Program;
use tempfile::TempDir;
use tests::{
    Running, ToolCommand, another_user, eventually, files_in, private_folder, processes_of,
    program, shared_memory_exists, shared_memory_of, tool,
};

/// A started helper and what it had on this machine when it was ready.
struct Subject {
    running: Running,
    folder: PathBuf,
    pids: Vec<u32>,
    memory: Vec<String>,
}

impl Subject {
    fn start(command: ToolCommand) -> Self {
        let mut running = command.start();
        let [folder] = running.first_lines().map(PathBuf::from);
        let pids = processes_of(&folder);
        Self {
            memory: shared_memory_of(&pids),
            running,
            folder,
            pids,
        }
    }

    fn throwaway(how: &str) -> Self {
        Self::start(tool("throwaway").arg(how))
    }

    fn supervisor(&self) -> Pid {
        let is_shell = |pid: &&u32| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name.trim() == "sh")
        };
        pid(*self.pids.iter().find(is_shell).expect("the supervisor"))
    }
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed()).unwrap()
}

#[track_caller]
fn expect_nothing_left(folder: &Path, memory: &[String]) {
    eventually("no process is left", || processes_of(folder).is_empty());
    eventually("no file is left", || !folder.exists());
    eventually("no shared memory is left", || {
        !memory.iter().any(|m| shared_memory_exists(m))
    });
}

/// Folders in which `postgres` is found, so that a test can see and disturb how
/// `initdb` is run.
fn binaries_with_initdb(script: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let postgres = Program::find("postgres", None).unwrap();
    let real = postgres.path().canonicalize().unwrap();
    std::os::unix::fs::symlink(&real, folder.path().join("postgres")).unwrap();
    let initdb = real.with_file_name("initdb");
    let runs = folder.path().join("runs");
    let script = format!(
        "#!/bin/sh\necho x >>{}\n{script}\nexec {} \"$@\"\n",
        runs.display(),
        initdb.display()
    );
    fs::write(folder.path().join("initdb"), script).unwrap();
    fs::set_permissions(
        folder.path().join("initdb"),
        PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    folder
}

fn runs(binaries: &TempDir) -> usize {
    let runs = fs::read_to_string(binaries.path().join("runs"));
    runs.unwrap_or_default().lines().count()
}

/// The user as whom our servers run.
fn server_uid() -> u32 {
    let cluster = tests::cluster();
    fs::metadata(cluster.socket_dir()).unwrap().uid()
}

/// An empty cache of the server's user.
fn empty_cache() -> TempDir {
    private_folder(server_uid())
}

fn with_cache(cache: &TempDir, binaries: &TempDir) -> ToolCommand {
    tool("throwaway")
        .env("XDG_CACHE_HOME", cache.path())
        .env("PG_BINDIR", binaries.path())
}

#[test]
fn nothing_is_left_whatever_way_it_ends() {
    for (how, code) in [("return", 0), ("error", 2), ("panic", 101), ("exit", 3)] {
        let subject = tool("throwaway").arg(how).run().expect_code(code);
        let folder = PathBuf::from(subject.stdout.lines().next().unwrap());
        if how != "exit" {
            assert!(
                !folder.exists(),
                "{how}: still there when the tool has ended"
            );
        }
        expect_nothing_left(&folder, &[]);
    }
}

#[test]
fn nothing_is_left_whatever_kills_it() {
    for how in ["wait", "unwind"] {
        for signal in [
            Signal::INT,
            Signal::TERM,
            Signal::HUP,
            Signal::QUIT,
            Signal::KILL,
        ] {
            let subject = Subject::throwaway(how);
            assert!(subject.pids.len() >= 3, "{:?}", subject.pids);
            assert!(!subject.memory.is_empty());
            assert!(subject.memory.iter().all(|m| shared_memory_exists(m)));
            subject.running.signal(signal);
            let output = subject.running.finish();
            if how == "wait" {
                assert_eq!(output.signal(), Some(signal.as_raw()));
            }
            expect_nothing_left(&subject.folder, &subject.memory);
        }
    }
}

#[test]
fn nothing_is_left_after_the_terminals_interrupt() {
    let throwaway = tests::binary("throwaway");
    let subject = Subject::start(program("setsid").arg(throwaway).arg("unwind"));
    let group = getpgid(Some(subject.supervisor())).unwrap();
    assert_ne!(
        group,
        pid(subject.running.id()),
        "the interrupt would hit the server too"
    );
    kill_process_group(pid(subject.running.id()), Signal::INT).unwrap();
    subject.running.finish();
    expect_nothing_left(&subject.folder, &subject.memory);
}

#[test]
fn a_child_that_lives_on_does_not_keep_the_server() {
    let mut running = tool("throwaway").arg("child").start();
    let [folder, _, child] = running.first_lines();
    running.signal(Signal::KILL);
    running.finish();
    let folder = PathBuf::from(folder);
    expect_nothing_left(&folder, &[]);
    kill_process(pid(child.parse().unwrap()), Signal::KILL).expect("the child still lives");
}

#[test]
fn nothing_is_left_when_the_supervisor_is_killed() {
    let subject = Subject::throwaway("unwind");
    kill_process(subject.supervisor(), Signal::KILL).unwrap();
    subject.running.signal(Signal::TERM);
    subject.running.finish();
    expect_nothing_left(&subject.folder, &subject.memory);
}

#[test]
fn the_next_one_removes_what_nobody_could() {
    let folder = private_folder(server_uid());
    let throwaway = |how| tool("throwaway").arg(how).env("TMPDIR", folder.path());
    let subject = Subject::start(throwaway("wait"));
    kill_process(subject.supervisor(), Signal::KILL).unwrap();
    subject.running.signal(Signal::KILL);
    subject.running.finish();
    throwaway("return").run().expect_code(0);
    assert!(subject.folder.exists(), "it may be new, and somebody's");
    let lock = File::options()
        .write(true)
        .open(subject.folder.join("lock"))
        .unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_secs(120))
        .unwrap();
    drop(lock);
    throwaway("return").run().expect_code(0);
    expect_nothing_left(&subject.folder, &subject.memory);
}

#[test]
fn a_running_server_is_never_swept() {
    let cluster = tests::start(&ClusterOptions::default());
    let lock = File::options()
        .write(true)
        .open(cluster.socket_dir().join("lock"))
        .unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_secs(7200))
        .unwrap();
    tool("throwaway").arg("return").run().expect_code(0);
    assert!(cluster.connect("postgres").is_ok());
    let folder = cluster.socket_dir().to_path_buf();
    cluster.stop().unwrap();
    expect_nothing_left(&folder, &[]);
}

#[test]
fn many_first_ones_at_once_prepare_one_template() {
    let (cache, binaries) = (empty_cache(), binaries_with_initdb(""));
    let started: Vec<Running> = (0..6)
        .map(|_| with_cache(&cache, &binaries).arg("return").start())
        .collect();
    for running in started {
        running.finish().expect_code(0);
    }
    assert_eq!(runs(&binaries), 1);
    with_cache(&cache, &binaries)
        .arg("return")
        .run()
        .expect_code(0);
    assert_eq!(runs(&binaries), 1);
}

#[test]
fn a_template_that_is_not_whole_is_made_again() {
    let (cache, binaries) = (empty_cache(), binaries_with_initdb(""));
    let start = || {
        with_cache(&cache, &binaries)
            .arg("return")
            .run()
            .expect_code(0)
    };
    start();
    let store = cache.path().join("pg-throwaway-templates");
    let major = Program::find("postgres", None)
        .unwrap()
        .version
        .major
        .to_string();
    let data = store.join(&major).join("data");
    fs::remove_file(data.join("global/pg_control")).unwrap();
    start();
    assert_eq!(runs(&binaries), 2, "a file is missing");
    fs::remove_dir(data.join("pg_twophase")).unwrap();
    start();
    assert_eq!(runs(&binaries), 3, "an empty folder is missing");
    let description = store.join(&major).join("description");
    let text = fs::read_to_string(&description).unwrap();
    fs::write(&description, text.replace("version ", "version 9")).unwrap();
    start();
    assert_eq!(runs(&binaries), 4, "made by another version");
    start();
    assert_eq!(runs(&binaries), 4, "whole again");
    assert_eq!(files_in(&store), [major.clone(), format!("{major}.lock")]);
}

#[test]
fn killed_while_it_prepares_the_first_one_can_start_again() {
    let cache = empty_cache();
    let binaries =
        binaries_with_initdb("test -e \"$0.once\" || { touch \"$0.once\"; exec sleep 1000; }");
    let running = with_cache(&cache, &binaries).arg("wait").start();
    let hangs = binaries.path().join("initdb.once");
    eventually("initdb hangs", || hangs.exists());
    running.signal(Signal::KILL);
    running.finish();
    with_cache(&cache, &binaries)
        .arg("return")
        .run()
        .expect_code(0);
    assert_eq!(runs(&binaries), 2);
}

#[test]
fn a_store_that_others_could_have_made_is_not_used() {
    let (elsewhere, binaries) = (empty_cache(), binaries_with_initdb(""));
    let link = empty_cache();
    std::os::unix::fs::symlink(elsewhere.path(), link.path().join("pg-throwaway-templates"))
        .unwrap();
    with_cache(&link, &binaries)
        .arg("return")
        .run()
        .expect_code(0);
    assert_eq!(files_in(elsewhere.path()), [""; 0], "followed a link");
    let open = empty_cache();
    let store = open.path().join("pg-throwaway-templates");
    fs::create_dir(&store).unwrap();
    std::os::unix::fs::chown(&store, Some(server_uid()), None).unwrap();
    fs::set_permissions(&store, PermissionsExt::from_mode(0o770)).unwrap();
    with_cache(&open, &binaries)
        .arg("return")
        .run()
        .expect_code(0);
    assert_eq!(
        files_in(&store),
        [""; 0],
        "used a folder that others can write"
    );
}

#[test]
fn what_root_has_prepared_serves_the_servers_user_too() {
    let uid = server_uid();
    if uid == rustix::process::geteuid().as_raw() {
        return;
    }
    let (cache, folder) = (empty_cache(), private_folder(uid));
    let start = || {
        let start = tool("throwaway").arg("return").env("TMPDIR", folder.path());
        start.env("XDG_CACHE_HOME", cache.path())
    };
    start().run().expect_code(0);
    start().as_user(uid).run().expect_code(0);
    start().run().expect_code(0);
}

#[test]
fn it_works_as_an_ordinary_user() {
    let Some(uid) = another_user() else { return };
    let home = private_folder(uid);
    let subject = Subject::start(
        tool("throwaway")
            .arg("wait")
            .as_user(uid)
            .env("TMPDIR", home.path()),
    );
    assert!(subject.folder.starts_with(home.path()));
    let metadata = fs::metadata(&subject.folder).unwrap();
    assert_eq!((metadata.uid(), metadata.mode() & 0o777), (uid, 0o700));
    subject.running.signal(Signal::KILL);
    subject.running.finish();
    expect_nothing_left(&subject.folder, &subject.memory);
}

#[test]
fn nobody_else_can_enter_its_folder() {
    let cluster = tests::cluster();
    let metadata = fs::metadata(cluster.socket_dir()).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o700);
    assert_ne!(metadata.uid(), 0);
    if let Some(uid) = another_user() {
        let ls = program("ls").arg(cluster.socket_dir()).as_user(uid).run();
        ls.expect_error("Permission denied");
    }
}

#[test]
fn the_server_learns_nothing_of_our_environment() {
    let subject = Subject::start(
        tool("throwaway")
            .arg("wait")
            .env("DATABASE_URL", "postgres://:s3cret@h/d"),
    );
    for pid in processes_of(&subject.folder) {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment);
        assert!(!environment.contains("s3cret"), "process {pid}");
    }
}

#[test]
fn it_is_fast_private_and_the_same_everywhere() {
    let mut client = tests::cluster().connect("postgres").unwrap();
    for (setting, expected) in [
        ("listen_addresses", ""),
        ("fsync", "off"),
        ("wal_level", "minimal"),
        ("autovacuum", "off"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("TimeZone", "UTC"),
    ] {
        let value = match setting {
            "lc_collate" => {
                "select datcollate from pg_database where datname = 'template1'".to_string()
            }
            setting => format!("show {setting}"),
        };
        let value: String = client.query_one(&value, &[]).unwrap().get(0);
        assert_eq!(value, expected, "{setting}");
    }
    let user: String = client
        .query_one("select session_user::text", &[])
        .unwrap()
        .get(0);
    assert_eq!(user, "postgres");
}

#[test]
fn settings_files_and_tcp_on_request() {
    let cluster = tests::start(&ClusterOptions {
        tcp: true,
        hba: vec!["host all all 127.0.0.1/32 trust".to_string()],
        settings: vec![("work_mem".to_string(), "77MB".to_string())],
        files: vec![("note".to_string(), b"read by the server".to_vec())],
        ..ClusterOptions::default()
    });
    let mut config = postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(cluster.port())
        .user("postgres");
    let mut client = config.connect(postgres::NoTls).unwrap();
    let row = client.query_one(
        "select pg_read_file('../note'), current_setting('work_mem')",
        &[],
    );
    let row = row.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("read by the server", "77MB"));
    assert_eq!(
        fs::metadata(cluster.socket_dir().join("note"))
            .unwrap()
            .mode()
            & 0o777,
        0o600
    );
}

#[test]
fn a_reserved_port_is_for_who_knows_its_number() {
    let port = ReservedPort::take().unwrap();
    let place = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
    let passer_by = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    assert_eq!(bind(&passer_by, &place), Err(Errno::ADDRINUSE));
    let server = TcpListener::bind(place).unwrap();
    drop(port);
    TcpStream::connect(place).unwrap();
    server.accept().unwrap();
}

#[test]
fn a_link_to_the_server_is_enough() {
    let (cache, binaries) = (empty_cache(), binaries_with_initdb(""));
    fs::remove_file(binaries.path().join("initdb")).unwrap();
    let start = || {
        with_cache(&cache, &binaries)
            .arg("return")
            .run()
            .expect_code(0)
    };
    start();
    let made = || {
        let major = Program::find("postgres", None).unwrap().version.major;
        let description = format!("pg-throwaway-templates/{major}/description");
        fs::metadata(cache.path().join(description)).unwrap().ino()
    };
    let first = made();
    let real = binaries.path().join("postgres").canonicalize().unwrap();
    let real = real.parent().unwrap();
    let command = tool("throwaway")
        .arg("return")
        .env("XDG_CACHE_HOME", cache.path());
    command.env("PG_BINDIR", real).run().expect_code(0);
    assert_eq!(
        made(),
        first,
        "one template, whichever way the server was found"
    );
}

#[test]
fn a_version_that_is_not_there_is_one_plain_error() {
    let newest = Program::find("postgres", None).unwrap().version;
    let output = tool("throwaway")
        .args(["return", "13"])
        .run()
        .expect_code(0);
    assert!(output.stdout.lines().nth(1).is_some());
    let expected =
        format!("postgres of PostgreSQL 99 or newer is needed, and the newest is {newest}");
    let output = tool("throwaway").args(["return", "99"]).run();
    output
        .expect_code(2)
        .expect_no_output()
        .expect_error(&expected)
        .expect_error("hint: install it");
}

#[test]
fn no_server_at_all_says_what_to_install() {
    let empty = tempfile::tempdir().unwrap();
    let output = tool("throwaway")
        .arg("return")
        .env("PG_BINDIR", empty.path())
        .run();
    output
        .expect_code(2)
        .expect_error("error: postgres was not found in PG_BINDIR")
        .expect_error("hint: install it");
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let started = Cluster::start(&ClusterOptions {
        settings: vec![("no_such_setting".to_string(), "1".to_string())],
        ..ClusterOptions::default()
    });
    let error = started.unwrap_err();
    assert_eq!(error.message(), "the temporary server did not start");
    assert!(
        error.detail().unwrap().contains("no_such_setting"),
        "{error}"
    );
}

#[test]
fn no_room_for_the_data_says_so_and_leaves_nothing() {
    let (cache, folder) = (empty_cache(), private_folder(server_uid()));
    let start = || {
        let start = tool("throwaway").arg("return").env("TMPDIR", folder.path());
        start.env("XDG_CACHE_HOME", cache.path())
    };
    start().run().expect_code(0);
    let output = start().largest_file(100_000).run();
    let output = output
        .expect_code(2)
        .expect_no_output()
        .expect_error("the temporary server did not start")
        .expect_error("File too large");
    assert!(output.stderr.lines().count() < 20, "{}", output.stderr);
    assert_eq!(files_in(folder.path()), [""; 0]);
}

#[test]
fn a_folder_for_temporary_files_is_used_if_it_can_be() {
    let folder = private_folder(server_uid());
    let output = tool("throwaway")
        .arg("return")
        .env("TMPDIR", folder.path())
        .run()
        .expect_code(0);
    assert!(
        output.stdout.starts_with(folder.path().to_str().unwrap()),
        "{output:?}"
    );
    let long = folder.path().join("x".repeat(90));
    fs::create_dir(&long).unwrap();
    fs::set_permissions(&long, PermissionsExt::from_mode(0o777)).unwrap();
    let awkward = folder.path().join("it's, \"quoted\" $x");
    fs::create_dir(&awkward).unwrap();
    fs::set_permissions(&awkward, PermissionsExt::from_mode(0o777)).unwrap();
    for (tmpdir, used) in [
        (&long, false),
        (&folder.path().join("missing"), false),
        (&awkward, true),
    ] {
        let output = tool("throwaway")
            .arg("return")
            .env("TMPDIR", tmpdir)
            .run()
            .expect_code(0);
        let inside = output.stdout.starts_with(tmpdir.to_str().unwrap());
        assert_eq!(inside, used, "{output:?}");
    }
}
