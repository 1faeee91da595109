//! A throw-away server whose data somebody else brings: the copy of a physical backup.
//!
//! Nothing that the data brings along decides how the server runs: not its configuration, not
//! its rules of who may connect, not its roles' settings.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::folder::Folder;
use super::server::{Server, clean_command};
use super::user::ServerUser;
use super::{Cluster, ClusterOptions, PORT, SUPERUSER, command, sessions};
use crate::error::{Context, Error, Result};
use crate::programs::{Child, Program};

/// The script that starts the server, made once it is known which one.
const SCRIPT: &str = "server";
/// A superuser of our own, where the data has no other who may log in. (Names that begin with
/// `pg_` are the server's.)
const OWN_SUPERUSER: &str = "throwaway_superuser";
/// A folder for a server's data, and a server to be started on it. Dropping it, or our death,
/// removes everything.
#[derive(Debug)]
pub struct Draft {
    // Dropped in this order: first the server, then what is left of the folder.
    server: Option<Server>,
    folder: Folder,
    user: ServerUser,
}

/// The server's user, as the one who owns new files.
#[derive(Debug, Clone, Copy)]
pub struct Owner(ServerUser);

impl Owner {
    /// Makes a folder that the server alone can enter.
    pub fn make_folder(self, path: &Path) -> Result<()> {
        let make = || {
            DirBuilder::new().mode(0o700).create(path)?;
            self.0.give(path)
        };
        made(make(), path)
    }

    /// Makes a file that the server alone can read and write.
    pub fn make_file(self, path: &Path) -> Result<File> {
        let make = || {
            let mut options = File::options();
            let file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?;
            self.0.give_file(&file)?;
            Ok::<_, std::io::Error>(file)
        };
        made(make(), path)
    }
}

/// Whether something could be made has nothing to do with what goes into it.
fn made<T>(made: std::io::Result<T>, path: &Path) -> Result<T> {
    let made = made.context(|| format!("could not make {}", path.display()));
    made.map_err(Error::of_machine)
}

/// How a server that was started is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does not take connections yet.
    Starting,
    /// It takes connections.
    Ready,
    /// It has ended.
    Ended,
}

