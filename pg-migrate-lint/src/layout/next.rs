//! The name of a project's next migration, made after that of the newest one.

use std::path::{Path, PathBuf};

use super::updown;
use super::versions;

/// What a migration's name is made of: `V`, `0012`, `_`, a title, `.up.sql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Where it stands.
    folder: PathBuf,
    /// What stands before the version.
    start: String,
    /// The version of the newest one, as it is written.
    version: String,
    /// What stands behind the version.
    between: String,
    /// What stands behind the title.
    end: String,
    /// Whether there is a title.
    is_titled: bool,
    /// The file within, where a migration is a folder.
    inner: Option<String>,
}

impl Form {
    /// That of a migration's file. None where its name has no version.
    pub fn of(path: &Path) -> Option<Self> {
        let file = path.file_name()?.to_str()?;
        let is_inner = matches!(file, "migration.sql" | "up.sql");
        let own = match is_inner {
            true => path.parent()?,
            false => path,
        };
        let name = own.file_name()?.to_str()?;
        let (start, rest) = match name.strip_prefix('V') {
            Some(rest) if rest.starts_with(|first: char| first.is_ascii_digit()) => ("V", rest),
            _ => ("", name),
        };
        let (stem, end) = match is_inner {
            true => (rest, ""),
            false => {
                let (stem, _) = updown::direction(rest);
                rest.split_at(stem.len())
            }
        };
        let (version, rest) = version(start, stem)?;
        let title = rest.trim_start_matches(['_', '-', '.']);
        Some(Self {
            folder: own.parent()?.to_path_buf(),
            start: start.to_string(),
            version: version.to_string(),
            between: rest[..rest.len() - title.len()].to_string(),
            end: end.to_string(),
            is_titled: !title.is_empty(),
            inner: is_inner.then(|| file.to_string()),
        })
    }

    /// The path of the next one, which then is the newest.
    pub fn next(&mut self, title: &str) -> PathBuf {
        self.version = after(&self.version);
        let title = match self.is_titled {
            true => title,
            false => "",
        };
        let Self {
            start,
            version,
            between,
            end,
            ..
        } = self;
        let name = format!("{start}{version}{between}{title}{end}");
        let path = self.folder.join(name);
        match &self.inner {
            Some(inner) => path.join(inner),
            None => path,
        }
    }
}

/// The version that a name begins with, and the rest: Flyway's ends at two underscores, diesel's may have hyphens.
fn version<'a>(start: &str, stem: &'a str) -> Option<(&'a str, &'a str)> {
    let is_number =
        |text: &str| text.split(['.', '_', '-']).all(versions::is_number) && !text.is_empty();
    let end = match start {
        "V" => stem.find("__"),
        _ => stem
            .find('_')
            .filter(|end| is_number(&stem[..*end]))
            .or(Some(versions::leading_digits(stem).0.len())),
    };
    let (version, rest) = stem.split_at(end?);
    is_number(version).then_some((version, rest))
}

/// The version after this one, as long as it and divided as it is: the next moment of a time, the next number.
fn after(version: &str) -> String {
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    if let Some(next) = next_moment(&digits) {
        let mut next = next.chars();
        let divided = version.chars().map(|letter| match letter.is_ascii_digit() {
            true => next.next().unwrap_or(letter),
            false => letter,
        });
        return divided.collect();
    }
    let start = version
        .rfind(|letter: char| !letter.is_ascii_digit())
        .map_or(0, |at| at + 1);
    let (before, last) = version.split_at(start);
    let next = last
        .parse::<u128>()
        .map_or(0, |number| number.saturating_add(1));
    format!("{before}{next:0width$}", width = last.len())
}

/// The digits of a time, one of its last unit later: a day, a minute, a second or a millisecond.
fn next_moment(digits: &str) -> Option<String> {
    let widths: &[usize] = match digits.len() {
        8 => &[4, 2, 2],
        12 => &[4, 2, 2, 2, 2],
        14 => &[4, 2, 2, 2, 2, 2],
        17 => &[4, 2, 2, 2, 2, 2, 3],
        _ => return None,
    };
    let mut at = 0;
    let mut fields = Vec::new();
    for width in widths {
        fields.push(digits.get(at..at + width)?.parse::<u32>().ok()?);
        at += width;
    }
    let bounds = bounds(*fields.first()?, *fields.get(1)?)?;
    let is_time = fields
        .iter()
        .zip(&bounds)
        .all(|(field, (least, greatest))| (least..=greatest).contains(&field));
    if !is_time {
        return None;
    }
    for (field, (least, greatest)) in fields.iter_mut().zip(&bounds).rev() {
        if *field < *greatest {
            *field += 1;
            break;
        }
        *field = *least;
    }
    let fields = fields.iter().zip(widths);
    Some(
        fields
            .map(|(field, width)| format!("{field:0width$}"))
            .collect(),
    )
}

/// What year, month, day, hour, minute, second and millisecond may be in this month.
fn bounds(year: u32, month: u32) -> Option<[(u32, u32); 7]> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    Some([
        (1970, 9999),
        (1, 12),
        (1, days),
        (0, 23),
        (0, 59),
        (0, 59),
        (0, 999),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(path: &str) -> String {
        let mut form = Form::of(Path::new(path)).unwrap();
        form.next("new").display().to_string()
    }

    #[test]
    fn the_next_name_is_like_the_newest() {
        for (newest, expected) in [
            ("m/000006_users.up.sql", "m/000007_new.up.sql"),
            ("m/9_users.sql", "m/10_new.sql"),
            ("20240131235959_users.sql", "20240201000000_new.sql"),
            (
                "m/20241231235959999_users.sql",
                "m/20250101000000000_new.sql",
            ),
            ("m/1589353644505_users.sql", "m/1589353644506_new.sql"),
            ("m/20240228-users.sql", "m/20240229-new.sql"),
            (
                "m/20240101000000_a/migration.sql",
                "m/20240101000001_new/migration.sql",
            ),
            (
                "m/2024-01-31-120000_a/up.sql",
                "m/2024-01-31-120001_new/up.sql",
            ),
            (
                "m/2024-01-31-120000-0000_a/up.sql",
                "m/2024-01-31-120000-0001_new/up.sql",
            ),
            ("db/V7__users.sql", "db/V8__new.sql"),
            ("db/V1.9__users.sql", "db/V1.10__new.sql"),
            ("db/V1_2__users_2.sql", "db/V1_3__new.sql"),
            ("m/0001_2fa_codes.sql", "m/0002_new.sql"),
            ("m/99999999_users.sql", "m/100000000_new.sql"),
            ("m/007.sql", "m/008.sql"),
        ] {
            assert_eq!(next(newest), expected);
        }
    }

    #[test]
    fn a_name_without_a_version_has_no_next_one() {
        for path in [
            "m/users.sql",
            "Views.sql",
            "m/init/migration.sql",
            "m/V__a.sql",
        ] {
            assert_eq!(Form::of(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn the_names_of_one_run_are_all_new() {
        let mut form = Form::of(Path::new("m/09_users.sql")).unwrap();
        let names = [form.next("a"), form.next("b")];
        assert_eq!(names, [Path::new("m/10_a.sql"), Path::new("m/11_b.sql")]);
    }
}
