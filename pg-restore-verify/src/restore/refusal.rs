//! Errors of the restore, and which of them are harmless.

use shared::Error;

use shared::secrets::masked_beginning;

/// An error of the restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was being restored: `TABLE public.t`, or a line of the script.
    pub object: String,
    /// The server's words.
    pub message: String,
    /// The statement, where it is known and may be shown.
    pub statement: String,
    /// Why it takes nothing away from what is restored. None is forgiven otherwise.
    pub harmless: Option<Harmless>,
}

/// Errors that every restore of a good backup may tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harmless {
    /// A setting of pg_dump's own session that an older server does not know.
    SettingOfNewerVersion,
    /// What every new database has already.
    ThereAlready,
    /// A dump with `--clean` drops first, here from an empty database.
    NothingToDrop,
}

impl Harmless {
    /// What it is called in a record.
    pub fn name(self) -> &'static str {
        match self {
            Self::SettingOfNewerVersion => "setting of a newer version",
            Self::ThereAlready => "there already",
            Self::NothingToDrop => "nothing to drop",
        }
    }

    /// Why it can't matter.
    pub fn reason(self) -> &'static str {
        match self {
            Self::SettingOfNewerVersion => {
                "the server is older than the pg_dump, whose own session alone the setting is for"
            }
            Self::ThereAlready => "every new database has it",
            Self::NothingToDrop => "--clean drops first, and the database is empty",
        }
    }

    fn of(message: &str) -> Option<Self> {
        let mut parts = message.split('"');
        let (words, name) = (parts.next()?, parts.next()?);
        let rest = parts.next().unwrap_or_default();
        let ends = |end: &str| words.trim_end().ends_with(end);
        if ends("unrecognized configuration parameter") && OF_THE_SESSION.contains(&name) {
            return Some(Self::SettingOfNewerVersion);
        }
        let there = (ends("schema") && name == "public") || (ends("language") && name == "plpgsql");
        (there && rest.trim() == "already exists").then_some(Self::ThereAlready)
    }
}

impl Refusal {
    /// What the server said of `statement`, which restores `object`.
    pub fn new(
        object: impl Into<String>,
        message: impl Into<String>,
        statement: impl Into<String>,
    ) -> Self {
        let message = message.into();
        Self {
            harmless: Harmless::of(&message),
            object: object.into(),
            message,
            statement: statement.into(),
        }
    }

    /// What was being restored, without passwords: it may be the first line of the statement.
    pub fn shown(&self) -> String {
        masked_beginning(&self.object)
    }

    /// The server's words, without what they quote of a connection string.
    pub fn in_words(&self) -> String {
        const QUOTES: &str = "invalid connection string syntax";
        match self.message.find(QUOTES) {
            Some(at) => self
                .message
                .get(..at + QUOTES.len())
                .unwrap_or(QUOTES)
                .to_string(),
            None => masked_beginning(&self.message),
        }
    }

    /// The error to end with, if it was this machine's trouble, or that of the server, which may be
    /// ours: it says nothing about the backup.
    pub fn own_trouble(&self, on_ours: bool) -> Option<Error> {
        let says = |words: &[&str]| words.iter().any(|words| self.message.contains(words));
        if says(&NO_ROOM) {
            let error = Error::new("there is no room to restore the backup");
            let error = error.with_detail(format!("{}: {}", self.shown(), self.in_words()));
            return Some(error.with_hint("make room, or name another folder in TMPDIR"));
        }
        if says(&NOT_BUILT_WITH) {
            let error = Error::new("this pg_restore can't decompress the backup");
            let error = error.with_detail(format!("{}: {}", self.shown(), self.in_words()));
            return Some(error.with_hint("another build can: PG_BINDIR names its folder"));
        }
        says(&SERVER_GONE).then(|| {
            let detail = format!("{}: {}", self.shown(), self.in_words());
            match on_ours {
                true => server_gone(detail),
                false => Error::new("the server ended, or the session that restored on it")
                    .with_detail(detail),
            }
        })
    }
}

/// The error to end with when the server is no longer there.
pub fn server_gone(detail: String) -> Error {
    let error = Error::new("the throw-away server ended before the restore did");
    match detail.contains(error.message()) {
        true => Error::new(detail),
        false => error.with_detail(detail),
    }
}

/// What pg_dump sets for its session and a newer one may add.
const OF_THE_SESSION: [&str; 6] = [
    "transaction_timeout",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "row_security",
    "default_table_access_method",
    "event_triggers",
];
const NO_ROOM: [&str; 4] = [
    "No space left on device",
    "Disk quota exceeded",
    "could not extend file",
    "out of memory",
];
const NOT_BUILT_WITH: [&str; 2] = [
    "installation does not support compression",
    "build does not support compression",
];
const SERVER_GONE: [&str; 2] = [
    "server closed the connection unexpectedly",
    "terminating connection due to",
];

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn harmless_ones_and_those_that_look_like_them() {
        let of = |message: &str| Refusal::new("x", message, "").harmless;
        let gone = Refusal::new(
            "x",
            "FATAL: terminating connection due to administrator",
            "",
        );
        let whose = |ours: bool| {
            gone.own_trouble(ours)
                .unwrap()
                .message()
                .contains("throw-away")
        };
        assert!(whose(true) && !whose(false));
        for message in [
            "ERROR:  unrecognized configuration parameter \"transaction_timeout\"",
            "unrecognized configuration parameter \"transaction_timeout\"",
        ] {
            assert_eq!(of(message), Some(Harmless::SettingOfNewerVersion));
        }
        let there = "ERROR:  schema \"public\" already exists";
        assert_eq!(of(there), Some(Harmless::ThereAlready));
        for message in [
            "ERROR:  unrecognized configuration parameter \"app.tenant\"",
            "ERROR:  schema \"app\" already exists",
            "ERROR:  relation \"public\" already exists",
            "ERROR:  schema \"public\" does not exist",
            "ERROR:  syntax error",
        ] {
            assert_eq!(of(message), None, "{message}");
        }
    }
}
