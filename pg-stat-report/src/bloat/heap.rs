//! Tables.

use super::layout::{ALIGNMENT, Field, Width, width};
use super::{LINE_POINTER, PAGE_HEADER, kept_free};

/// What each row begins with, before the bits that say which columns are null.
const HEADER: f64 = 23.0;

/// A page has no more rows than this, however short they are.
const MOST: f64 = 291.0;

/// Of so few rows a page it counts that rows are not cut.
const FEW: f64 = 8.0;

/// A large value is cut into pieces of which so many fit a page.
const PIECES: f64 = 4.0;

/// A table as the catalogues describe it.
#[derive(Debug)]
pub struct Heap {
    /// The columns that are stored.
    pub fields: Vec<Field>,
    /// How many there are, with those that were dropped and are null in each row since.
    pub columns: usize,
    /// How full pages are made.
    pub fillfactor: f64,
    /// A page's size.
    pub block: f64,
}

impl Heap {
    /// The pages that so many rows need.
    pub fn pages(&self, rows: f64) -> f64 {
        let width = width(&self.fields);
        let row = Width {
            bytes: width.bytes + self.header(),
            ..width
        };
        self.pages_of(rows, row)
    }

    /// The pages that so many rows need of which the mean length is known.
    pub fn pages_of_rows(&self, rows: f64, bytes: f64) -> f64 {
        let rounded = (bytes / f64::from(ALIGNMENT)).ceil() * f64::from(ALIGNMENT);
        let row = Width {
            bytes: rounded,
            ..width(&self.fields)
        };
        self.pages_of(rows, row)
    }

    fn pages_of(&self, rows: f64, row: Width) -> f64 {
        let room = self.block - PAGE_HEADER - kept_free(self.block, self.fillfactor);
        let fit = room / (row.bytes + LINE_POINTER);
        let fit = match row.is_fixed {
            true => fit.floor(),
            // Of rows of different lengths the last leaves half its length free; of long ones all that no other fits in.
            false if fit < FEW => (fit - 0.5).min(fit.floor()),
            false => fit - 0.5,
        };
        (rows / fit.clamp(1.0, MOST)).ceil()
    }

    fn header(&self) -> f64 {
        let round = |bytes: f64| (bytes / f64::from(ALIGNMENT)).ceil() * f64::from(ALIGNMENT);
        let without = round(HEADER);
        let with = round(HEADER + (self.columns as f64 / 8.0).ceil());
        without + self.null_bits() * (with - without)
    }

    /// The share of rows with a null.
    fn null_bits(&self) -> f64 {
        if self.fields.len() < self.columns {
            return 1.0;
        }
        let present = self.fields.iter().map(|field| 1.0 - field.nulls);
        1.0 - present.product::<f64>()
    }
}

/// The pages that so many pieces of large values need: at most, as the last piece of each is shorter.
pub fn toast_pages(rows: f64) -> f64 {
    (rows / PIECES).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heap(fields: Vec<Field>) -> Heap {
        Heap {
            columns: fields.len(),
            fields,
            fillfactor: 100.0,
            block: 8192.0,
        }
    }

    fn field(length: u32, nulls: f64) -> Field {
        Field {
            length: Some(length),
            align: length,
            nulls,
            width: f64::from(length),
        }
    }

    #[test]
    fn as_many_as_fit() {
        // 24 + 8 + 4 bytes each: 226 a page.
        assert_eq!(heap(vec![field(4, 0.0)]).pages(226.0 * 100.0), 100.0);
        // bool and bigint in turn, four times: 24 + 64 + 4, 88 a page.
        let padded = (0..8).map(|i| field(if i % 2 == 0 { 1 } else { 8 }, 0.0));
        assert_eq!(heap(padded.collect()).pages(88.0 * 100.0), 100.0);
        let loose = Heap {
            fillfactor: 70.0,
            ..heap(vec![field(4, 0.0)])
        };
        assert_eq!(loose.pages(158.0 * 100.0), 100.0);
        // Rows without anything, of which a page has no more than 291.
        assert_eq!(heap(vec![]).pages(291.0 * 10.0), 10.0);
    }

    #[test]
    fn what_was_dropped_is_null_in_each_row() {
        let dropped = Heap {
            columns: 10,
            ..heap(vec![field(8, 0.0)])
        };
        // 23 and two bytes of bits are 32, 8, 4: 185 a page.
        assert_eq!(dropped.pages(185.0 * 10.0), 10.0);
    }

    #[test]
    fn rows_of_half_a_page_have_one_each() {
        let wide = Field {
            length: None,
            align: 4,
            nulls: 0.0,
            width: 4164.0,
        };
        assert_eq!(heap(vec![wide]).pages(10.0), 10.0);
    }

    #[test]
    fn rows_that_are_longer_than_a_page_have_one_each() {
        let wide = Field {
            length: None,
            align: 4,
            nulls: 0.0,
            width: 9000.0,
        };
        assert_eq!(heap(vec![wide]).pages(10.0), 10.0);
        assert_eq!(toast_pages(9.0), 3.0);
    }
}
