//! Numbers in names: how runners read, sort and confuse them.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::Path;

use super::finding::{self, Finding};
use super::migration::{Kind, Migration};

/// `0012_add_users` as `0012` and `add_users`: digits, an underscore, and the rest.
pub fn numbered(stem: &str) -> Option<(&str, &str)> {
    let (digits, rest) = stem.split_once('_')?;
    is_number(digits).then_some((digits, rest))
}

/// Whether it is digits and nothing else.
pub fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits that a name begins with, and the rest.
pub fn leading_digits(name: &str) -> (&str, &str) {
    let end = name.bytes().take_while(u8::is_ascii_digit).count();
    name.split_at(end)
}

/// A number of any length without its leading zeros: what runners that read numbers compare.
pub fn canonical(digits: &str) -> &str {
    let trimmed = digits.trim_start_matches('0');
    if trimmed.is_empty() && !digits.is_empty() {
        return "0";
    }
    trimmed
}

/// Compares numbers of any length by value.
pub fn by_value(a: &str, b: &str) -> Ordering {
    let (a, b) = (canonical(a), canonical(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Compares names as people do: digits in them by their value, the rest as text.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let ((digits_a, after_a), (digits_b, after_b)) =
            (leading_digits(rest_a), leading_digits(rest_b));
        if !digits_a.is_empty() && !digits_b.is_empty() {
            match by_value(digits_a, digits_b) {
                Ordering::Equal => (rest_a, rest_b) = (after_a, after_b),
                other => return other,
            }
            continue;
        }
        let (mut chars_a, mut chars_b) = (rest_a.chars(), rest_b.chars());
        match (chars_a.next(), chars_b.next()) {
            (Some(x), Some(y)) if x == y => {
                (rest_a, rest_b) = (chars_a.as_str(), chars_b.as_str());
            }
            // 01 and 1 are the same number, and yet two names.
            (None, None) => return a.cmp(b),
            (x, y) => return x.cmp(&y),
        }
    }
}

/// Says which migrations have a version that an earlier one has too. `consequence` is what the
/// runner makes of it, after "both have version 3:".
pub fn duplicates<'a>(
    migrations: impl IntoIterator<Item = &'a Migration>,
    consequence: &str,
) -> Vec<Finding> {
    let mut seen: HashMap<&str, &Path> = HashMap::new();
    let mut findings = Vec::new();
    let versioned = migrations
        .into_iter()
        .filter(|one: &&Migration| one.kind == Kind::Versioned && !one.version.is_empty());
    for migration in versioned {
        let version = migration.version.as_str();
        match seen.get(version) {
            Some(first) => {
                let message = format!(
                    "{} and {} both have version {version}: {consequence}",
                    name_of(first),
                    name_of(&migration.path),
                );
                let finding = Finding::new(&finding::DUPLICATE_VERSION, &migration.path, message);
                findings.push(finding.with_fix("give the newer one the next free version"));
            }
            None => {
                seen.insert(version, &migration.path);
            }
        }
    }
    findings
}

/// Says where names that are compared as text come in another order than their numbers: one
/// finding for each place where a number is smaller than the one before.
pub fn lexical_traps(migrations: &[Migration], runner: &str) -> Vec<Finding> {
    let digits = |one: &Migration| leading_digits(&one.version).0.to_string();
    let pairs = migrations.windows(2).filter_map(|pair| {
        let [before, after] = pair else { return None };
        let (larger, smaller) = (digits(before), digits(after));
        if larger.is_empty() || smaller.is_empty() || by_value(&larger, &smaller).is_le() {
            return None;
        }
        let message = format!(
            "{runner} compares names as text and runs {} before {}",
            name_of(&before.path),
            name_of(&after.path)
        );
        let finding = Finding::new(&finding::LEXICAL_ORDER, &after.path, message);
        Some(finding.with_fix("pad the numbers with zeros to the same length"))
    });
    pairs.collect()
}

/// How a file is called in a message: its name, and where that is the same for all, its folder's.
pub fn name_of(path: &Path) -> String {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let own = name(path);
    match (own.as_str(), path.parent()) {
        ("migration.sql" | "up.sql" | "down.sql", Some(folder)) => {
            format!("{}/{own}", name(folder))
        }
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_people_do() {
        let mut names = ["10_b", "2_a", "1_z", "002_a", "V1.10", "V1.9", "a", ""];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            ["", "1_z", "002_a", "2_a", "10_b", "V1.9", "V1.10", "a"]
        );
    }

    #[test]
    fn numbers_of_any_length_have_a_value() {
        assert_eq!(by_value("007", "7"), Ordering::Equal);
        let longer_than_u64 = "99999999999999999999999";
        assert_eq!(
            by_value(longer_than_u64, "20240101000000"),
            Ordering::Greater
        );
        assert_eq!(canonical("000"), "0");
    }
}
