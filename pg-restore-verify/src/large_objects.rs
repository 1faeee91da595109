//! The bytes of the restored large objects.

pub mod properties;

use std::collections::BTreeMap;

use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;
use shared::Result;
use shared::dump::LargeObjectDigest;

/// The digest of every large object in the database.
pub fn digest(client: &mut Client) -> Result<BTreeMap<u32, LargeObjectDigest>> {
    let mut digests = BTreeMap::new();
    let known = "SELECT oid FROM pg_catalog.pg_largeobject_metadata";
    for row in client.query_typed(known, &[])? {
        digests.insert(row.try_get(0)?, LargeObjectDigest::default());
    }
    if digests.is_empty() {
        // What there would be to read only a superuser may.
        return Ok(digests);
    }
    let mut current: Option<(u32, i64)> = None;
    let pages = include_str!("../sql/large_object_pages.sql");
    let mut rows = client.query_typed_raw(pages, Vec::<(String, postgres::types::Type)>::new())?;
    while let Some(row) = rows.next()? {
        let (oid, page): (u32, i64) = (row.try_get(0)?, row.try_get(1)?);
        let (page_bytes, data): (i64, &[u8]) = (row.try_get(2)?, row.try_get(3)?);
        let digest = digests.entry(oid).or_default();
        let position = match current {
            Some((same, position)) if same == oid => position,
            _ => 0,
        };
        fill(digest, page * page_bytes - position);
        digest.add(data);
        let length = i64::try_from(data.len()).unwrap_or(page_bytes);
        current = Some((oid, page * page_bytes + length));
    }
    Ok(digests)
}

/// What was never written reads as zeros.
fn fill(digest: &mut LargeObjectDigest, hole: i64) {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut left = usize::try_from(hole).unwrap_or(0);
    while left > 0 {
        let length = left.min(ZEROS.len());
        digest.add(&ZEROS[..length]);
        left -= length;
    }
}
