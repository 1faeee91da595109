//! Flyway: versioned, undo, baseline and repeatable scripts, anywhere below a location.
//!
//! `V1_2__what.sql`, `U1_2__what.sql`, `B1_2__what.sql`, `R__what.sql`; versions are numbers with
//! dots or underscores between. Each script runs in a transaction, unless it holds a statement
//! that Flyway knows not to allow one, or `<script>.conf` says `executeInTransaction=false`; both
//! sorts in one script are refused without `mixed`. REINDEX … CONCURRENTLY and DETACH PARTITION …
//! CONCURRENTLY are not among what it knows. Source: flyway/flyway `PostgreSQLParser.java`,
//! `ParserSqlScript.java`, `ResourceNameParser.java`, `DbMigrate.java`.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::Path;

use shared::Result;

use super::finding::{self, Finding};
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::migration::{self, Kind, Migration, Part, Wrapping};
use super::versions;
use crate::source::Source;

/// Where projects say that they use it.
const PROJECT_FILES: [&str; 6] = [
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "flyway.conf",
    "flyway.toml",
    "application.properties",
];
/// What the names of callbacks begin with: Flyway runs these scripts at their own moments.
const CALLBACKS: [&str; 3] = ["before", "after", "createSchema"];

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::None,
    outside: Outside::Beside {
        name: "{}.conf",
        text: "executeInTransaction=false\n",
        is_needed: |sql| !refuses_transaction(&head(sql)),
    },
    bodies: None,
    command: None,
};

/// Whether there are scripts with Flyway's names.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    let name = folder.sql().find(|name| script(name).is_some());
    let place = Evidence::place(folder, "migration", "db");
    let Some(name) = name else {
        // A location may have folders only.
        return place.filter(|_| !folder.folders.is_empty());
    };
    let beside = PROJECT_FILES
        .iter()
        .find_map(|file| Evidence::beside(folder, file, "flyway"));
    let names = Evidence::new(Strength::Names, format!("it has {name}"));
    beside.or(place).or(Some(names))
}

/// What a name says.
#[derive(Debug)]
struct Script<'a> {
    sort: u8,
    version: &'a str,
    description: &'a str,
}

fn script(name: &str) -> Option<Script<'_>> {
    let stem = name.strip_suffix(".sql")?;
    let (sort, rest) = stem.split_at_checked(1)?;
    let (version, description) = rest.split_once("__")?;
    let sort = *sort.as_bytes().first()?;
    let is_version = version.split(['.', '_']).all(versions::is_number);
    let fits = match sort {
        b'V' | b'U' | b'B' => is_version,
        b'R' => version.is_empty(),
        _ => false,
    };
    fits.then_some(Script {
        sort,
        version,
        description,
    })
}

/// The versioned scripts by their versions, then the repeatable ones by their descriptions.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    let settings = Settings::of(folder);
    let mut downs = HashMap::new();
    collect(folder, &settings, &mut reading, &mut downs)?;
    for migration in &mut reading.migrations {
        if migration.kind == Kind::Versioned {
            migration.down.extend(downs.remove(&migration.version));
        }
    }
    reading.migrations.sort_by(order);
    reading.findings.extend(versions::duplicates(
        &reading.migrations,
        "Flyway refuses both",
    ));
    let assumed = match (settings.group, settings.mixed) {
        (true, _) => "Flyway: group=true, everything pending in one transaction",
        (_, true) => "Flyway: mixed=true, no transaction where a statement allows none",
        _ => return Ok(reading),
    };
    reading.notes.push(assumed.to_string());
    Ok(reading)
}

/// What of the configuration decides about transactions.
#[derive(Debug)]
struct Settings {
    group: bool,
    mixed: bool,
}

impl Settings {
    fn of(folder: &Folder) -> Self {
        let says = |conf: &str, toml: &str| {
            folder.beside("flyway.conf", conf).is_some()
                || folder.beside("flyway.toml", toml).is_some()
        };
        Self {
            group: says("flyway.group=true", "group = true"),
            mixed: says("flyway.mixed=true", "mixed = true"),
        }
    }
}

fn collect(
    folder: &Folder,
    settings: &Settings,
    reading: &mut Reading,
    downs: &mut HashMap<String, Part>,
) -> Result<()> {
    for name in folder.sql() {
        let path = folder.at(name);
        let Some(script) = script(name) else {
            if !CALLBACKS.iter().any(|callback| name.starts_with(callback)) {
                let form = "V<version>__<name>.sql, R__<name>.sql and U<version>__<name>.sql";
                reading
                    .findings
                    .push(finding::skipped(&path, "Flyway", form));
            }
            continue;
        };
        let (part, mixed) = part(folder, name, settings)?;
        reading.findings.extend(mixed);
        let version = version(script.version);
        if script.sort == b'U' {
            downs.insert(version, part);
            continue;
        }
        let title = script.description.replace('_', " ");
        reading.migrations.push(Migration {
            kind: match script.sort {
                b'R' => Kind::Repeatable,
                b'B' => Kind::Snapshot,
                _ => Kind::Versioned,
            },
            ..Migration::of_file(&version, &title, part)
        });
    }
    for name in &folder.folders {
        collect(&Folder::open(&folder.at(name))?, settings, reading, downs)?;
    }
    Ok(())
}

