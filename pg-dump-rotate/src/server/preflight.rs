//! What could spoil a dump, found before it starts.

use shared::connection::Session;
use shared::dump::quote_identifier;
use shared::{Context, Result};

use super::patterns;
use super::relations::Relation;
use super::rights::{self, Judged, some};
use super::selection::Selection;
use super::surroundings::Surroundings;
use super::{Server, size};

/// What is known of a dump before it starts.
#[derive(Debug)]
pub struct Preflight {
    /// What pg_dump will leave out by itself, in words, for the manifest.
    pub omissions: Vec<String>,
    /// What is to be said: the omissions, with what to do about them, and more.
    pub warnings: Vec<String>,
    pub selection: Selection,
    pub relations: Vec<Relation>,
    pub surroundings: Surroundings,
    /// What the rows take on the server, in bytes; none where rows are not wanted.
    pub source_bytes: Option<u64>,
}

/// What pg_dump leaves out by itself.
pub struct Omission {
    /// In words, for the manifest.
    pub what: String,
    remedy: &'static str,
}

impl Omission {
    /// The rows of these tables, in a dump of a standby.
    pub fn unlogged(names: &[String]) -> Self {
        Self {
            what: format!("the rows of {}, unlogged: a standby has none", some(names)),
            remedy: "dump from the primary, or exclude them with --exclude-table-data",
        }
    }

    /// These subscriptions.
    pub fn subscriptions(names: &[String]) -> Self {
        Self {
            what: format!("subscriptions: {}", some(names)),
            remedy: "only a superuser can dump them, and -- --no-subscriptions says that they are not wanted",
        }
    }

    /// What to say of it, with what to do.
    pub fn warning(&self) -> String {
        format!("not in the backup: {}; {}", self.what, self.remedy)
    }
}

impl Preflight {
    /// Asks the server whether a dump with these arguments of pg_dump will be whole; an error
    /// where it would fail. `session` has to be able to reset its search path.
    pub fn check(session: &mut Session, server: &Server, arguments: &[String]) -> Result<Self> {
        let selection = Selection::parse(arguments.iter().map(String::as_str));
        set_role(session, &selection)?;
        let matched = patterns::resolve(session, &selection)?;
        let relations = Relation::list(session, &matched)?;
        let surroundings = Surroundings::ask(session, selection.has_large_objects())?;
        if !selection.is_vague {
            rights::check(&Judged {
                database: &server.database,
                server_major: server.version.major,
                relations: &relations,
                selection: &selection,
                surroundings: &surroundings,
            })?;
        }
        let source_bytes = match selection.no_rows {
            true => None,
            false => Some(size::of(
                session,
                &relations,
                selection.has_large_objects(),
            )?),
        };
        let mut preflight = Self {
            source_bytes,
            omissions: Vec::new(),
            warnings: Vec::new(),
            selection,
            relations,
            surroundings,
        };
        preflight.note_idle_patterns(&matched.idle);
        preflight.note_unlogged_tables();
        preflight.note_hidden_rows();
        preflight.note_subscriptions();
        preflight.note_user_mappings();
        Ok(preflight)
    }

    /// How many tables have rows to dump.
    pub fn tables(&self) -> u64 {
        let copied = self
            .relations
            .iter()
            .filter(|relation| relation.is_copied());
        copied.count() as u64
    }

    fn omit(&mut self, omission: Omission) {
        self.warnings.push(omission.warning());
        self.omissions.push(omission.what);
    }

    fn note_idle_patterns(&mut self, idle: &[String]) {
        for pattern in idle {
            self.warnings
                .push(format!("{pattern} excludes nothing: nothing matches it"));
        }
    }

    /// A standby has none of their rows, and pg_dump does not say that it leaves them out.
    fn note_unlogged_tables(&mut self) {
        if !self.surroundings.is_standby || self.selection.no_rows {
            return;
        }
        if self.selection.no_unlogged_rows {
            return;
        }
        let names = self.names(|relation| relation.is_unlogged && relation.is_copied());
        if !names.is_empty() {
            self.omit(Omission::unlogged(&names));
        }
    }

    fn note_hidden_rows(&mut self) {
        if !self.selection.row_security || self.selection.no_rows {
            return;
        }
        let names = self.names(|relation| relation.hides_rows && relation.is_copied());
        if !names.is_empty() {
            let role = self.surroundings.role.clone();
            let what = format!(
                "rows of {} that row security hides from {role}",
                some(&names)
            );
            self.omit(Omission {
                what,
                remedy: "that is what --enable-row-security asks for",
            });
        }
    }

    fn note_subscriptions(&mut self) {
        let wanted = self.selection.is_of_everything()
            && !self.selection.no_subscriptions
            && !self.selection.no_definitions;
        if wanted && !self.surroundings.subscriptions.is_empty() {
            self.omit(Omission::subscriptions(&self.surroundings.subscriptions));
        }
    }

    fn note_user_mappings(&mut self) {
        let wanted = self.selection.is_of_everything() && !self.selection.no_definitions;
        if wanted && !self.surroundings.servers_of_hidden_mappings.is_empty() {
            let names = some(&self.surroundings.servers_of_hidden_mappings);
            self.omit(Omission {
                what: format!(
                    "options of user mappings, passwords among them, for the servers {names}"
                ),
                remedy: "only a superuser can dump those of all users",
            });
        }
    }

    fn names(&self, picked: impl Fn(&Relation) -> bool) -> Vec<String> {
        let picked = self.relations.iter().filter(|relation| picked(relation));
        picked.map(|relation| relation.name.to_string()).collect()
    }
}

/// pg_dump becomes the role of --role, and what that one may read counts.
pub fn set_role(session: &mut Session, selection: &Selection) -> Result<()> {
    let Some(role) = &selection.role else {
        return Ok(());
    };
    let set = format!("SET ROLE {}", quote_identifier(role));
    let set = session.client().batch_execute(&set);
    set.context(|| format!("--role={role}"))
}
