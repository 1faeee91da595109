//! What may be spoilt, and what is beyond it: a database, of which its server says what statements there can reach, or
//! a whole server.

use std::collections::{HashMap, HashSet};

use postgres::Client;
use shared::Result;

use super::strings::UNKNOWN;

/// Functions that everybody may call, because they look themselves whether he may do what they are for.
const OUTWARD: &[&str] = &[
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_create_physical_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_copy_physical_replication_slot",
    "pg_copy_logical_replication_slot",
    "pg_drop_replication_slot",
    "pg_replication_slot_advance",
    "pg_sync_replication_slots",
    "pg_logical_slot_get_changes",
    "pg_logical_slot_get_binary_changes",
    // Of extensions.
    "pg_file_write",
    "pg_file_rename",
    "pg_file_unlink",
    "pg_file_sync",
    "pg_logfile_rotate",
    "pg_stat_statements_reset",
    "schedule_in_database",
];

/// Functions that not everybody may call, and that reach no further than the database.
const INWARD: &[&str] = &[
    "pg_stat_reset",
    "pg_stat_reset_single_table_counters",
    "pg_stat_reset_single_function_counters",
    "pg_import_system_collations",
    "pg_config",
];

/// Functions that write files where the server can.
const FILES: &[&str] = &[
    "lo_export",
    "pg_file_write",
    "pg_file_rename",
    "pg_file_unlink",
];

/// What all functions of that extension begin with.
const DBLINK: &str = "dblink";

/// The bounds of a database; of a whole server where nothing is said of one.
#[derive(Debug, Default)]
pub struct Bounds {
    /// Its name; none where the whole server may be spoilt, and the machine that it runs on may not.
    pub database: Option<String>,
    /// Whether REINDEX DATABASE takes along what all databases share, as before 16.
    pub reindexes_shared: bool,
    /// Relations that all databases share.
    pub shared: HashSet<String>,
    /// Schema and name of tables that are elsewhere.
    pub foreign: HashSet<(String, String)>,
    /// Functions that reach further.
    reserved: HashSet<String>,
    /// Languages whose code may do anything.
    pub untrusted: HashSet<String>,
    /// The statements that make the functions that are there, by name.
    pub functions: HashMap<String, Vec<String>>,
    /// What runs by itself, by the name of the relation that it is on.
    pub attached: HashMap<String, Vec<Attached>>,
}

/// What runs by itself when something is done with a relation.
#[derive(Debug)]
pub struct Attached {
    /// What it is, in words.
    pub what: String,
    /// Whether only a change of rows has it run.
    pub is_of_writes: bool,
    /// As SQL.
    pub code: String,
}

impl Bounds {
    /// The whole server may be spoilt, and nothing is there but what is made.
    pub fn of_server() -> Self {
        Self::default()
    }

    /// Asks a session's server.
    ///
    /// # Errors
    /// Where it does not answer.
    pub fn ask(client: &mut Client) -> Result<Self> {
        let sql = "select pg_catalog.current_setting('server_version_num')::int < 160000";
        let mut bounds = Self {
            reindexes_shared: client.query_typed_one(sql, &[])?.try_get(0)?,
            ..Self::default()
        };
        for row in client.query_typed(include_str!("../../sql/reach_bounds.sql"), &[])? {
            let [kind, schema, name, code] = [0, 1, 2, 3].map(|at| row.try_get::<_, String>(at));
            let (schema, name) = (schema?, name?);
            match kind?.as_str() {
                "database" => bounds.database = Some(name),
                "shared" => drop(bounds.shared.insert(name)),
                "foreign" => drop(bounds.foreign.insert((schema, name))),
                "reserved" => drop(bounds.reserved.insert(name)),
                "untrusted" => drop(bounds.untrusted.insert(name)),
                _ => bounds.functions.entry(name).or_default().push(code?),
            }
        }
        let sql = include_str!("../../sql/reach_attached.sql");
        for row in client.query_typed(sql, &[])? {
            let attached = Attached {
                what: row.try_get("what")?,
                is_of_writes: row.try_get("is_of_writes")?,
                code: row.try_get("code")?,
            };
            let on: String = row.try_get("relation")?;
            bounds.attached.entry(on).or_default().push(attached);
        }
        Ok(bounds)
    }

    /// What runs by itself when something is done with a relation of this name, or when rows of it are changed.
    pub fn attached(&self, relation: &str, is_write: bool) -> impl Iterator<Item = &Attached> {
        let all = self.attached.get(relation).into_iter().flatten();
        all.filter(move |one| is_write || !one.is_of_writes)
    }

    /// Whether a name may be that of the database.
    pub fn is_own(&self, name: &str) -> bool {
        self.database.as_deref() == Some(name) || name.contains(UNKNOWN)
    }

    /// Whether a function reaches further, by its name.
    pub fn is_outward(&self, function: &str) -> bool {
        if self.database.is_none() {
            return FILES.contains(&function);
        }
        OUTWARD.contains(&function)
            || function.starts_with(DBLINK)
            || self.reserved.contains(function) && !INWARD.contains(&function)
    }

    /// Whether a text may say something of the sort, by its words: great ones are not parsed for nothing.
    pub fn may_reach(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
        let mut words = OUTWARD.iter().chain(FILES).copied().chain([DBLINK, "u&\""]);
        words.any(has)
            || self.reserved.iter().any(|word| has(word))
            || self.shared.iter().any(|word| has(word))
            || self.foreign.iter().any(|(_, word)| has(word))
            || self.functions.keys().any(|word| has(word))
    }

    /// Whether a relation is shared by all databases.
    pub fn is_shared(&self, schema: &str, name: &str) -> bool {
        matches!(schema, "" | "pg_catalog") && self.shared.contains(name)
    }

    /// Whether a table is elsewhere.
    pub fn is_foreign(&self, schema: &str, name: &str) -> bool {
        let mut all = self.foreign.iter();
        all.any(|(own, table)| {
            table == name && (schema.is_empty() || own.is_empty() || own == schema)
        })
    }
}

#[cfg(test)]
impl Bounds {
    /// As a server would say.
    pub fn example() -> Self {
        let set = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        Self {
            reindexes_shared: true,
            database: Some("own".to_string()),
            shared: set(&["pg_authid", "pg_database"]),
            foreign: [("public".to_string(), "far".to_string())].into(),
            reserved: set(&["pg_reload_conf", "pg_stat_reset"]),
            untrusted: set(&["plpython3u"]),
            functions: [(
                "there".to_string(),
                vec!["create function there() returns trigger language plpgsql as $$ begin drop role x; end $$".to_string()],
            )]
            .into(),
            attached: [
                ("watched", "trigger w of watched", true, "create trigger w after insert on watched execute function there()"),
                ("parent", "foreign key p of watched", true, "delete from public.watched"),
                ("copied", "rule c of copied", true, "create rule c as on insert to copied do also insert into far values (1)"),
                ("seen", "view seen", false, "create rule \"_RETURN\" as on select to seen do instead select dblink('', '') from t"),
                ("seen", "view seen", true, "delete from public.watched"),
                ("safe", "column x of safe", true, "select nextval('s')"),
            ]
            .into_iter()
            .fold(HashMap::new(), |mut all: HashMap<_, Vec<_>>, (on, what, is_of_writes, code)| {
                let (what, code) = (what.to_string(), code.to_string());
                let attached = Attached { what, is_of_writes, code };
                all.entry(on.to_string()).or_default().push(attached);
                all
            }),
        }
    }
}
