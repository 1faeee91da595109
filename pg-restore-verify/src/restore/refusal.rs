//! Errors of the restore, and which of them are harmless.

use shared::Error;

use shared::secrets::{masked_beginning, masked_words};

use crate::room;
use shared::dump::attribute_versions;

/// An error of the restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was being restored: `TABLE public.t`, or a line of the script.
    pub object: String,
    /// The server's words.
    pub message: String,
    /// The statement, where it is known and may be shown.
    pub statement: String,
    /// The server's code of the error, where it is known.
    pub sqlstate: Option<String>,
    /// Why it takes nothing away from what is restored. None is forgiven otherwise.
    pub harmless: Option<Harmless>,
    /// Who is to blame, if not the backup.
    pub blame: Option<Blame>,
}

/// Why something is refused that is no fault of the backup's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blame {
    /// The role on a server that others use may not do it.
    Right,
    /// It would reach out of the scratch database, on such a server.
    Reach,
    /// Something is missing that was not restored for one of these reasons.
    Missing,
    /// The server is not one of which it is known that the backup loads into it.
    Server,
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
    /// What a server numbers its columns by, and a pg_dump that does not know that took along.
    NumberOfServer,
}

impl Harmless {
    /// What it is called in a record.
    pub fn name(self) -> &'static str {
        match self {
            Self::SettingOfNewerVersion => "setting of a newer version",
            Self::ThereAlready => "there already",
            Self::NothingToDrop => "nothing to drop",
            Self::NumberOfServer => "number of the server's own",
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
            Self::NumberOfServer => {
                "another server gives no such number to its columns, which says nothing of them"
            }
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
        let (message, statement) = (message.into(), statement.into());
        let refused = Self {
            harmless: Harmless::of(&message),
            object: object.into(),
            message,
            statement,
            sqlstate: None,
            blame: None,
        };
        let is_nothing_else = attribute_versions::removed(refused.statement.trim()).is_none();
        let number = Some(Harmless::NumberOfServer);
        match refused.is_about_number_of_server() && is_nothing_else {
            true => Self {
                harmless: number,
                ..refused
            },
            false => refused,
        }
    }

    /// Notes the server's code of the error.
    pub fn with_code(mut self, sqlstate: Option<&str>) -> Self {
        self.sqlstate = sqlstate.map(str::to_string);
        self
    }

    /// Whether it misses something that should have been restored before it.
    pub fn is_about_missing(&self) -> bool {
        match self.sqlstate.as_deref() {
            // Objects, tables, columns, functions and schemas that are not there, and a view that
            // holds no rows.
            Some(code) => {
                matches!(
                    code,
                    "42704" | "42P01" | "42703" | "42883" | "3F000" | "55000"
                )
            }
            None => [
                " does not exist",
                "has not been populated",
                "no schema has been selected",
            ]
            .iter()
            .any(|words| self.message.contains(words)),
        }
    }

    /// Whether it is about how the server spells money, which no backup tells.
    pub fn is_about_money(&self) -> bool {
        self.message.contains("invalid input syntax for type money")
    }

    /// Whether it is about a security label, for which a library has to be loaded.
    pub fn is_about_label_provider(&self) -> bool {
        is_about_label_provider(&self.message)
    }

    /// Whether the server refused it by itself, whatever is in the backup.
    pub fn is_of_server(&self) -> bool {
        self.is_about_money() || self.is_about_label_provider()
    }

    /// Whether it is about what only servers of one build number their columns by.
    pub fn is_about_number_of_server(&self) -> bool {
        let about = format!("unrecognized parameter \"{}\"", attribute_versions::NAME);
        self.message.ends_with(&about)
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
            None => masked_words(&self.message, &self.statement),
        }
    }

    /// The error to end with, if it was this machine's trouble, or that of the server, which may be
    /// ours: it says nothing about the backup.
    pub fn own_trouble(&self, on_ours: bool) -> Option<Error> {
        let says = |words: &[&str]| words.iter().any(|words| self.message.contains(words));
        if says(&NO_ROOM) {
            let error = room::full(format!("{}: {}", self.shown(), self.in_words()));
            return Some(error.with_hint(match on_ours {
                true => room::MAKE_ROOM,
                false => "make room there, or leave out -d for a server of our own",
            }));
        }
        if says(&NOT_BUILT_WITH) {
            let error = Error::new("this pg_restore can't decompress the backup");
            let error = error.with_detail(format!("{}: {}", self.shown(), self.in_words()));
            return Some(error.with_hint("another build can: PG_BINDIR names its folder"));
        }
        let is_shared = !on_ours;
        let of_session = |code: &str| code.starts_with("53") || code.starts_with("57P");
        let by_code = self.sqlstate.as_deref().is_some_and(of_session);
        let by_others = by_code || says(&BY_OTHERS) && self.blame.is_none();
        (says(&SERVER_GONE) || is_shared && by_others).then(|| {
            let detail = format!("{}: {}", self.shown(), self.in_words());
            match on_ours {
                true => server_gone(detail),
                false => session_gone(detail),
            }
        })
    }
}

