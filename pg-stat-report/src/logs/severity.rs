//! How grave an entry is, and what part of one a line brings.

/// The level of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// DEBUG1 to DEBUG5.
    Debug,
    /// INFO
    Info,
    /// NOTICE
    Notice,
    /// LOG
    Log,
    /// WARNING
    Warning,
    /// ERROR
    Error,
    /// FATAL
    Fatal,
    /// PANIC
    Panic,
}

/// A further line of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// DETAIL
    Detail,
    /// HINT
    Hint,
    /// CONTEXT
    Context,
    /// STATEMENT
    Statement,
    /// QUERY, LOCATION, BACKTRACE
    Other,
}

/// What stands before the colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// A report begins.
    Begins(Severity),
    /// More of the one before.
    More(Part),
}

/// PANIC in the languages that the server speaks, where it is another word (lc_messages).
const PANICS: [&str; 12] = [
    "PANIK",
    "PANIKA",
    "PANIQUE",
    "PANICO",
    "PÁNICO",
    "PÂNICO",
    "PANİK",
    "ПАНИКА",
    "ПАНІКА",
    "პანიკა",
    "손상",
    "比致命错误还过分的错误",
];

impl Severity {
    /// By the server's word, and whether that is another language's: then it is the SQLSTATE that tells, and of
    /// the gravest the word.
    pub fn of(name: &[u8], sqlstate: &[u8]) -> (Self, bool) {
        if let Some(severity) = Self::from_name(name) {
            return (severity, false);
        }
        let is_panic = PANICS.iter().any(|panic| panic.as_bytes() == name);
        let severity = match sqlstate.get(..2) {
            _ if is_panic => Self::Panic,
            None | Some(b"00") => Self::Log,
            Some(b"01") => Self::Warning,
            Some(_) => Self::Error,
        };
        (severity, true)
    }

    /// The severity that the server calls so.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match Label::from_name(name)? {
            Label::Begins(severity) => Some(severity),
            Label::More(_) => None,
        }
    }

    /// The server's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Notice => "NOTICE",
            Self::Log => "LOG",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Panic => "PANIC",
        }
    }
}

impl Label {
    /// The label that the server calls so.
    fn from_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"LOG" => Self::Begins(Severity::Log),
            b"DETAIL" => Self::More(Part::Detail),
            b"STATEMENT" => Self::More(Part::Statement),
            b"ERROR" => Self::Begins(Severity::Error),
            b"CONTEXT" => Self::More(Part::Context),
            b"HINT" => Self::More(Part::Hint),
            b"FATAL" => Self::Begins(Severity::Fatal),
            b"PANIC" => Self::Begins(Severity::Panic),
            b"WARNING" => Self::Begins(Severity::Warning),
            b"NOTICE" => Self::Begins(Severity::Notice),
            b"INFO" => Self::Begins(Severity::Info),
            b"DEBUG" | b"DEBUG1" | b"DEBUG2" | b"DEBUG3" | b"DEBUG4" | b"DEBUG5" => {
                Self::Begins(Severity::Debug)
            }
            b"QUERY" | b"LOCATION" | b"BACKTRACE" => Self::More(Part::Other),
            _ => return None,
        })
    }

    /// The label at the beginning of `text`, and how long it is with its colon and two spaces.
    /// The server puts two; a line without more text loses them to tools that strip.
    pub fn at_start(text: &[u8]) -> Option<(Self, usize)> {
        let colon = text.iter().take(10).position(|byte| *byte == b':')?;
        let label = Self::from_name(&text[..colon])?;
        let spaces = text[colon + 1..].iter().take(2);
        match spaces.take_while(|byte| **byte == b' ').count() {
            2 => Some((label, colon + 3)),
            _ if text[colon + 1..].trim_ascii().is_empty() => Some((label, text.len())),
            _ => None,
        }
    }
}
