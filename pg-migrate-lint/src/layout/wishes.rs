//! What no runner asks for and many teams do: a way back, a header, a name that says something.

use super::finding::{self, Finding};
use super::{Kind, Layout, Migration, Project, versions};
use crate::rules::Rule;
use crate::source::MARK;

/// Words that say nothing of what a migration does.
const VAGUE: [&str; 24] = [
    "a",
    "alter",
    "and",
    "change",
    "changed",
    "changes",
    "data",
    "database",
    "db",
    "fix",
    "fixes",
    "migrate",
    "migration",
    "misc",
    "more",
    "new",
    "patch",
    "schema",
    "script",
    "sql",
    "temp",
    "test",
    "update",
    "wip",
];
/// What comments of runners contain.
const MARKERS: [&str; 6] = [
    "migrate:",
    "+goose",
    "+migrate",
    "--!",
    "prairielearn:",
    MARK,
];
/// A header has so many words.
const WORDS: usize = 3;

/// The rules that say so, which have to be asked for.
pub static RULES: [&Rule; 3] = [
    &finding::MISSING_DOWN,
    &finding::MISSING_HEADER,
    &finding::VAGUE_NAME,
];

/// Of the migrations that were asked for.
pub fn of(project: &Project) -> Vec<Finding> {
    let versioned = project
        .asked()
        .filter(|migration| migration.kind == Kind::Versioned);
    let findings = versioned.flat_map(|migration| {
        let name = versions::name_of(&migration.path);
        let down = (can_go_back(project.layout) && migration.down.is_empty()).then(|| {
            Finding::new(
                &finding::MISSING_DOWN,
                &migration.path,
                format!("{name} has no way back"),
            )
        });
        let header = (!has_header(migration)).then(|| {
            let message = format!("{name} does not say what it is for");
            Finding::new(&finding::MISSING_HEADER, &migration.path, message)
                .with_fix("-- What changes, why, and since when it is needed")
        });
        let vague = (people_name(project.layout) && is_vague(&migration.name)).then(|| {
            let message = format!("the name of {name} does not say what it does");
            Finding::new(&finding::VAGUE_NAME, &migration.path, message)
                .with_fix("name it after what it changes, before it is applied")
        });
        down.into_iter().chain(header).chain(vague)
    });
    findings.collect()
}

fn can_go_back(layout: Layout) -> bool {
    !matches!(
        layout,
        Layout::Drizzle
            | Layout::GraphileMigrate
            | Layout::Prairielearn
            | Layout::Rails
            | Layout::Refinery
            | Layout::Supabase
    )
}

/// Whether names are given by people, not made up by the framework.
fn people_name(layout: Layout) -> bool {
    !matches!(
        layout,
        Layout::Drizzle | Layout::GraphileMigrate | Layout::Rails
    )
}

/// Whether its file begins with a comment of some words. One that can't be read is told of elsewhere.
fn has_header(migration: &Migration) -> bool {
    let Some(Ok(text)) = migration.up.first().map(super::Part::read) else {
        return true;
    };
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if let Some(block) = text.strip_prefix("/*") {
        return words(block.split("*/").next().unwrap_or_default()) >= WORDS;
    }
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with("--"));
    let own = lines.filter(|line| !MARKERS.iter().any(|marker| line.contains(marker)));
    own.map(words).sum::<usize>() >= WORDS
}

fn words(text: &str) -> usize {
    let is_word = |word: &&str| word.chars().any(char::is_alphabetic);
    text.split_whitespace().filter(is_word).count()
}

fn is_vague(name: &str) -> bool {
    let words = name
        .split(|letter: char| !letter.is_alphabetic())
        .filter(|word| !word.is_empty());
    words
        .map(str::to_ascii_lowercase)
        .all(|word| VAGUE.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vague_names_say_nothing() {
        for name in ["update", "fix_2", "", "2024_01_02", "new-migration"] {
            assert!(is_vague(name), "{name}");
        }
        for name in ["init", "orders_add_shipped_at", "fix_orders"] {
            assert!(!is_vague(name), "{name}");
        }
    }
}
