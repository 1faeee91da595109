//! Migrations in other languages, which stand among those in SQL, or are all that there is: Ruby of
//! Rails, Go of goose, JavaScript and TypeScript of node-pg-migrate and PrairieLearn's runner, Rust of
//! refinery. What they do is not seen; that they are applied is.

use shared::{Context, Result};
use std::fs;

use super::keeping::Keeping;
use crate::layout::{Layout, Migration, Part, Project, Wrapping, versions};

/// Adds those of a project, each in its place.
pub fn add(keeping: &Keeping, project: &mut Project) -> Result<()> {
    let folder = match project.layout {
        Layout::Rails if project.root.join("migrate").is_dir() => project.root.join("migrate"),
        _ => project.root.clone(),
    };
    let what = || format!("could not read the folder {}", folder.display());
    let before = project.migrations.len();
    for entry in fs::read_dir(&folder).context(what)? {
        let name = entry.context(what)?.file_name();
        let name = name.to_string_lossy();
        let Some((version, title)) = versioned(project.layout, &name) else {
            continue;
        };
        let part = Part::whole(folder.join(&*name), Wrapping::PerFile);
        let mut migration = Migration::of_file(version, title, part);
        migration.asked = project.whole;
        project.migrations.push(migration);
    }
    if project.migrations.len() > before {
        project.migrations.sort_by(|a, b| {
            let (a, b) = ((keeping.key)(a), (keeping.key)(b));
            (keeping.order)(&a, &b)
        });
    }
    Ok(())
}

/// Version and name of a file, if it is such a migration.
fn versioned(layout: Layout, name: &str) -> Option<(&str, &str)> {
    let (stem, end) = name.rsplit_once('.')?;
    let ends: &[&str] = match layout {
        Layout::Rails => &["rb"],
        Layout::Goose => &["go"],
        Layout::NodePgMigrate => &["js", "cjs", "mjs", "ts"],
        Layout::Prairielearn => &["js", "ts"],
        Layout::Refinery => &["rs"],
        _ => return None,
    };
    if !ends.contains(&end) || stem.ends_with("_test") || stem.ends_with(".d") {
        return None;
    }
    let (version, title) = match layout {
        Layout::Refinery => stem.strip_prefix(['V', 'U'])?.split_once("__")?,
        _ => versions::numbered(stem)?,
    };
    match layout {
        Layout::NodePgMigrate => Some((stem, title)),
        Layout::Prairielearn => (version.len() == 14).then_some((version, title)),
        _ => versions::is_number(version).then(|| (versions::canonical(version), title)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_each_runner() {
        for (layout, name, expected) in [
            (
                Layout::Rails,
                "20240101000000_add_users.rb",
                Some(("20240101000000", "add_users")),
            ),
            (Layout::Goose, "00002_seed.go", Some(("2", "seed"))),
            (Layout::Goose, "00002_seed_test.go", None),
            (
                Layout::NodePgMigrate,
                "1700000000000_a.js",
                Some(("1700000000000_a", "a")),
            ),
            (Layout::NodePgMigrate, "1700000000000_a.d.ts", None),
            (
                Layout::Prairielearn,
                "20230407210430_insert.ts",
                Some(("20230407210430", "insert")),
            ),
            (Layout::Prairielearn, "1_insert.ts", None),
            (Layout::Refinery, "V3__cars.rs", Some(("3", "cars"))),
            (Layout::Refinery, "mod.rs", None),
            (Layout::Sqlx, "1_a.rs", None),
        ] {
            assert_eq!(versioned(layout, name), expected, "{name}");
        }
    }
}