impl Draft {
    /// A folder with nothing in it but an empty folder for the data.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn new() -> Result<Self> {
        let user = ServerUser::of_process()?;
        let folder = Folder::create(None, &user)?;
        folder.write("pg_hba.conf", b"local all all trust\n", &user)?;
        folder.write("pg_ident.conf", b"", &user)?;
        folder.write("postgresql.conf", b"", &user)?;
        let server = Some(waiting(&folder, &user)?);
        let draft = Self {
            server,
            folder,
            user,
        };
        draft.owner().make_folder(&draft.data())?;
        Ok(draft)
    }

    /// The folder of everything, which the server alone can enter.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// The folder for the data.
    pub fn data(&self) -> PathBuf {
        self.folder.path.join("data")
    }

    /// Who makes files that the server can use.
    pub fn owner(&self) -> Owner {
        Owner(self.user)
    }

    /// Makes a pipe with a name, through which the server's commands and we talk.
    pub fn make_pipe(&self, path: &Path) -> Result<()> {
        let mut mkfifo = clean_command("mkfifo", &self.user);
        mkfifo.args(["-m", "600"]).arg(path);
        mkfifo.stdin(Stdio::null()).stdout(Stdio::null());
        let finished = Child::spawn(mkfifo, "mkfifo")?.wait()?;
        finished.success_or(|| format!("could not make {}", path.display()))?;
        Ok(())
    }

    /// A command that runs as the server does, in the folder of its data.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = clean_command(program, &self.user);
        command.current_dir(self.data());
        command
    }

    /// Starts the server on the data, with these settings beside ours. The data's own
    /// configuration is not read.
    pub fn start(&mut self, postgres: &Program, settings: &[(String, String)]) -> Result<()> {
        let script = self.folder.path.join(SCRIPT);
        if script.exists() {
            fs::remove_file(&script)?;
        }
        let words = self.words(postgres, settings);
        self.folder
            .write(SCRIPT, &shell_script(&words), &self.user)?;
        match &self.server {
            Some(server) => server.go(),
            None => Err(Error::new("the temporary server is gone")),
        }
    }

    /// How it is doing. Waits a moment.
    pub fn state(&mut self) -> Result<State> {
        let Some(server) = &mut self.server else {
            return Ok(State::Ended);
        };
        Ok(match server.looks_ready(&self.folder)? {
            Some(true) => State::Ready,
            Some(false) => State::Starting,
            None => State::Ended,
        })
    }

    /// What the server has said so far.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The server, which is ready, with a superuser who can connect: the usual one, or one that
    /// is created where there is no such.
    ///
    /// # Errors
    /// When it ends, or there is no way in.
    pub fn into_cluster(
        mut self,
        postgres: &Program,
        settings: &[(String, String)],
    ) -> Result<Cluster> {
        let session = sessions::looking(postgres.version.major);
        if self.has_usual_superuser(&session)? {
            return self.finished(postgres, SUPERUSER, session);
        }
        self.create_superuser(postgres, settings)?;
        self.start(postgres, settings)?;
        loop {
            match self.state()? {
                State::Starting => {}
                State::Ready => break,
                State::Ended => {
                    let error = Error::new("the temporary server did not start again");
                    return Err(error.with_detail(last_lines(&self.log())));
                }
            }
        }
        self.finished(postgres, OWN_SUPERUSER, session)
    }

    fn finished(self, postgres: &Program, superuser: &str, session: String) -> Result<Cluster> {
        let server = self.server.ok_or_else(Error::interrupted)?;
        Ok(Cluster {
            server,
            folder: self.folder,
            port: PORT,
            version: postgres.version,
            superuser: superuser.to_string(),
            session,
            is_apart: false,
        })
    }

    /// Whether the role of the usual name is there, may log in, and is a superuser. That no
    /// database can be entered, for the locale is unknown here, has nothing to do with the role.
    fn has_usual_superuser(&self, session: &str) -> Result<bool> {
        let mut config = postgres::Config::new();
        config.host_path(&self.folder.path).port(PORT);
        config.user(SUPERUSER).dbname("template1").options(session);
        let is_superuser = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user";
        match config.connect(postgres::NoTls) {
            Ok(mut client) => Ok(client.query_typed(is_superuser, &[])?[0].try_get(0)?),
            // Of the role: it does not exist, or may not log in.
            Err(error) => Ok(error.code().is_none_or(|code| code.code() != "28000")),
        }
    }

    /// Shuts the server down and creates a superuser in the one way that asks for none.
    fn create_superuser(
        &mut self,
        postgres: &Program,
        settings: &[(String, String)],
    ) -> Result<()> {
        if let Some(server) = self.server.take() {
            server.leave()?;
        }
        let words = self.words(postgres, settings);
        let mut single = self.command(postgres.path());
        single.arg("--single").args(&words[1..]).arg("template1");
        single.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut single = Child::spawn(single, "postgres --single")?;
        let create = format!(
            "DROP ROLE IF EXISTS {OWN_SUPERUSER};\nCREATE ROLE {OWN_SUPERUSER} SUPERUSER LOGIN;\n"
        );
        single.stdin()?.write_all(create.as_bytes())?;
        let finished = single.wait()?;
        let log = self.folder.path.join("log");
        let mut log = File::options().append(true).create(true).open(log)?;
        log.write_all(finished.stderr.as_bytes())?;
        // It goes on after an error, to the end of its input.
        let words = finished.stderr.clone();
        finished.success_or(|| "could not create a superuser".to_string())?;
        if let Some(error) = words.lines().find(|line| line.starts_with("ERROR:")) {
            return Err(Error::new(format!("could not create a superuser: {error}")));
        }
        self.server = Some(waiting(&self.folder, &self.user)?);
        Ok(())
    }

    fn words(&self, postgres: &Program, settings: &[(String, String)]) -> Vec<OsString> {
        let folder = self.folder.path.to_string_lossy().into_owned();
        let own = ["config_file", "ident_file"]
            .into_iter()
            .zip(["postgresql", "pg_ident"]);
        let own = own.map(|(name, file)| (name.to_string(), format!("{folder}/{file}.conf")));
        let options = ClusterOptions {
            settings: own.chain(settings.iter().cloned()).collect(),
            ..ClusterOptions::default()
        };
        command(postgres, &self.folder.path, PORT, &options)
    }
}

/// A supervisor that waits until the data is there.
fn waiting(folder: &Folder, user: &ServerUser) -> Result<Server> {
    let script = folder.path.join(SCRIPT);
    Server::start(folder, None, vec!["sh".into(), script.into()], user)
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.trim_end().lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

/// Runs the command in place of the shell. Its words are data: none is read as anything else.
fn shell_script(words: &[OsString]) -> Vec<u8> {
    let mut script = b"exec".to_vec();
    for word in words {
        script.extend_from_slice(b" '");
        let pieces = word.as_bytes().split(|byte| *byte == b'\'');
        for (index, piece) in pieces.enumerate() {
            if index > 0 {
                script.extend_from_slice(b"'\\''");
            }
            script.extend_from_slice(piece);
        }
        script.push(b'\'');
    }
    script.push(b'\n');
    script
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_word_reaches_the_program_as_it_is() {
        let words = [
            "printf",
            "%s|",
            "it's",
            "a \"b\" $HOME `id` \\ %f",
            "",
            "\n",
        ];
        let script = shell_script(&words.map(OsString::from));
        let output = Command::new("sh")
            .arg("-c")
            .arg(OsStr::from_bytes(&script))
            .output();
        let expected = words[2..]
            .iter()
            .map(|word| format!("{word}|"))
            .collect::<String>();
        assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), expected);
    }
}
