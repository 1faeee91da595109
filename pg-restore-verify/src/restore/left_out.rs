//! The entries of an archive that are not restored: what would reach out of the database on a server
//! that others use, and materialized views that are filled from elsewhere.

use std::collections::BTreeSet;

use shared::dump::{QualifiedName, Toc, TocEntry, subject};
use shared::{Error, Result};

use super::bounds::Reach;
use super::refusal::Refusal;
use crate::contents::Contents;

/// What of an archive is not restored.
pub struct LeftOut<'a> {
    /// Its table of contents; none where only pg_restore can read that.
    toc: Option<&'a Toc>,
    ids: BTreeSet<i64>,
}

impl<'a> LeftOut<'a> {
    /// Nothing yet.
    pub fn of(toc: Option<&'a Toc>) -> Self {
        Self {
            toc,
            ids: BTreeSet::new(),
        }
    }

    /// Leaves out what would reach another server, which ours shall not, either.
    pub fn bound_on_own(&mut self) -> Vec<Refusal> {
        let beyond = self.toc.map(|toc| Reach::beyond(toc, true));
        let beyond = beyond.unwrap_or_default();
        self.ids.extend(beyond.keys());
        beyond.into_values().collect()
    }

    /// Leaves out what would reach out of its database.
    ///
    /// # Errors
    /// When there is such a thing and it can't be left out.
    pub fn bound(&mut self, definitions: &Contents) -> Result<Vec<Refusal>> {
        if let Some(toc) = self.toc {
            let beyond = Reach::beyond(toc, false);
            self.ids.extend(beyond.keys());
            return Ok(beyond.into_values().collect());
        }
        for (object, sql) in definitions.schema.all_statements() {
            let reach = Reach::of(sql);
            if reach != Reach::Inside {
                return Err(not_restored(&reach.refusal(object, sql)));
            }
        }
        Ok(Vec::new())
    }

    /// Whether there may be statements among its rows: INSERTs, or anything else.
    pub fn may_have_statements(&self) -> bool {
        let is_inserts = |(_, entry): (i64, &TocEntry)| {
            entry.kind == "TABLE DATA" && entry.has_data && entry.copy.is_empty()
        };
        self.toc.is_none_or(|toc| toc.entries().any(is_inserts))
    }

    /// Looks whether its rows only bring rows: of the others none can be left out by itself.
    ///
    /// # Errors
    /// When they don't.
    pub fn bound_rows(rows: &Contents) -> Result<()> {
        let Some(statement) = &rows.beyond else {
            return Ok(());
        };
        let object = statement.lines().next().unwrap_or_default();
        Err(not_restored(
            &Reach::of(statement).refusal(object, statement),
        ))
    }

    /// Leaves these views empty; those of them that the archive would have filled.
    pub fn leave_empty(&mut self, views: &BTreeSet<QualifiedName>) -> BTreeSet<QualifiedName> {
        let mut empty = BTreeSet::new();
        let entries = self.toc.into_iter().flat_map(Toc::entries);
        for (id, entry) in entries.filter(|(_, entry)| entry.kind == "MATERIALIZED VIEW DATA") {
            let view = subject(&String::from_utf8_lossy(&entry.definition));
            if let Some(view) = view.filter(|view| views.contains(view)) {
                self.ids.insert(id);
                empty.insert(view);
            }
        }
        empty
    }

    /// What is restored, of all or of the `chosen` entries, as pg_restore's `--use-list` takes it;
    /// none for everything.
    pub fn list(&self, chosen: Option<&str>) -> Option<String> {
        let stays = |id: &i64| !self.ids.contains(id);
        let line = |id: i64| format!("{id};\n");
        match chosen {
            Some(list) => {
                let ids = list
                    .lines()
                    .filter_map(|line| line.strip_suffix(';')?.parse().ok());
                Some(ids.filter(stays).map(line).collect())
            }
            None if self.ids.is_empty() => None,
            None => {
                let entries = self.toc.into_iter().flat_map(Toc::in_order);
                Some(entries.map(|(id, _)| id).filter(stays).map(line).collect())
            }
        }
    }
}

fn not_restored(refusal: &Refusal) -> Error {
    let why = format!("{}: {}", refusal.shown(), refusal.in_words());
    Error::new("the archive is not restored on a server that others use").with_detail(why)
}
