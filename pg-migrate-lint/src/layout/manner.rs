//! How a framework's migration is written: what it is told apart by, and how it is kept out of a transaction.

/// What stands around the SQL of a new migration.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// What an up part begins with.
    pub up: &'static str,
    /// Where the way back stands.
    pub down: Down,
    /// How a file is kept out of a transaction.
    pub outside: Outside,
    /// What has to stand around a statement that holds others, where the runner cuts files by semicolons.
    pub bodies: Option<(&'static str, &'static str)>,
    /// What makes the files, where writing them is not enough: a command.
    pub command: Option<&'static str>,
}

/// Where the way back stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// Nowhere.
    None,
    /// Behind this line of the same file.
    Section(&'static str),
    /// In a file of its own, which is called like the other but for these ends.
    File(&'static str, &'static str),
}

/// How a file is kept out of a transaction.
#[derive(Debug, Clone, Copy)]
pub enum Outside {
    /// By this line at its head; then each statement is by itself.
    Line(&'static str),
    /// By this line at its head; then the file is one string, so that one statement alone is by itself.
    LineOfOne(&'static str),
    /// By these words behind each of its markers.
    Words {
        /// What they are.
        words: &'static str,
        /// Whether the part is then one string.
        is_one: bool,
    },
    /// By another file beside it.
    Beside {
        /// Its name; `{}` is the script's.
        name: &'static str,
        /// What it says.
        text: &'static str,
        /// Whether this statement needs it: of some the runner knows by itself.
        is_needed: fn(&str) -> bool,
    },
    /// By having one statement only.
    Alone,
    /// Nothing does. What there is instead, to go after "since".
    Never(&'static str),
}

impl Outside {
    /// Whether statements that share such a file share a transaction, or may not be in one file.
    pub fn is_of_one(self) -> bool {
        !matches!(self, Self::Line(_) | Self::Words { is_one: false, .. })
    }
}

impl Manner {
    /// Files that hold nothing but SQL, each in a transaction.
    pub const SQL: Self = Self {
        up: "",
        down: Down::None,
        outside: Outside::Alone,
        bodies: None,
        command: None,
    };
}
