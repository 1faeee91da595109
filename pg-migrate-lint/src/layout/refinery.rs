//! refinery: names as Flyway's, a transaction around each file.
//!
//! `^(U|V)(\d+(?:\.\d+)?)__(\w+)\.sql$` anywhere below the folder; other names are passed over, two
//! files of the same version refused. Checksums are over the text. Grouped runs put all in one
//! transaction, which no file shows. Source: rust-db/refinery `refinery_core/src/{util,runner}.rs`.

use shared::Result;

use super::finding;
use super::flyway;
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::markers;
use super::migration::{Migration, Part, Wrapping};
use super::versions;

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::None,
    outside: Outside::Never("refinery runs each file in a transaction"),
    bodies: None,
    command: None,
};

/// Whether names are such and a Rust project uses it.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    folder.sql().find(|name| script(name).is_some())?;
    let toml = folder.beside("refinery.toml", "");
    let toml =
        toml.map(|path| Evidence::new(Strength::Place, format!("there is {}", path.display())));
    toml.or_else(|| Evidence::beside(folder, "Cargo.toml", "refinery"))
}

/// The migrations by their versions.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    collect(folder, &mut reading)?;
    reading
        .migrations
        .sort_by(|a, b| flyway::compare(&a.version, &b.version));
    reading.findings.extend(versions::duplicates(
        &reading.migrations,
        "refinery refuses both",
    ));
    Ok(reading)
}

fn collect(folder: &Folder, reading: &mut Reading) -> Result<()> {
    for name in folder.sql() {
        let path = folder.at(name);
        let Some((version, title)) = script(name) else {
            reading
                .findings
                .push(finding::skipped(&path, "refinery", "V<number>__<name>.sql"));
            continue;
        };
        let text = folder.read(name)?;
        if markers::has_crlf(&text) {
            reading.findings.push(finding::crlf(&path, "refinery"));
        }
        let part = Part::whole(path, Wrapping::PerFile).with_text(&text);
        let version = versions::canonical(version);
        reading
            .migrations
            .push(Migration::of_file(version, title, part));
    }
    for name in &folder.folders {
        collect(&Folder::open(&folder.at(name))?, reading)?;
    }
    Ok(())
}

fn script(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_suffix(".sql")?.strip_prefix(['U', 'V'])?;
    let (version, title) = rest.split_once("__")?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_version = version.splitn(2, '.').all(versions::is_number);
    (is_version && !title.is_empty() && title.chars().all(is_word)).then_some((version, title))
}