/// Whether the server refuses a security label for want of the library that takes it.
pub fn is_about_label_provider(message: &str) -> bool {
    message.contains("security label provider") && message.contains("loaded")
}

/// What to do about that.
pub const LABELS: &str = "the library that takes such labels is not loaded: --preload LIB has the \
                          private server load it at its start, and -d names a server that does";

/// The error to end with when the server is no longer there.
pub fn server_gone(detail: String) -> Error {
    let error = Error::new("the throw-away server ended before the restore did");
    match detail.contains(error.message()) {
        true => Error::new(detail),
        false => error.with_detail(detail),
    }
}

/// Whether an error may be that of a server which ended: a session of it may have had time to say so.
pub fn may_be_of_end(error: &Error) -> bool {
    error.sqlstate().is_none_or(|code| code.starts_with("57P"))
}

/// The same where it may be the session alone that is not.
pub fn session_gone(detail: String) -> Error {
    Error::new("the server ended, or the session that restored on it").with_detail(detail)
}

/// The code of a role of a newer server's own, which this one lets nobody create.
pub const RESERVED_NAME: &str = "42939";

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
/// What others on a server that they use, too, may bring about: pg_restore does not tell the code.
const BY_OTHERS: [&str; 7] = [
    "too many clients already",
    "too many connections for",
    "remaining connection slots are reserved",
    "the database system is ",
    "canceling statement due to",
    "temporary file size exceeds temp_file_limit",
    "out of shared memory",
];

/// Whether an error says that a role may not do something; where its code is not known, in the
/// server's own words.
pub fn lacks_right(sqlstate: Option<&str>, message: &str) -> bool {
    // By a function of the backup that may not do so for anybody.
    if message.contains("security-restricted operation") {
        return false;
    }
    let words = message
        .rsplit_once("ERROR:")
        .map_or(message, |(_, words)| words);
    let words = words.trim_start();
    match sqlstate {
        // insufficient_privilege, prohibited_sql_statement_attempted, invalid authorization
        Some(code) => matches!(code, "42501" | "2F003") || code.starts_with("28"),
        None => RIGHTS.iter().any(|start| words.starts_with(start)),
    }
}

/// How PostgreSQL 13 to 18 begin to say so.
const RIGHTS: [&str; 14] = [
    "permission denied",
    "must be owner of",
    "must be member of role",
    "must be a member of",
    "must be able to SET ROLE",
    "must be superuser",
    "must have ",
    "must inherit ",
    "only superuser",
    "query would be affected by row-level security policy",
    "new row violates row-level security policy",
    "password is required",
    "password or GSSAPI delegated credentials required",
    "password_required=false is superuser-only",
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
        let many = "connection to server failed: FATAL:  too many connections for role \"modest\"";
        let many = Refusal::new("x", many, "");
        assert!(many.own_trouble(false).is_some() && many.own_trouble(true).is_none());
        for message in [
            "ERROR:  unrecognized configuration parameter \"transaction_timeout\"",
            "unrecognized configuration parameter \"transaction_timeout\"",
        ] {
            assert_eq!(of(message), Some(Harmless::SettingOfNewerVersion));
        }
        let number = |statement: &str| {
            let message = "ERROR:  unrecognized parameter \"pg_attver\"";
            Refusal::new("x", message, statement).harmless
        };
        let alone = "ALTER TABLE ONLY t ALTER COLUMN a SET (pg_attver=7);\n";
        assert_eq!(number(alone), Some(Harmless::NumberOfServer));
        let both = "ALTER TABLE ONLY t ALTER COLUMN a SET (n_distinct=5, pg_attver=7);";
        assert_eq!((number(both), number("")), (None, None));
        let there = "ERROR:  schema \"public\" already exists";
        assert_eq!(of(there), Some(Harmless::ThereAlready));
        for message in [
            "ERROR:  unrecognized configuration parameter \"app.tenant\"",
            "ERROR:  unrecognized parameter \"n_distinkt\"",
            "ERROR:  schema \"app\" already exists",
            "ERROR:  relation \"public\" already exists",
            "ERROR:  schema \"public\" does not exist",
            "ERROR:  syntax error",
        ] {
            assert_eq!(of(message), None, "{message}");
        }
    }
}
