//! What a physical backup says of itself: `backup_label`, and pg_controldata's view of it.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use shared::cluster::Draft;
use shared::programs::{Child, Program, install_hint};
use shared::time::{self, Time};
use shared::{Context, Error, Result};

use super::base::Damage;

/// What a file of WAL holds unless initdb was told otherwise.
const USUAL_WAL_FILE: u64 = 16 << 20;

/// `backup_label`.
#[derive(Debug, Clone, Default)]
pub struct Label {
    /// The WAL file in which recovery begins.
    pub start_file: String,
    /// When the backup began, in the server's words: another zone's abbreviations are its own.
    pub start_time: String,
    /// Whether it has of some files only what another backup, which it names, has not (17 and later).
    pub is_incremental: bool,
}

impl Label {
    /// Reads it; `None` where there is none.
    pub fn read(data: &Path) -> Result<Option<Self>> {
        let path = data.join("backup_label");
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read(&path).context(|| path.display().to_string())?;
        Ok(Some(Self::parse(&String::from_utf8_lossy(&text))))
    }

    fn parse(text: &str) -> Self {
        let value = |name: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        // 0/2000028 (file 000000010000000000000002)
        let start = value("START WAL LOCATION").unwrap_or_default();
        let (_, file) = start.split_once(" (file ").unwrap_or((start, ""));
        Self {
            start_file: file.trim_end_matches(')').to_string(),
            start_time: value("START TIME").unwrap_or_default().to_string(),
            is_incremental: value("INCREMENTAL FROM LSN").is_some(),
        }
    }

    /// When the backup began, where that can be told without knowing the server's zone.
    pub fn start_time(&self) -> Option<Time> {
        let (shown, zone) = self.start_time.rsplit_once(' ')?;
        let zone = match zone {
            "UTC" | "GMT" => "Z",
            zone if zone.starts_with(['+', '-']) => zone,
            _ => return None,
        };
        time::moment(&format!("{shown}{zone}")).ok()
    }
}

/// Where a server keeps its state.
pub const CONTROL: &str = "global/pg_control";

/// What pg_controldata says.
#[derive(Debug)]
pub struct Control(String);

/// It goes on after a wrong checksum, and says so: before 17 among what it read. The rest of its words
/// is not repeated, which has a secret of the server's.
fn warning(words: &str) -> Option<Damage> {
    let said = |line: &str| {
        let at = line.to_ascii_lowercase().find("warning: ")?;
        Some(line[at + "warning: ".len()..].trim().to_string())
    };
    let said = words.lines().find_map(said)?;
    Some(match said.contains("CRC") {
        true => "the file is damaged, or of another version: its checksum (CRC) is wrong".into(),
        false => format!("the file is damaged: {said}"),
    })
}

impl Control {
    /// Reads the copy's, which may be damaged.
    ///
    /// # Errors
    /// When pg_controldata can't be run.
    pub fn read(postgres: &Program, draft: &Draft) -> Result<std::result::Result<Self, Damage>> {
        let path = draft.data().join(CONTROL);
        let Ok(file) = fs::metadata(&path) else {
            return Ok(Err("the file is missing".into()));
        };
        let program = postgres.sibling("pg_controldata")?;
        let mut command = draft.command(program.path());
        command
            .arg("-D")
            .arg(draft.data())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = Child::spawn(command, "pg_controldata")?;
        let text = std::io::read_to_string(child.stdout()?)?;
        let finished = child.wait()?;
        finished.not_killed()?;
        let words = format!("{}\n{text}", finished.stderr);
        if finished.success_or(String::new).is_err() {
            let bytes = file.len();
            return Ok(Err(format!("the file can't be read: it has {bytes} bytes")));
        }
        Ok(warning(&words).map_or(Ok(Self(text)), Err))
    }

    fn value(&self, name: &str) -> &str {
        let mut lines = self.0.lines();
        let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.unwrap_or_default().trim()
    }

    /// Which server it is of.
    pub fn system(&self) -> Option<u64> {
        self.value("Database system identifier").parse().ok()
    }

    /// Which timeline it was on.
    pub fn timeline(&self) -> u32 {
        let said = self.value("Latest checkpoint's TimeLineID").parse();
        said.unwrap_or(1)
    }

    /// How long a file of its WAL is.
    pub fn wal_file_bytes(&self) -> u64 {
        let said = self.value("Bytes per WAL segment").parse();
        said.unwrap_or(USUAL_WAL_FILE)
    }

    /// Whether the server had been shut down: then a mere copy of its files is a backup.
    pub fn was_shut_down(&self) -> bool {
        self.value("Database cluster state")
            .starts_with("shut down")
    }

    /// How many transactions could be prepared at once: none of them may be lost on the way.
    pub fn prepared_transactions(&self) -> u32 {
        self.value("max_prepared_xacts setting")
            .parse()
            .unwrap_or_default()
    }
}

/// The server's program of the very version that wrote the data.
pub fn program(draft: &Draft) -> Result<Program> {
    let path = draft.data().join("PG_VERSION");
    let said = fs::read_to_string(&path).context(|| "PG_VERSION of the backup".to_string())?;
    let major = said
        .trim()
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    let Some(major) = major else {
        return Err(Error::new(format!("PG_VERSION of the backup is {said:?}")));
    };
    let postgres = Program::find("postgres", Some(major)).map_err(Error::of_machine)?;
    match postgres.version.major == major {
        true => Ok(postgres),
        false => Err(Error::new(format!(
            "a physical backup of PostgreSQL {major} needs that version, and there is only {}",
            postgres.version
        ))
        .with_hint(install_hint("postgres", Some(major)))
        .of_machine()),
    }
}

/// The error of a backup that is a part of one only.
pub fn incremental() -> Error {
    Error::new("an incremental backup can't be recovered without those that it builds on")
        .with_hint("put them together with pg_combinebackup, and verify what that makes of them")
        .of_machine()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_and_when_it_began() {
        let label = Label::parse(
            "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n\
             CHECKPOINT LOCATION: 0/2000060\nBACKUP METHOD: streamed\n\
             START TIME: 2026-11-20 16:00:00 UTC\nLABEL: x: y\nSTART TIMELINE: 1\n",
        );
        assert_eq!(label.start_file, "000000010000000000000002");
        assert_eq!(label.start_time(), time::parse("2026-11-20T16:00:00Z").ok());
        assert!(!label.is_incremental);
        assert!(Label::parse("INCREMENTAL FROM LSN: 0/2000028\n").is_incremental);
        let elsewhere = Label {
            start_time: "2026-11-20 16:00:00 CET".into(),
            ..label
        };
        assert_eq!(elsewhere.start_time(), None);
    }
}
