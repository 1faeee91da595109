//! B-trees.

use super::layout::{ALIGNMENT, Field, width};
use super::{LINE_POINTER, PAGE_HEADER, kept_free};

/// What a page has at its end.
const SPECIAL: f64 = 16.0;

/// What each entry begins with; as much again where a column is null.
const HEADER: f64 = 8.0;

/// The place of a row, where several share a key.
const PLACE: f64 = 6.0;

/// A B-tree as the catalogues describe it.
#[derive(Debug)]
pub struct Btree {
    /// Its columns, those that are only included, too.
    pub fields: Vec<Field>,
    /// How many different keys it has, if entries with the same share it.
    pub keys: Option<f64>,
    /// How full pages are made.
    pub fillfactor: f64,
    /// A page's size.
    pub block: f64,
}

impl Btree {
    /// The pages that so many entries need.
    pub fn pages(&self, entries: f64) -> f64 {
        let entry = self.entry();
        let bytes = match self.keys {
            Some(keys) => self.shared(entries, keys.clamp(1.0, entries.max(1.0))),
            None => entries * entry,
        };
        let leaves = bytes / self.room(self.fillfactor);
        let above = leaves * entry / self.room(70.0);
        // The first page tells where the root is.
        (leaves + above).ceil() + 1.0
    }

    /// What a page has room for. The last entry of a page but one says where the next begins.
    fn room(&self, fillfactor: f64) -> f64 {
        let room = self.block - PAGE_HEADER - SPECIAL - kept_free(self.block, fillfactor);
        (room - self.entry()).max(self.entry())
    }

    fn entry(&self) -> f64 {
        let present = self.fields.iter().map(|field| 1.0 - field.nulls);
        let nulls = 1.0 - present.product::<f64>();
        HEADER * (1.0 + nulls) + width(&self.fields).bytes + LINE_POINTER
    }

    /// What entries take of which as many as there are share a key, up to a tenth of a page at a time.
    fn shared(&self, entries: f64, keys: f64) -> f64 {
        let entry = self.entry();
        let each = entries / keys;
        if each < 2.0 {
            let second = 2.0 * PLACE + f64::from(ALIGNMENT) / 2.0;
            return keys * entry + (entries - keys) * second.min(entry);
        }
        let most = ((self.block / 10.0 - entry) / PLACE).max(2.0);
        let lists = (each / most).ceil();
        let rounding = f64::from(ALIGNMENT) / 2.0;
        keys * (lists * (entry + rounding) + each * PLACE).min(each * entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn btree(length: u32, keys: Option<f64>) -> Btree {
        let field = Field {
            length: Some(length),
            align: length,
            nulls: 0.0,
            width: f64::from(length),
        };
        Btree {
            fields: vec![field],
            keys,
            fillfactor: 90.0,
            block: 8192.0,
        }
    }

    /// As CREATE INDEX makes them of 200,000 rows.
    #[test]
    fn as_the_server_builds_them() {
        let near = |pages: f64, real: f64| {
            assert!((pages - real).abs() <= real * 0.02 + 1.0, "{pages} {real}");
        };
        near(btree(8, None).pages(200_000.0), 551.0);
        near(btree(4, None).pages(200_000.0), 551.0);
        near(btree(4, Some(10.0)).pages(200_000.0), 171.0);
        near(btree(4, Some(1.0)).pages(200_000.0), 171.0);
    }
}
