//! What stands around a statement: the rest of its file, what takes the file back, and the migrations that come later.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;

use crate::layout::{Migration, Part, Writer};
use crate::model::Change;
use crate::parse::{self, Parsed};
use crate::source::Source;

/// Longer files are no migrations that somebody rewrites.
const LONGEST: usize = 256 << 10;

/// A statement that is there.
#[derive(Debug)]
pub struct There {
    /// Where in its file, without its semicolon.
    pub range: Range<usize>,
    /// Its line, from 1.
    pub line: usize,
    /// As it is written.
    pub text: String,
    /// What it does; none where the grammar does not say.
    pub changes: Option<Vec<Change>>,
    words: HashSet<String>,
}

impl There {
    /// Whether it names this anywhere: in code, strings and comments.
    pub fn mentions(&self, name: &str) -> bool {
        mentions(&self.text, &self.words, name)
    }

    /// A statement of a file, with what became of it.
    pub fn of(source: &Source, range: Range<usize>, parsed: Parsed) -> Self {
        let text = source.text.get(range.clone()).unwrap_or_default();
        Self {
            line: source.lines().position(range.start).line,
            words: words(text),
            text: text.to_string(),
            range,
            changes: match parsed {
                Parsed::Changes(changes) => Some(changes),
                Parsed::Refused(_) | Parsed::Unseen(_) => None,
            },
        }
    }
}

/// The words of a text, as they are written and folded.
pub fn words(text: &str) -> HashSet<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let all = text
        .split(|letter| !is_part(letter))
        .filter(|word| !word.is_empty());
    all.flat_map(|word| [word.to_string(), word.to_lowercase()])
        .collect()
}

/// Whether a text of these words names something.
pub fn mentions(text: &str, words: &HashSet<String>, name: &str) -> bool {
    let is_word = name
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_');
    // Names may be written by the numbers of their letters.
    let has_escapes = text.contains("U&") || text.contains("u&");
    has_escapes
        || match is_word {
            true => words.contains(name),
            false => text.contains(name) || text.contains(&name.replace('"', "\"\"")),
        }
}

/// The part of a migration that takes it back.
#[derive(Debug)]
pub struct Back {
    /// The file that it is in.
    pub path: PathBuf,
    /// What it says.
    pub statements: Vec<There>,
}

impl Back {
    /// Whether something in it is refused, or does nothing, outside of a transaction.
    pub fn needs_transaction(&self) -> bool {
        let changes = self.statements.iter().map(|there| there.changes.as_deref());
        let mut all = changes.flat_map(|changes| changes.unwrap_or(&[Change::Unseen]));
        all.any(|change| match change {
            Change::Set(setting) => setting.local,
            Change::Lock { .. } | Change::Unseen | Change::Transaction(_) => true,
            _ => false,
        })
    }
}

/// What stands around a statement of a file.
#[derive(Debug)]
pub struct Around {
    /// The whole of the file.
    pub text: String,
    /// Its statements on the way up.
    pub up: Vec<There>,
    /// Its way back, where there is one.
    pub down: Option<Back>,
    /// The files that come later, with their statements.
    pub later: Vec<(String, Vec<There>)>,
}

impl Around {
    /// What stands in a file and comes after it. Fails, saying why, where that can't be known for sure.
    pub fn read(path: &str, writer: &Writer) -> Result<Self, String> {
        if writer.has_gaps {
            return Err("not all migrations of the folder are read".to_string());
        }
        let migrations = writer.from(path).unwrap_or_default();
        let Some((own, later)) = migrations.split_first() else {
            return Err("it is none of the newest migrations".to_string());
        };
        let bytes = own.up.first().and_then(|part| part.read().ok());
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        let text = text.ok_or_else(|| format!("{path} can't be read as UTF-8"))?;
        let down = match own.down.as_slice() {
            [] => None,
            [part] => Some(Back {
                path: part.path.clone(),
                statements: statements(part)?,
            }),
            _ => return Err(format!("{path} has more than one way back")),
        };
        let later = later.iter().map(|migration| {
            let path = migration.path.display().to_string();
            all(migration).map(|statements| (path, statements))
        });
        Ok(Self {
            text,
            up: all(own)?,
            down,
            later: later.collect::<Result<_, _>>()?,
        })
    }
}

fn all(migration: &Migration) -> Result<Vec<There>, String> {
    let parts = migration.up.iter().map(statements);
    Ok(parts
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

fn statements(part: &Part) -> Result<Vec<There>, String> {
    let path = part.path.display().to_string();
    let bytes = part
        .visible()
        .map_err(|_| format!("{path} can't be read"))?;
    if bytes.len() > LONGEST {
        return Err(format!("{path} is too long to be looked through"));
    }
    let source = Source::new(path, bytes);
    if !source.is_plain() {
        return Err(format!("not all that {} runs stands there", source.path));
    }
    let parsed = parse::parse(&source, &source.statements);
    let all = source.statements.iter().zip(parsed);
    Ok(all
        .map(|(statement, parsed)| There::of(&source, statement.start()..statement.end(), parsed))
        .collect())
}
