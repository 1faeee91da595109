//! What a server did not let be restored: the role may not do it on one that others use, it would
//! have reached out of the scratch database, or the server lacks something. That says nothing about the backup; nothing of it is
//! taken for proved, either.

use std::collections::BTreeSet;

use postgres::Client;
use shared::Result;
use shared::dump::{CopyTarget, Difference, Entry, QualifiedName, quote_identifier, subject};

use super::Refusal;
use super::refusal::{Blame, RESERVED_NAME, lacks_right};

/// Why what a server refuses may be its own doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It is older than those of which it is known that the backup loads into them.
    Old(String),
    /// It lacks a locale.
    Locale(String),
    /// The backup does not say its locale.
    Guess(String),
    /// The backup is of a part, whose rest is not there.
    Part(String),
}

/// What a backup counts on and the server does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Roles that could not be created.
    pub roles: BTreeSet<String>,
    /// Extensions.
    pub extensions: BTreeSet<String>,
    /// Why what it refuses may be its own doing.
    pub doubt: Option<Doubt>,
}

/// What was withheld from a restore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Whether the server is one that others use.
    is_shared: bool,
    /// The role, where it may not do everything.
    role: Option<String>,
    missing: Missing,
    /// Who may do everything there.
    superusers: BTreeSet<String>,
    /// Whether something is not there for it: what is missing then need not have a refusal of its
    /// own, for what the jobs of one pg_restore say can be mixed beyond reading.
    leaves_gap: bool,
    /// What was refused, as the backup names it.
    labels: BTreeSet<String>,
    /// The relations whose rows, or views whose contents, were.
    relations: BTreeSet<QualifiedName>,
    /// How many refusals there were, and the first in words.
    first: Option<(usize, String)>,
}

impl Doubt {
    /// In words.
    pub fn in_words(&self) -> &str {
        match self {
            Self::Old(words) | Self::Locale(words) | Self::Guess(words) | Self::Part(words) => {
                words
            }
        }
    }

    fn is_of(&self, refusal: &Refusal) -> bool {
        // By another order of letters, or other classes of them.
        const OF_ORDER: [&str; 5] = [
            "range bound",
            "would overlap partition",
            "violates partition constraint",
            "no partition of relation",
            "as a partition of",
        ];
        const OF_LOCALE: [&str; 3] = ["violates", "collation", "locale"];
        let says = |words: &[&str]| words.iter().any(|words| refusal.message.contains(words));
        match self {
            Self::Old(_) => true,
            Self::Part(_) => {
                // The last is of a job of pg_restore that ends with the first error about rows.
                let missing = says(&["does not exist", "a worker process died"]);
                // And what follows on that in a script of large objects.
                missing || refusal.is_about_missing() || refusal.object.starts_with("BLOB")
            }
            Self::Locale(_) => says(&OF_ORDER) || says(&OF_LOCALE),
            Self::Guess(_) => says(&OF_ORDER),
        }
    }
}

impl Withheld {
    /// Says which of the refusals are no fault of the backup; `role` is who we are on a server that
    /// others use.
    pub fn of(
        client: &mut Client,
        role: Option<&str>,
        missing: Missing,
        refusals: &mut [Refusal],
    ) -> Result<Self> {
        let superusers = "SELECT rolname::pg_catalog.text FROM pg_catalog.pg_roles WHERE rolsuper";
        let mut withheld = Self {
            is_shared: role.is_some(),
            ..Self::default()
        };
        for row in client.query_typed(superusers, &[])? {
            withheld.superusers.insert(row.try_get(0)?);
        }
        let superusers = &withheld.superusers;
        let role = role.map(str::to_string);
        withheld.role = role.filter(|role| !superusers.contains(role));
        blame(&missing, withheld.is_shared, refusals);
        withheld.missing = missing;
        withheld.keep_to(refusals);
        Ok(withheld)
    }

    /// Forgets all but these, when the others are about what was not chosen.
    pub fn keep_to(&mut self, refusals: &[Refusal]) {
        self.leaves_gap = false;
        self.labels.clear();
        self.relations.clear();
        self.first = None;
        for refusal in refusals.iter().filter(|refusal| refusal.blame.is_some()) {
            self.note(refusal);
        }
    }