/// As the history table has it: dots between numbers without leading zeros.
fn version(text: &str) -> String {
    let numbers = text.split(['.', '_']).map(versions::canonical);
    numbers.collect::<Vec<_>>().join(".")
}

/// Repeatable ones come last; numbers are compared one by one, those that are missing as 0.
fn order(a: &Migration, b: &Migration) -> Ordering {
    let rank = |one: &Migration| match one.kind {
        Kind::Snapshot => 0,
        Kind::Repeatable => 2,
        _ => 1,
    };
    let by_rank = rank(a).cmp(&rank(b));
    by_rank
        .then_with(|| compare(&a.version, &b.version))
        .then_with(|| a.name.cmp(&b.name))
}

/// Compares versions such as 1.2 and 1.10 number by number.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut numbers_a, mut numbers_b) = (a.split('.'), b.split('.'));
    loop {
        match (numbers_a.next(), numbers_b.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => match versions::by_value(a.unwrap_or("0"), b.unwrap_or("0")) {
                Ordering::Equal => {}
                other => return other,
            },
        }
    }
}

/// A script with the transaction it runs in, and whether it is one that Flyway refuses.
fn part(folder: &Folder, name: &str, settings: &Settings) -> Result<(Part, Option<Finding>)> {
    let path = folder.at(name);
    let text = migration::read(&path)?;
    let part = |wrapping| Part::whole(path.clone(), wrapping).with_text(&text);
    let configured = configured(folder, name)?;
    let default = if settings.group {
        Wrapping::AllInOne
    } else {
        Wrapping::PerFile
    };
    if let Some(in_transaction) = configured {
        return Ok((
            part(if in_transaction {
                default
            } else {
                Wrapping::None
            }),
            None,
        ));
    }
    let heads = heads(&text);
    let outside = heads.iter().find(|(_, head)| refuses_transaction(head));
    let Some((at, outside)) = outside else {
        return Ok((part(default), None));
    };
    let inside = heads.iter().find(|(_, head)| !refuses_transaction(head));
    let mixed = inside.filter(|_| !settings.mixed);
    let finding = mixed.map(|(_, inside)| mixed_finding(&path, &text, *at, outside, inside));
    Ok((part(Wrapping::None), finding))
}

/// The first words of each statement with a blank between, and where it begins.
fn heads(text: &[u8]) -> Vec<(usize, String)> {
    let source = Source::new("", text.to_vec());
    let statements = source.statements.iter();
    let heads = statements.filter_map(|statement| {
        let text = source.text.get(statement.start()..statement.end())?;
        Some((statement.start(), head(text)))
    });
    heads.collect()
}

/// As many words as say what it does, whatever stands between them.
fn head(mut text: &str) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let behind = |text: &str, end: &str| {
        text.split_once(end)
            .map_or(text.len(), |(before, _)| before.len() + end.len())
    };
    let mut words = Vec::new();
    while let Some(first) = text.chars().next().filter(|_| words.len() < 4) {
        let length = match first {
            '-' if text.starts_with("--") => behind(text, "\n"),
            '/' if text.starts_with("/*") => behind(text, "*/"),
            _ if is_word(first) => {
                let end = text.find(|letter| !is_word(letter)).unwrap_or(text.len());
                words.push(&text[..end]);
                end
            }
            other => other.len_utf8(),
        };
        text = &text[length..];
    }
    words.join(" ")
}

fn mixed_finding(path: &Path, text: &[u8], at: usize, outside: &str, inside: &str) -> Finding {
    let name = versions::name_of(path);
    let message = format!(
        "{name} has {outside}, which Flyway runs outside of a transaction, beside {inside}, which \
         it runs in one: it refuses the script"
    );
    let line = 1 + memchr::memchr_iter(b'\n', text.get(..at).unwrap_or_default()).count();
    Finding::new(&finding::MIXED_TRANSACTION, path, message)
        .at_line(line)
        .with_fix(format!("move {outside} … to a script of its own"))
}

/// What `<script>.conf` says of `executeInTransaction`.
fn configured(folder: &Folder, name: &str) -> Result<Option<bool>> {
    let conf = format!("{name}.conf");
    if !folder.has(&conf) {
        return Ok(None);
    }
    let text = folder.read(&conf)?;
    let text = String::from_utf8_lossy(&text);
    let mut values = text.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "executeInTransaction").then(|| value.trim() != "false")
    });
    Ok(values.next_back())
}

/// Whether Flyway knows that a statement which begins so allows no transaction. Its expressions,
/// for PostgreSQL 12 and later.
pub fn refuses_transaction(head: &str) -> bool {
    let head = head.to_ascii_uppercase();
    let words: Vec<_> = head.split(' ').collect();
    match words.as_slice() {
        [
            "CREATE" | "DROP",
            "DATABASE" | "TABLESPACE" | "SUBSCRIPTION",
            ..,
        ]
        | ["ALTER", "SYSTEM", ..]
        | ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE" | "DROP", "UNIQUE", "INDEX", "CONCURRENTLY", ..]
        | ["REINDEX", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
        | ["REINDEX", "VERBOSE", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
        | ["DISCARD", "ALL", ..] => true,
        [first, ..] => first.starts_with("VACUUM"),
        [] => false,
    }
}
