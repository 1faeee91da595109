//! Prisma Migrate: a folder per migration, run as one string.
//!
//! `schema-engine` sends `migration.sql` as one simple query (an implicit transaction), sorts
//! folders by name as text, and stops at one without the file. Its own docs put a `down.sql`
//! beside it, which nothing runs by itself. Source: prisma/prisma
//! `packages/migrate/src/utils/listMigrations.ts`, prisma-engines `schema-connector`.

use shared::Result;

use super::finding::{self, Finding};
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::Manner;
use super::migration::{Migration, Part, Wrapping};
use super::versions;
use crate::finding::Severity;

/// What Prisma calls the SQL of a migration.
pub const MIGRATION: &str = "migration.sql";
const LOCK: &str = "migration_lock.toml";
/// What teams call the way back, the first that is there.
const DOWNS: [&str; 2] = ["down.sql", "rollback.sql"];

/// How a migration is written.
pub const MANNER: Manner = Manner::SQL;

/// Whether the folder is Prisma's `migrations`.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    if folder.has(LOCK) {
        let why = format!("it has {LOCK}");
        return Some(Evidence::new(Strength::Content, why));
    }
    let name = folder.folders_with(MIGRATION).next()?;
    let why = format!("it has {name}/{MIGRATION}");
    Some(
        Evidence::place(folder, "migrations", "prisma")
            .unwrap_or(Evidence::new(Strength::Names, why)),
    )
}

/// The migrations by the names of their folders.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    for name in &folder.folders {
        let own = folder.at(name);
        if !own.join(MIGRATION).is_file() {
            reading.findings.extend(missing(folder, name)?);
            continue;
        }
        let up = Part::whole(own.join(MIGRATION), Wrapping::ImplicitMultiStatement);
        let title = versions::numbered(name).map_or(name.as_str(), |(_, title)| title);
        let mut migration = Migration::of_file(name, title, up);
        let down = DOWNS
            .iter()
            .map(|down| own.join(down))
            .find(|down| down.is_file());
        migration
            .down
            .extend(down.map(|down| Part::whole(down, Wrapping::ImplicitMultiStatement)));
        reading.migrations.push(migration);
    }
    reading
        .findings
        .extend(versions::lexical_traps(&reading.migrations, "Prisma"));
    reading.findings.extend(stray_files(folder));
    reading.findings.extend(provider(folder)?);
    Ok(reading)
}

/// A folder without the file. What holds other things only, such as a data migration of a runner
/// that reads both (`migration.ts`), or only folders, is none of Prisma's.
fn missing(folder: &Folder, name: &str) -> Result<Option<Finding>> {
    let own = Folder::open(&folder.at(name))?;
    let is_dated = versions::leading_digits(name).0.len() >= 8;
    let is_of_another = own.files.iter().any(|file| file.starts_with("migration."));
    if !is_dated || is_of_another {
        return Ok(None);
    }
    let message = format!("{name} has no {MIGRATION}: prisma migrate deploy stops here");
    let finding = Finding::new(&finding::FOLDER_WITHOUT_MIGRATION, &own.path, message);
    Ok(Some(finding.with_fix(format!(
        "put {MIGRATION} back, or remove the folder"
    ))))
}

fn stray_files(folder: &Folder) -> impl Iterator<Item = Finding> {
    folder.sql().map(|name| {
        let message = format!("Prisma runs <folder>/{MIGRATION} only: {name} is never applied");
        let finding = Finding::new(&finding::SKIPPED_FILE, &folder.at(name), message);
        finding.with_fix(format!("move it to a folder of its own, as {MIGRATION}"))
    })
}

/// What `migration_lock.toml` says the migrations are for.
fn provider(folder: &Folder) -> Result<Option<Finding>> {
    if !folder.has(LOCK) {
        return Ok(None);
    }
    let text = folder.read(LOCK)?;
    let text = String::from_utf8_lossy(&text);
    let lock: Option<toml::Table> = text.parse().ok();
    let provider = lock
        .as_ref()
        .and_then(|lock| lock.get("provider")?.as_str());
    // CockroachDB is another database that speaks PostgreSQL's protocol.
    let Some(provider) = provider.filter(|name| !matches!(*name, "postgresql" | "postgres")) else {
        return Ok(None);
    };
    let message = format!("the migrations are for {provider}, not for PostgreSQL");
    let finding = Finding::new(&finding::OTHER_DATABASE, &folder.at(LOCK), message);
    Ok(Some(finding.with_severity(Severity::Warning)))
}