    fn note(&mut self, refusal: &Refusal) {
        let words = || format!("{}: {}", refusal.shown(), refusal.in_words());
        let (count, _) = self.first.get_or_insert_with(|| (0, words()));
        *count += 1;
        self.leaves_gap |= leaves_gap(refusal, self.is_shared);
        // Of an object that is there, all but the owner is compared.
        if gives_owner(refusal.statement.trim()) {
            return;
        }
        self.labels.insert(refusal.object.clone());
        let statement = refusal.statement.trim_start();
        let copied = CopyTarget::parse(statement.as_bytes()).map(|copy| copy.table);
        let filled = || subject(statement).filter(|_| statement.starts_with("REFRESH "));
        self.relations.extend(copied.or_else(filled));
    }

    /// What the verdict says of it, if anything was withheld.
    pub fn in_words(&self) -> Option<String> {
        let (count, first) = self.first.as_ref()?;
        let count = match count {
            1 => "this was".to_string(),
            count => format!("{count} statements were"),
        };
        let extensions: Vec<&str> = self.missing.extensions.iter().map(String::as_str).collect();
        if !extensions.is_empty() {
            return Some(format!(
                "not all could be restored, for the server lacks EXTENSION {}: {count} refused, {first}",
                extensions.join(", EXTENSION ")
            ));
        }
        if let Some(doubt) = self.doubt() {
            return Some(format!(
                "not all could be restored, for {doubt}: {count} refused, {first}"
            ));
        }
        if !self.is_shared {
            return Some(format!(
                "not all could be restored: {count} refused, {first}"
            ));
        }
        let who = match &self.role {
            Some(role) => format!("role {} may not do all of it", quote_identifier(role)),
            None => "it is used by others".to_string(),
        };
        Some(format!(
            "not all could be restored on this server, for {who}: {count} refused, {first}; \
             a throw-away server (without -d) takes everything"
        ))
    }

    /// Why what the server refused may be its own doing.
    pub fn doubt(&self) -> Option<&str> {
        self.missing.doubt.as_ref().map(Doubt::in_words)
    }

    /// Whether pg_restore ended with what it missed, and did not come to all data.
    pub fn ended_early(&self) -> bool {
        self.leaves_gap && matches!(self.missing.doubt, Some(Doubt::Part(_)))
    }

    /// The role that may not do everything.
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// What gives the right that is missing, where it is one of a single role.
    pub fn remedy(&self, words: &str) -> Option<String> {
        let role = quote_identifier(self.role.as_deref()?);
        let begins = ["must be member of role \"", "must be able to SET ROLE \""];
        let other = begins.iter().find_map(|begin| words.split_once(begin));
        match other.and_then(|(_, rest)| rest.strip_suffix('"')) {
            Some(other) if self.superusers.contains(other) => {
                Some("only a superuser may give that one something".to_string())
            }
            Some(other) => Some(format!(
                "GRANT {} TO {role} lets it",
                quote_identifier(other)
            )),
            None if words.ends_with("permission denied to create role") => {
                Some(format!("ALTER ROLE {role} CREATEROLE lets it"))
            }
            None => None,
        }
    }

    /// Whether something may be missing because of what was refused.
    pub fn leaves_gap(&self) -> bool {
        self.leaves_gap
    }

    /// Whether the server refused what is in this relation, or the relation itself.
    pub fn holds(&self, kind: &str, name: &QualifiedName) -> bool {
        let label = |kind: &str| {
            let entry = Entry {
                kind: kind.to_string(),
                schema: name.schema.clone().unwrap_or_default(),
                name: name.name.clone(),
                ..Entry::default()
            };
            self.labels.contains(&entry.label())
        };
        self.relations.contains(name) || label(kind) || label(&format!("{kind} DATA"))
    }

    /// Whether the server's answer when something was read back is that the role may not.
    pub fn is_refusal(&self, message: &str) -> bool {
        self.role.is_some() && lacks_right(None, message)
    }

