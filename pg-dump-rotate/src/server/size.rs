//! How much there is to dump.

use std::cmp::Reverse;
use std::collections::HashMap;

use postgres::types::Type;
use shared::connection::Session;
use shared::{Error, Result};

use super::relations::Relation;

const SIZES: &str = include_str!("../../sql/sizes.sql");
const LARGE_OBJECTS: u32 = 2613;
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// How many are looked at. To look at a relation fills the server's memory by some KiB; of the
/// others the catalog's own count of pages has to do.
const MOST: usize = 10_000;
/// A page, as almost every server is built; only the catalog's counts are multiplied by it.
const PAGE: u64 = 8192;

/// What the rows of these relations take on the server, in bytes, without their indexes.
pub fn of(session: &mut Session, relations: &[Relation], large_objects: bool) -> Result<u64> {
    let copied = relations.iter().filter(|relation| relation.is_copied());
    let mut parts: Vec<(u32, u64)> = copied
        .flat_map(|relation| {
            let toast = relation.toast.map(|toast| (toast, relation.toast_pages));
            [Some((relation.oid, relation.pages)), toast]
        })
        .flatten()
        .collect();
    if large_objects {
        parts.push((LARGE_OBJECTS, 0));
    }
    // Those that nothing is known of come first, then the largest.
    parts.sort_unstable_by_key(|&(_, pages)| Reverse(if pages == 0 { u64::MAX } else { pages }));
    let asked: Vec<u32> = parts.iter().take(MOST).map(|(oid, _)| *oid).collect();
    let sizes = ask(session, &asked)?;
    let size = |(oid, pages): &(u32, u64)| sizes.get(oid).copied().unwrap_or(pages * PAGE);
    Ok(parts.iter().map(size).sum())
}

/// The sizes as of now; none where somebody began to lock a relation just then.
fn ask(session: &mut Session, oids: &[u32]) -> Result<HashMap<u32, u64>> {
    let rows = match session
        .client()
        .query_typed(SIZES, &[(&oids, Type::OID_ARRAY)])
    {
        Ok(rows) => rows,
        Err(error) => {
            let error = Error::from(error);
            return match error.sqlstate() {
                Some(LOCK_NOT_AVAILABLE) => Ok(HashMap::new()),
                _ => Err(error),
            };
        }
    };
    let mut sizes = HashMap::new();
    for row in rows {
        let bytes: Option<i64> = row.try_get(1)?;
        let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
        sizes.extend(
            bytes
                .map(|bytes| Ok::<_, Error>((row.try_get(0)?, bytes)))
                .transpose()?,
        );
    }
    Ok(sizes)
}
