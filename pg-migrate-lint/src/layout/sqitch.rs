//! Sqitch: a plan that says what is deployed in which order, and psql that runs it.
//!
//! A line of the plan that is no pragma (`%`), tag (`@`) or comment (`#`) is a change: its name,
//! `[dependencies]`, time, planner, `# note`. Its scripts are `deploy/NAME.sql`, `revert/NAME.sql`
//! and `verify/NAME.sql`; of a change that is planned again after a tag, the earlier one's are
//! `NAME@TAG.sql`. There is no transaction but what scripts begin. Source: sqitchers/sqitch
//! `lib/App/Sqitch/Plan.pm`, `Plan/Change.pm`, `sqitchtutorial.pod`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use shared::Result;

use super::finding::{self, Finding};
use super::folder::{self, Folder};
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::markers;
use super::migration::{Migration, Part, Wrapping};
use crate::finding::Severity;

const PLAN: &str = "sqitch.plan";

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::File("deploy/", "revert/"),
    outside: Outside::Alone,
    bodies: None,
    command: Some("sqitch add {}"),
};

/// Whether there is a plan.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    let why = format!("it has {PLAN}");
    folder
        .has(PLAN)
        .then(|| Evidence::new(Strength::Content, why))
}

/// A change as the plan names it.
#[derive(Debug)]
struct Change {
    name: String,
    line: usize,
    /// What its scripts are called, without their ending.
    stem: String,
}

/// The changes in the order of the plan.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    let text = folder.read(PLAN)?;
    let changes = changes(&text);
    let mut planned = HashSet::new();
    for change in &changes {
        let deploy = script(folder, "deploy", &change.stem);
        let revert = script(folder, "revert", &change.stem);
        let verify = script(folder, "verify", &change.stem);
        planned.extend([deploy.clone(), revert.clone(), verify]);
        if !revert.is_file() {
            reading
                .findings
                .push(missing(folder, change, &revert).with_severity(Severity::Warning));
        }
        if !deploy.is_file() {
            reading.findings.push(missing(folder, change, &deploy));
            continue;
        }
        let mut migration = Migration::of_file(
            &change.stem,
            &change.name,
            Part::whole(deploy, Wrapping::None),
        );
        let down = Some(revert).filter(|revert| revert.is_file());
        migration
            .down
            .extend(down.map(|revert| Part::whole(revert, Wrapping::None)));
        reading.migrations.push(migration);
    }
    for migration in &reading.migrations {
        for part in &migration.up {
            if markers::has_crlf(&part.read()?) {
                reading.findings.push(finding::crlf(&part.path, "Sqitch"));
            }
        }
    }
    let deploy = folder.at("deploy");
    if deploy.is_dir() {
        unplanned(&Folder::open(&deploy)?, &planned, &mut reading)?;
    }
    Ok(reading)
}

fn script(folder: &Folder, which: &str, stem: &str) -> PathBuf {
    folder.at(which).join(format!("{stem}.sql"))
}

fn missing(folder: &Folder, change: &Change, script: &Path) -> Finding {
    let path = folder.at(PLAN);
    let message = format!(
        "{PLAN} names {}, but {} is not there",
        change.name,
        script.display()
    );
    let finding = Finding::new(&finding::PLAN_WITHOUT_SCRIPT, &path, message);
    finding
        .at_line(change.line)
        .with_fix(format!("write {}", script.display()))
}

/// The changes of a plan. One that comes again gives the scripts of the name to the later one:
/// the earlier one's bear the first tag that stands between them.
fn changes(text: &[u8]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut latest: HashMap<String, usize> = HashMap::new();
    let mut tags: Vec<(usize, String)> = Vec::new();
    for line in markers::lines(text) {
        let words = String::from_utf8_lossy(line.text);
        let Some(first) = words.split_whitespace().next() else {
            continue;
        };
        match first.chars().next() {
            Some('%' | '#') | None => continue,
            Some('@') => tags.push((changes.len(), first.to_string())),
            Some(_) => {
                let name = first.trim_start_matches('+').to_string();
                let before = latest.insert(name.clone(), changes.len());
                if let Some(earlier) =
                    before.and_then(|index| Some((index, changes.get_mut(index)?)))
                {
                    let (index, earlier) = earlier;
                    let tag = tags.iter().find(|(after, _)| *after > index);
                    earlier.stem.push_str(tag.map_or("", |(_, tag)| tag));
                }
                changes.push(Change {
                    stem: name.clone(),
                    name,
                    line: line.number,
                });
            }
        }
    }
    changes
}

fn unplanned(folder: &Folder, planned: &HashSet<PathBuf>, reading: &mut Reading) -> Result<()> {
    for name in folder.files.iter().filter(|name| folder::is_sql(name)) {
        let path = folder.at(name);
        if !planned.contains(&path) {
            let message = format!("{name} is not in {PLAN}: Sqitch never deploys it");
            let finding = Finding::new(&finding::SCRIPT_WITHOUT_PLAN, &path, message);
            reading
                .findings
                .push(finding.with_fix("add it by `sqitch add`, or remove it"));
        }
    }
    for name in &folder.folders {
        unplanned(&Folder::open(&folder.at(name))?, planned, reading)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_planned_again_gives_its_name_to_the_later_one() {
        let plan = "%syntax-version=1.0.0\n%project=x\n\n# words\n\
            app 2024-01-01T00:00:00Z A <a@b.c> # Schema\n\
            @v0 2024-01-01T00:00:00Z A <a@b.c>\n\
            users [app @v0] 2024-01-01T00:00:00Z A <a@b.c> # Users\n\
            @v1 2024-01-01T00:00:00Z A <a@b.c> # Tag\n\
            @v1.0.1 2024-01-01T00:00:00Z A <a@b.c>\n\
            +users [users@v1] 2024-01-01T00:00:00Z A <a@b.c>\n";
        let changes = changes(plan.as_bytes());
        let stems: Vec<_> = changes
            .iter()
            .map(|change| (change.stem.as_str(), change.line))
            .collect();
        assert_eq!(stems, [("app", 5), ("users@v1", 7), ("users", 10)]);
    }
}
