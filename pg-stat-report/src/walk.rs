//! The way through the databases of a server, several at once: with a connection each, which is closed before
//! the next is opened.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::thread;

use shared::{Error, Result, signals};

use crate::look::{self, Plan};
use crate::section::Section;
use crate::server::{Door, Server};
use crate::sight::News;

/// Databases that are looked into.
pub struct Walk<'a> {
    plan: &'a Plan,
    tell: &'a Sender<News>,
    door: Door,
    /// All of them, in their order.
    databases: Vec<String>,
    /// The one that we are in already.
    own: String,
    /// How many of them were begun.
    begun: AtomicUsize,
    /// What is of the whole server, and may be in any database.
    missing: Mutex<Vec<&'static Section>>,
}

impl<'a> Walk<'a> {
    /// Through these databases of this server.
    pub fn new(
        plan: &'a Plan,
        tell: &'a Sender<News>,
        server: &Server,
        databases: Vec<String>,
        missing: Vec<&'static Section>,
    ) -> Self {
        Self {
            plan,
            tell,
            door: server.door(),
            databases,
            own: server.database().to_string(),
            begun: AtomicUsize::new(0),
            missing: Mutex::new(missing),
        }
    }

    /// Looks into each, first into the one of this session.
    pub fn visit_all(&self, mut server: Server) -> Result<()> {
        let beside = self.plan.jobs.min(self.databases.len()).saturating_sub(1);
        thread::scope(|scope| {
            // Where no thread is to be had, the others do it.
            let others: Vec<_> = (0..beside)
                .filter_map(|_| {
                    let thread = thread::Builder::new().name("database".into());
                    thread.spawn_scoped(scope, || self.go_on()).ok()
                })
                .collect();
            let mut result = match self.databases.contains(&self.own) {
                true => self.visit(&self.own, &mut server),
                false => Ok(()),
            };
            drop(server);
            result = result.and_then(|()| self.go_on());
            for other in others {
                let died = |_| Err(Error::new("the look into a database broke off"));
                result = result.and(other.join().unwrap_or_else(died));
            }
            result
        })
    }

    /// Looks into those that nobody has begun.
    fn go_on(&self) -> Result<()> {
        while let Some(database) = self.next() {
            let opened = self.plan.patience.check();
            match opened.and_then(|()| self.door.open(database)) {
                Ok(mut server) => {
                    self.search(&mut server)?;
                    self.visit(database, &mut server)?;
                }
                // It was dropped meanwhile.
                Err(error) if error.sqlstate() == Some("3D000") => {
                    News::Gone(database.clone()).tell(self.tell);
                }
                Err(error) => {
                    signals::check()?;
                    self.unseen(database, &error);
                }
            }
        }
        Ok(())
    }

    fn next(&self) -> Option<&String> {
        if self.plan.of_databases().next().is_none() && self.missing().is_empty() {
            return None;
        }
        loop {
            let database = self.databases.get(self.begun.fetch_add(1, Relaxed))?;
            if *database != self.own {
                return Some(database);
            }
        }
    }

    fn visit(&self, database: &str, server: &mut Server) -> Result<()> {
        for section in self.plan.of_databases() {
            let rows = look::gather(self.plan, section, server)?;
            News::part(section, Some(database), rows).tell(self.tell);
        }
        Ok(())
    }

    /// Says why nothing was seen in a database.
    pub fn unseen(&self, database: &str, error: &Error) {
        for section in self.plan.of_databases() {
            News::part(section, Some(database), Err(error.clone())).tell(self.tell);
        }
    }

    /// Looks for what is of the whole server in a database.
    fn search(&self, server: &mut Server) -> Result<()> {
        for section in self.missing() {
            if let Ok(rows) = look::gather(self.plan, section, server)? {
                News::part(section, None, Ok(rows)).tell(self.tell);
                let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
                missing.retain(|other| other.name != section.name);
            }
        }
        Ok(())
    }

    fn missing(&self) -> Vec<&'static Section> {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.clone()
    }
}
