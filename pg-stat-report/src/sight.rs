//! What is told of a server while it is looked at: it is there though the server stops in the middle.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use shared::{Error, Result};

use crate::look::{Part, Plan, Seen};
use crate::parts::Parts;
use crate::row::{Origin, Row};
use crate::section::{Section, Source};

/// What is told.
#[derive(Debug)]
pub enum News {
    /// It answers.
    Reached(Reached),
    /// These of its databases are looked into, in this order.
    Databases(Vec<String>),
    /// This one was dropped meanwhile.
    Gone(String),
    /// What came of a section.
    Part(Part),
    /// That was all, or it could not be reached.
    Over(Result<()>),
}

/// A server that answers.
#[derive(Debug)]
pub struct Reached {
    source: Source,
    origin: Arc<Origin>,
    /// The database that was named.
    own: String,
}

impl News {
    /// It answers, in this database.
    pub fn reached(source: Source, origin: Arc<Origin>, own: &str) -> Self {
        let own = own.to_string();
        Self::Reached(Reached {
            source,
            origin,
            own,
        })
    }

    /// What came of a section.
    pub fn part(section: &'static Section, database: Option<&str>, rows: Result<Vec<Row>>) -> Self {
        Self::Part(Part {
            section,
            database: database.map(str::to_string),
            rows,
        })
    }

    /// What is said of it to whoever wants to hear what is being done.
    pub fn words(&self) -> Option<String> {
        Some(match self {
            Self::Reached(_) => "it answers".to_string(),
            Self::Databases(databases) => format!("looking into {}", databases.join(", ")),
            Self::Gone(database) => format!("database {database} was dropped meanwhile"),
            Self::Part(part) => {
                let place = part.database.as_ref();
                let place = place.map(|database| format!(" of {database}"));
                let rows = match &part.rows {
                    Ok(rows) => format!("{} rows", rows.len()),
                    Err(error) => error.in_one_line(),
                };
                let place = place.unwrap_or_default();
                format!("section {}{place}: {rows}", part.section.name)
            }
            Self::Over(_) => return None,
        })
    }

    /// Tells it, if anybody still listens.
    pub fn tell(self, listener: &Sender<Self>) {
        let _ = listener.send(self);
    }
}

/// What was told so far.
#[derive(Debug, Default)]
pub struct Sight {
    reached: Option<Reached>,
    databases: Option<Vec<String>>,
    parts: HashMap<(Option<String>, &'static str), Part>,
}

impl Sight {
    /// Takes what is told; at the end that.
    pub fn take(&mut self, news: News) -> Option<Result<()>> {
        match news {
            News::Reached(reached) => self.reached = Some(reached),
            News::Databases(databases) => self.databases = Some(databases),
            News::Gone(database) => {
                let databases = self.databases.iter_mut();
                databases.for_each(|all| all.retain(|other| *other != database));
            }
            News::Part(part) => self.add(part),
            News::Over(result) => return Some(result),
        }
        None
    }

    /// What another database had is put in the place of why this one had not.
    fn add(&mut self, part: Part) {
        let place = (part.database.clone(), part.section.name);
        let is_known = self
            .parts
            .get(&place)
            .is_some_and(|known| known.rows.is_ok());
        if !is_known {
            self.parts.insert(place, part);
        }
    }

    /// What was seen, in the order in which it is shown. What has not come is missing because of `lost`; that alone is
    /// to be said where the server did not answer at all.
    pub fn seen(mut self, plan: &Plan, lost: Option<Error>) -> Result<Seen> {
        let Some(reached) = self.reached.take() else {
            let words = "the look at this server broke off";
            return Err(lost.unwrap_or_else(|| Error::new(words)));
        };
        let databases = self.databases.take();
        let databases = databases.unwrap_or_else(|| match plan.of_databases().next() {
            Some(_) if reached.source == Source::Server && lost.is_some() => vec![reached.own],
            _ => Vec::new(),
        });
        let mut places: Vec<(Option<&String>, &'static Section)> = match reached.source {
            Source::Console => plan.of_console().map(|section| (None, section)).collect(),
            _ => plan.of_server().map(|section| (None, section)).collect(),
        };
        for database in &databases {
            places.extend(plan.of_databases().map(|section| (Some(database), section)));
        }
        let mut parts = Parts::default();
        for (database, section) in places {
            let told = self.parts.remove(&(database.cloned(), section.name));
            let unseen = lost.as_ref().map(|lost| Part {
                section,
                database: database.cloned(),
                rows: Err(lost.clone()),
            });
            parts.extend(told.or(unseen));
        }
        Ok(Seen {
            source: reached.source,
            origin: reached.origin,
            databases,
            parts,
        })
    }
}
