//! The tables and sequences that a dump locks or reads.

use postgres::Row;
use postgres::types::Type;
use shared::connection::Session;
use shared::dump::{QualifiedName, decode};
use shared::{Context, Result};

use super::patterns::Matched;

const RELATIONS: &str = include_str!("../../sql/relations.sql");

/// A table or a sequence that is dumped, if only its definition.
#[derive(Debug, Clone)]
pub struct Relation {
    pub oid: u32,
    pub name: QualifiedName,
    pub kind: Kind,
    /// It is an extension's own, of which some rows alone are dumped.
    pub is_member: bool,
    /// Those rows, as `WHERE …`.
    pub condition: Option<String>,
    /// Nobody excluded its rows, and it can have some.
    pub has_rows: bool,
    pub is_unlogged: bool,
    pub may_enter: bool,
    pub may_read: bool,
    pub hides_rows: bool,
    /// As the last VACUUM or ANALYZE counted them.
    pub pages: u64,
    pub toast_pages: u64,
    pub toast: Option<u32>,
    /// The table that it is a partition of, however deep.
    pub root: Option<QualifiedName>,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Table,
    /// A table that has all its rows in its partitions.
    Partitioned,
    Sequence,
}

impl Relation {
    /// What is dumped of this database, in the order of the names.
    pub fn list(session: &mut Session, matched: &Matched) -> Result<Vec<Self>> {
        let rows = session.client().query_typed(
            RELATIONS,
            &[
                (&matched.schemas, Type::OID_ARRAY),
                (&matched.not_schemas, Type::OID_ARRAY),
                (&matched.tables, Type::OID_ARRAY),
                (&matched.not_tables, Type::OID_ARRAY),
                (&matched.not_rows, Type::OID_ARRAY),
            ],
        );
        let rows = rows.context(|| "could not list the tables".into())?;
        rows.iter().map(Self::of).collect()
    }

    fn of(row: &Row) -> Result<Self> {
        let pages = |field| -> Result<u64> {
            let pages: i32 = row.try_get(field)?;
            Ok(u64::try_from(pages).unwrap_or(0))
        };
        let kind: String = row.try_get("kind")?;
        Ok(Self {
            oid: row.try_get("oid")?,
            name: QualifiedName {
                schema: Some(name(row.try_get("schema")?)),
                name: name(row.try_get("name")?),
            },
            kind: match kind.as_str() {
                "S" => Kind::Sequence,
                "p" => Kind::Partitioned,
                _ => Kind::Table,
            },
            is_member: row.try_get("is_member")?,
            condition: row.try_get("condition")?,
            has_rows: row.try_get("has_rows")?,
            is_unlogged: row.try_get("is_unlogged")?,
            // Both are null for what was dropped since the query began.
            may_enter: row.try_get::<_, Option<bool>>("may_enter")?.unwrap_or(true),
            may_read: row.try_get::<_, Option<bool>>("may_read")?.unwrap_or(true),
            hides_rows: row.try_get("hides_rows")?,
            pages: pages("pages")?,
            toast_pages: pages("toast_pages")?,
            toast: row.try_get("toast")?,
            root: root(row)?,
        })
    }

    /// Whether its rows are in the dump, COPY by COPY.
    pub fn is_copied(&self) -> bool {
        self.kind == Kind::Table && self.has_rows
    }
}

fn root(row: &Row) -> Result<Option<QualifiedName>> {
    let Some(root) = row.try_get("root_name")? else {
        return Ok(None);
    };
    let schema: Option<&[u8]> = row.try_get("root_schema")?;
    Ok(Some(QualifiedName {
        schema: schema.map(name),
        name: name(root),
    }))
}

/// A name, as a manifest has it too.
fn name(bytes: &[u8]) -> String {
    decode(bytes, "SQL_ASCII").unwrap_or_default().into_owned()
}
