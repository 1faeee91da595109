//! How much larger tables and B-trees are than their rows need: estimated from the planner's statistics,
//! as the server itself would lay the rows out.

mod btree;
mod heap;
mod layout;

pub use btree::Btree;
pub use heap::{Heap, toast_pages};
pub use layout::Field;

/// What a page has for itself.
const PAGE_HEADER: f64 = 24.0;

/// What each row or entry has in the page's table of them.
const LINE_POINTER: f64 = 4.0;

/// What a fillfactor keeps free on each page.
fn kept_free(block: f64, fillfactor: f64) -> f64 {
    block * (100.0 - fillfactor) / 100.0
}
