//! Running a tool as a user would: with an environment that leads nowhere unless
//! the test says so, with input, in pipes, as somebody else, at a terminal.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{PipeReader, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use shared::cluster::Cluster;
use shared::programs::set_environment;

use crate::binary::binary;
use crate::database::Database;
use crate::dispositions;
use crate::output::Output;
use crate::running::{Collected, Running};

/// A tool of the workspace, built fresh.
pub fn tool(name: &str) -> ToolCommand {
    ToolCommand::new(binary(name))
}

/// Any other program, found on PATH.
pub fn program(name: impl Into<PathBuf>) -> ToolCommand {
    ToolCommand::new(name.into())
}

/// A command that is about to be run.
pub struct ToolCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, Option<OsString>)>,
    folder: Option<PathBuf>,
    input: Vec<u8>,
    output: Option<fs::File>,
    mixed: bool,
    user: Option<u32>,
    largest_file: Option<u64>,
    terminal: bool,
}

impl ToolCommand {
    fn new(program: PathBuf) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            input: Vec::new(),
            output: None,
            mixed: false,
            user: None,
            largest_file: None,
            terminal: false,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_os_string());
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(|a| a.as_ref().to_os_string()));
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.into(), Some(value.as_ref().to_os_string())));
        self
    }

    /// Removes a variable.
    pub fn env_remove(mut self, name: &str) -> Self {
        self.environment.push((name.into(), None));
        self
    }

    /// Makes the server the default one, by libpq's variables.
    pub fn server(mut self, cluster: &Cluster) -> Self {
        self.environment.extend(cluster.environment());
        self
    }

    /// Makes the database the default one, by libpq's variables.
    pub fn database(self, database: &Database) -> Self {
        self.server(database.cluster())
            .env("PGDATABASE", database.name())
    }

    /// Runs it in this folder.
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// What it can read from stdin.
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Sends its stdout to a file or a device, such as `/dev/full`.
    pub fn stdout_to(mut self, path: impl AsRef<Path>) -> Self {
        let mut options = fs::OpenOptions::new();
        self.output = Some(options.write(true).create(true).open(path).unwrap());
        self
    }

    /// Makes its stdout a pipe that nobody reads any more.
    pub fn stdout_closed(mut self) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        self.output = Some(fs::File::from(OwnedFd::from(writer)));
        self
    }

    /// Starts it without a stdout, as `>&-` does.
    pub fn without_stdout(mut self) -> Self {
        let script = r#"exec "$0" "$@" >&-"#;
        let words = ["-c".into(), script.into(), self.program.into_os_string()];
        self.arguments.splice(0..0, words);
        self.program = "/bin/sh".into();
        self
    }

    /// Makes its stdout and its stderr one pipe, which is read only through what is returned.
    pub fn unread(mut self) -> (Self, PipeReader) {
        let (reader, writer) = std::io::pipe().unwrap();
        self.output = Some(fs::File::from(OwnedFd::from(writer)));
        self.mixed = true;
        (self, reader)
    }

    /// Runs it as another user, for which we must be root.
    pub fn as_user(mut self, uid: u32) -> Self {
        self.user = Some(uid);
        self
    }

    /// No file may grow beyond so many bytes, as if the disk were full then: the
    /// error is "File too large".
    pub fn largest_file(mut self, bytes: u64) -> Self {
        self.largest_file = Some(bytes);
        self
    }

    /// Runs it at a terminal. What it writes to stdout and stderr arrives mixed,
    /// with the terminal's line ends, as stdout.
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(self) -> Output {
        self.start().finish()
    }

    /// Starts it.
    #[track_caller]
    pub fn start(mut self) -> Running {
        let input = std::mem::take(&mut self.input);
        let mut running = self.spawn(Stdio::piped(), Stdio::piped());
        let mut stdin = running.child.stdin.take().unwrap();
        // It need not read everything.
        thread::spawn(move || stdin.write_all(&input).and_then(|()| stdin.flush()));
        running
    }

    /// Runs it, and kills it when it is about to change what a folder holds for the time number
    /// `step`, from 0. Returns whether that came about; if not, it has ended by itself, well.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn killed_at_step(self, step: usize) -> bool {
        let command = self.command();
        let words = format!("{command:?}");
        let status = crate::stepping::run(command, step);
        assert!(
            status.is_none_or(|status| status == 0),
            "{status:?}: {words}"
        );
        status.is_none()
    }

    /// Runs it, and has the kernel refuse the call number `number`, from 0, of those. Returns what it
    /// did, and whether one was refused. Only on processors whose registers we know.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[track_caller]
    pub fn refused(self, refused: crate::stepping::Refused, number: usize) -> (Output, bool) {
        let mut command = self.command();
        let words = format!("{command:?}");
        let mut said = [(); 2].map(|()| tempfile::tempfile().unwrap());
        let [stdout, stderr] = said.each_ref().map(|file| file.try_clone().unwrap());
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let (status, was_refused) = crate::stepping::run_refused(command, refused, number);
        let [stdout, stderr] = said.each_mut().map(|file| {
            let mut bytes = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let output = Output {
            command: words,
            status: ExitStatus::from_raw(status),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            bytes: stdout,
        };
        (output, was_refused)
    }

    #[track_caller]
    fn spawn(mut self, stdin: Stdio, stdout: Stdio) -> Running {
        let copy = self.user.and_then(|_| copy_if_hidden(&mut self.program));
        let mut command = self.command();
        let words = format!("{command:?}");
        let stderr = self.output.as_ref().filter(|_| self.mixed);
        let stderr = stderr.map(|output| output.try_clone().unwrap());
        command.stdin(stdin);
        command.stderr(stderr.map_or(Stdio::piped(), Stdio::from));
        command.stdout(self.output.take().map_or(stdout, Stdio::from));
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{words}: {error}"));
        Running {
            stdout: child.stdout.take().map(Collected::from),
            stderr: child.stderr.take().map(Collected::from),
            child,
            words,
            _copy: copy,
        }
    }

    fn command(&self) -> Command {
        let mut words = vec![self.program.clone().into_os_string()];
        words.extend(self.arguments.iter().cloned());
        if let Some(bytes) = self.largest_file {
            // The shell counts in blocks of 512 bytes.
            let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", bytes / 512);
            words.splice(0..0, ["sh", "-c", limit.as_str(), "sh"].map(OsString::from));
        }
        if self.terminal {
            let line: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
            let line = format!("exec {}", line.join(" "));
            words = ["script", "-qec", line.as_str(), "/dev/null"]
                .map(OsString::from)
                .into();
        }
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        clean(&mut command);
        dispositions::reset(&mut command);
        set_environment(&mut command, self.environment.clone());
        if let Some(uid) = self.user {
            command.gid(uid).uid(uid).current_dir("/");
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }
}

/// Runs commands as one pipeline; the last one's stdout is in its output.
#[track_caller]
pub fn pipe<const N: usize>(commands: [ToolCommand; N]) -> [Output; N] {
    let mut previous: Option<PipeReader> = None;
    let mut started = Vec::new();
    for (index, mut command) in commands.into_iter().enumerate() {
        let input = std::mem::take(&mut command.input);
        let stdin = previous.take().map_or_else(Stdio::piped, Stdio::from);
        let stdout = if index + 1 < N {
            let (reader, writer) = std::io::pipe().unwrap();
            previous = Some(reader);
            Stdio::from(writer)
        } else {
            Stdio::piped()
        };
        let mut running = command.spawn(stdin, stdout);
        if let Some(mut stdin) = running.child.stdin.take() {
            thread::spawn(move || stdin.write_all(&input));
        }
        started.push(running);
    }
    let outputs: Vec<Output> = started.into_iter().map(Running::finish).collect();
    outputs.try_into().unwrap()
}

/// An environment in which no server, password or configuration is to be found.
fn clean(command: &mut Command) {
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8");
    for name in ["PATH", "PG_BINDIR", "TMPDIR"] {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(path) = path_of_postgres() {
        command.env("PATH", path);
    }
}

/// Whoever runs psql or pg_restore by its name means that of `PG_BINDIR`.
fn path_of_postgres() -> Option<OsString> {
    let first = PathBuf::from(env::var_os("PG_BINDIR").filter(|folder| !folder.is_empty())?);
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([first].into_iter().chain(env::split_paths(&path))).ok()
}

/// Copies the program to where everybody can run it, if it lies in somebody's home.
fn copy_if_hidden(program: &mut PathBuf) -> Option<tempfile::TempDir> {
    let hidden =
        |folder: &Path| fs::metadata(folder).is_ok_and(|m| m.permissions().mode() & 0o1 == 0);
    if !program.ancestors().any(hidden) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join(program.file_name().unwrap());
    fs::copy(&program, &copy).unwrap();
    *program = copy;
    Some(folder)
}

fn shell_quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''"))
}
