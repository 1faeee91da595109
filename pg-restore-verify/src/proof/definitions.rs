//! Are the definitions those of the backup?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use shared::{Result, signals};

use super::{Proof, counted};
use crate::contents::{Form, TableData};
use crate::record::{Findings, Status};
use crate::redump::{self, Quotes};
use crate::reference;
use shared::dump::{Difference, QualifiedName, Schema};

/// What every restore of such a table comes to.
const INHERITED_ORDER: &str = "the same columns in another order: those that it inherits come first \
                               in whatever is restored";

/// What was read back, and in what it is not what the backup says.
struct ReadBack {
    schema: Schema,
    quotes: Quotes,
    differences: Vec<Difference>,
}

impl Proof<'_> {
    pub(super) fn schema(&self, findings: &mut Findings<'_>) -> Result<()> {
        let began = Instant::now();
        let withheld = &self.backup.withheld;
        let compared = self.differences().and_then(|read_back| {
            let (explained, others): (Vec<_>, Vec<_>) = read_back
                .differences
                .iter()
                .cloned()
                .partition(|difference| withheld.explains(difference));
            Ok((explained, self.told_apart(&read_back, others)?))
        });
        let (explained, differences) = match compared {
            Ok(compared) => compared,
            Err(error) if withheld.role().is_some() => {
                signals::check()?;
                let words = format!("it can't be read back: {}", error.in_one_line());
                findings.unprovable(&words);
                return findings.add(findings.check("schema", Status::Skipped).message(words));
            }
            Err(error) => return Err(error),
        };
        let mut failed = false;
        for (difference, spelled) in differences {
            let status = match spelled {
                Some(_) => Status::Skipped,
                None => Status::Failed,
            };
            failed |= status == Status::Failed;
            let words = spelled.unwrap_or_else(|| missing_or_changed(&difference));
            let finding = findings.check("schema", status).object(&difference.object);
            let mut finding = finding.remark();
            finding.expected = difference.expected;
            finding.actual = difference.actual;
            findings.add(finding.message(words))?;
        }
        if let Some(first) = explained.first() {
            let count = counted(explained.len() as u64, "definition");
            let words = format!("{count} not there or not the same, for the server refused that");
            let finding = findings.check("schema", Status::Skipped);
            findings.add(finding.object(&first.object).message(words))?;
            let why = "not all definitions could be restored on this server";
            findings.unprovable(why);
        }
        let held = self.backup.schema.count().saturating_sub(explained.len());
        if !failed && (held > 0 || explained.is_empty()) {
            let count = counted(held as u64, "definition");
            let finding = findings
                .check("schema", Status::Ok)
                .compared(&count, &count);
            findings.add(finding.took(began.elapsed()))?;
        }
        Ok(())
    }

    /// What is not the same, with names quoted as the backup has them.
    fn differences(&self) -> Result<ReadBack> {
        let backup = &self.backup.schema;
        // A name that it quotes may have been a key word.
        let ways: &[Quotes] = match backup.quotes_all() {
            true => &[Quotes::All, Quotes::OfServer, Quotes::Needed],
            false => &[Quotes::Needed],
        };
        let mut best = self.read_back(ways[0])?;
        for quotes in &ways[1..] {
            if best.differences.is_empty() {
                break;
            }
            let other = self.read_back(*quotes)?;
            if other.differences.len() < best.differences.len() {
                best = other;
            }
        }
        if self.target.lacks_locale {
            best.differences.retain(|difference| !is_locale(difference));
        }
        let built_in = self.built_in_extensions()?;
        best.differences.retain(|difference| {
            let mut words = difference.object.rsplitn(2, "EXTENSION ");
            let is_built_in = words.next().is_some_and(|name| built_in.contains(name));
            !(is_built_in && words.next().is_some() && difference.actual.is_none())
        });
        Ok(best)
    }

    fn read_back(&self, quotes: Quotes) -> Result<ReadBack> {
        let backup = &self.backup.schema;
        let mut schema = redump::schema(&self.pg_dump, self.target, self.backup, quotes)?.schema;
        self.chosen.retain(&mut schema);
        if self.promised.is_of_part() && backup.schemas().next().is_none() {
            // Of some tables only: theirs was created for them.
            schema.forget_schemas();
        }
        Ok(ReadBack {
            differences: backup.differences(&schema),
            schema,
            quotes,
        })
    }

    /// Extensions that are in the restored database, but in no dump of it: one that was created
    /// anew where it came from is in the backup.
    fn built_in_extensions(&self) -> Result<BTreeSet<String>> {
        let mut client = self.target.connect()?;
        let rows = client.query_typed(include_str!("../../sql/built_in_extensions.sql"), &[])?;
        let names = rows.iter().map(|row| row.try_get("name"));
        Ok(names.collect::<std::result::Result<_, _>>()?)
    }

    /// Each difference, and why it is none, if another version only writes the same in other
    /// words: then it writes the same definitions so, too, where nothing else was restored.
    fn told_apart(
        &self,
        read_back: &ReadBack,
        differences: Vec<Difference>,
    ) -> Result<Vec<(Difference, Option<String>)>> {
        let on_both = |one: &Difference| one.expected.is_some() && one.actual.is_some();
        // A newer pg_dump also tells of what an older one passed over, such as the owner of the
        // schema public.
        let can_be_words = |one: &Difference| one.actual.is_some() && !is_of_database(one);
        let is_of_order =
            |one: &Difference| one.is_of_inherited_order() && !self.has_bare_rows(one);
        let (of_order, differences): (Vec<_>, Vec<_>) =
            differences.into_iter().partition(is_of_order);
        let mut told: Vec<_> = of_order
            .into_iter()
            .map(|one| (one, Some(INHERITED_ORDER.to_string())))
            .collect();
        let Some(words) = self.other_versions() else {
            told.extend(differences.into_iter().map(|one| (one, None)));
            return Ok(told);
        };
        let mut changed = match differences.iter().any(can_be_words) {
            true => self.changed(read_back)?,
            false => BTreeMap::new(),
        };
        let mut change_of = |object: &str| {
            // Up to pg_dump 13 it is the table's own entry that attaches a partition.
            let attached = object.strip_prefix("TABLE ");
            let attached = attached.map(|table| format!("TABLE ATTACH {table}"));
            let change = changed.remove(object);
            change.or_else(|| changed.remove(&attached?))
        };
        let tell = |difference: Difference| match change_of(&difference.object) {
            // Not what the backup says, in this server's words.
            Some(change) if on_both(&difference) => {
                let object = difference.object;
                (Difference { object, ..change }, None)
            }
            None if can_be_words(&difference) => (difference, Some(words.clone())),
            None if is_locale(&difference) => (difference, Some(words.clone())),
            _ => (difference, None),
        };
        told.extend(differences.into_iter().map(tell));
        Ok(told)
    }

    /// Whether the backup has a table's rows as INSERTs that do not say which value is whose.
    fn has_bare_rows(&self, difference: &Difference) -> bool {
        let bare = Form::Inserts {
            names_columns: false,
        };
        let of_table = |(table, data): (&QualifiedName, &TableData)| {
            data.form == bare && difference.object == format!("TABLE {table}")
        };
        self.backup.tables.iter().any(of_table)
    }

    /// What is not as the same definitions are by themselves, by object.
    fn changed(&self, read_back: &ReadBack) -> Result<BTreeMap<String, Difference>> {
        let is_of_part = self.promised.is_of_part() || !self.chosen.is_everything();
        let with = (&self.pg_dump, read_back.quotes);
        let archive = self.archive;
        let alone = reference::schema(archive, self.backup, self.target, with, is_of_part)?;
        let changed = alone.differences(&read_back.schema).into_iter();
        let changed = changed.filter(|change| !is_of_database(change));
        Ok(changed
            .map(|change| (change.object.clone(), change))
            .collect())
    }

    /// That the backup is of other versions than what was restored, in words.
    fn other_versions(&self) -> Option<String> {
        let versions = (self.archive.server_major?, self.archive.pg_dump_major?);
        let ours = (
            self.target.server().version().major,
            self.pg_dump.version.major,
        );
        (versions != ours).then(|| {
            format!(
                "the same in other words: the backup is of server {} by pg_dump {}, this is server \
                 {} and pg_dump {}, which say so of its definitions without the rows, too",
                versions.0, versions.1, ours.0, ours.1
            )
        })
    }
}

fn is_of_database(difference: &Difference) -> bool {
    let object = difference.object.as_str();
    let about = ["ACL ", "COMMENT ", "SECURITY LABEL "];
    let named = about.iter().find_map(|about| object.strip_prefix(about));
    named.unwrap_or(object).starts_with("DATABASE")
}

/// Whether only what creates the database differs, which every version says in its own words, and
/// which is another where its locale was not to be had.
fn is_locale(difference: &Difference) -> bool {
    let creates = |side: &Option<String>| {
        let mut lines = side.iter().flat_map(|side| side.lines());
        lines.all(|line| line.starts_with("CREATE DATABASE "))
    };
    is_of_database(difference) && creates(&difference.expected) && creates(&difference.actual)
}

fn missing_or_changed(difference: &Difference) -> String {
    let words = match (&difference.expected, &difference.actual) {
        (Some(_), None) => "is not in the restored database",
        (None, _) => "is in the restored database and not in the backup",
        (Some(_), Some(_)) => "differs in the restored database",
    };
    words.to_string()
}