    /// Whether a definition that differs does so because of what was refused.
    pub fn explains(&self, difference: &Difference) -> bool {
        // GRANT by who does not own something is only warned of, and pg_dump passes in silence
        // over what only superusers see.
        let of_superusers = ["SUBSCRIPTION ", "USER MAPPING "];
        let hidden = of_superusers
            .iter()
            .any(|kind| difference.object.starts_with(kind));
        self.labels.contains(&difference.object)
            || self.leaves_gap && difference.actual.is_none()
            || self.role.is_some() && (hidden || is_of_rights(difference))
            // What every database of an older server has.
            || matches!(self.missing.doubt, Some(Doubt::Old(_))) && difference.expected.is_none()
    }
}

/// Whom to blame for each refusal.
fn blame(missing: &Missing, is_shared: bool, refusals: &mut [Refusal]) {
    let mut gap = !missing.extensions.is_empty();
    let harmful = |refusal: &&mut Refusal| refusal.harmless.is_none();
    for refusal in refusals.iter_mut().filter(harmful) {
        // On a server of ours we may do everything, and who may not is of the backup.
        let is_right = || lacks_right(refusal.sqlstate.as_deref(), &refusal.message);
        let is_reserved = refusal.sqlstate.as_deref() == Some(RESERVED_NAME);
        if refusal.blame.is_none() && is_shared && (is_right() || is_reserved) {
            refusal.blame = Some(Blame::Right);
        }
        let doubt = missing.doubt.as_ref();
        let is_own = doubt.is_some_and(|doubt| doubt.is_of(refusal)) || refusal.is_of_server();
        if refusal.blame.is_none() && is_own {
            refusal.blame = Some(Blame::Server);
        }
        gap |= leaves_gap(refusal, is_shared);
    }
    // Jobs work side by side: what follows may have been told of before.
    for refusal in refusals.iter_mut().filter(harmful) {
        let names_role = || {
            let role = |role: &String| format!("role \"{role}\" does not exist");
            missing
                .roles
                .iter()
                .map(role)
                .any(|words| refusal.message.contains(&words))
        };
        let creates_extension = gap && refusal.statement.starts_with("CREATE EXTENSION ");
        let is_missing = refusal.is_about_missing() && (gap || names_role());
        if refusal.blame.is_none() && (is_missing || creates_extension) {
            refusal.blame = Some(Blame::Missing);
        }
    }
}

/// Whether something else may be missing for it. Of what a server of ours refuses for its reach
/// alone nothing of pg_dump's depends on.
fn leaves_gap(refusal: &Refusal, is_shared: bool) -> bool {
    let of_reach = refusal.blame == Some(Blame::Reach) && !is_shared;
    refusal.blame.is_some() && !of_reach && !gives_rights(&refusal.statement)
}

/// Whether a statement only says whose something is, who may use it, or what it is for.
fn gives_rights(statement: &str) -> bool {
    const STARTS: [&str; 5] = [
        "GRANT ",
        "REVOKE ",
        "ALTER DEFAULT PRIVILEGES ",
        "COMMENT ON ",
        "SECURITY LABEL ",
    ];
    let statement = statement.trim();
    STARTS.iter().any(|start| statement.starts_with(start))
        || statement.starts_with("ALTER ") && gives_owner(statement)
}

/// `… OWNER TO app;`
fn gives_owner(line: &str) -> bool {
    let owner = line.rsplit_once(" OWNER TO ");
    owner.is_some_and(|(_, owner)| !owner.contains('\n') && owner.ends_with(';'))
}

/// Whether two definitions differ in owner and rights alone.
fn is_of_rights(difference: &Difference) -> bool {
    let object = &difference.object;
    if object.starts_with("ACL ") || object.starts_with("DEFAULT ACL ") {
        return true;
    }
    let lines = [&difference.expected, &difference.actual];
    let mut lines = lines.into_iter().flatten().flat_map(|text| text.lines());
    lines.all(gives_owner)
}
