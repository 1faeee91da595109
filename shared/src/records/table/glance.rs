//! A record's most telling columns on one line, where a terminal has no room for all.

use std::io::{self, Write};

use serde_json::Value;

use super::{Column, GAP, NARROW, cell_in, measure, shown};
use crate::printable;

/// What a column takes at most before others had their turn.
const WIDE: usize = 40;

/// What the words at the end of the line need.
const WORDS: usize = 24;

/// The columns that are shown, by their places among all, and after them one of words, which goes
/// on below itself where the line ends.
#[derive(Debug)]
pub(super) struct Glance {
    columns: Vec<(usize, Column)>,
    words: usize,
    /// How many of the terminal's columns are left for the words.
    room: usize,
}

impl Glance {
    /// As many of the `telling` columns as there is room for, in their order, and the last of them;
    /// nothing where not even the first has room. What no record has is left out.
    pub(super) fn lay_out(
        names: &[&str],
        telling: &[&str],
        rows: &[Vec<Value>],
        width: usize,
    ) -> Option<Self> {
        let place = |name: &&str| names.iter().position(|other| other == name);
        let mut places = telling.iter().filter_map(place);
        let words = places.next_back()?;
        let is_known = |place: usize| rows.iter().any(|row| !row[place].is_null());
        let least = match is_known(words) {
            true => WORDS,
            false => printable::width(names[words]),
        };
        let mut room = width.checked_sub(least)?;
        let mut columns = Vec::new();
        for place in places.filter(|place| is_known(*place)) {
            let mut column = measure(names[place], place, rows);
            let taken = |column: &Column| column.width + GAP.len();
            if !column.right {
                column.width = column.width.min(WIDE);
                if taken(&column) > room {
                    let name = printable::width(names[place]);
                    column.width = column.width.min(name.max(NARROW));
                }
            }
            match room.checked_sub(taken(&column)) {
                Some(left) => {
                    room = left;
                    columns.push((place, column));
                }
                None if columns.is_empty() => return None,
                None => {}
            }
        }
        Some(Self {
            columns,
            words,
            room: room + least,
        })
    }

    pub(super) fn line(&self, out: &mut impl Write, cells: &[Value]) -> io::Result<()> {
        let mut line = String::new();
        for (place, column) in &self.columns {
            line.push_str(&cell_in(column, &cells[*place], true));
            line.push_str(GAP);
        }
        let before = printable::width(&line);
        let words = printable::wrap(&shown(&cells[self.words]), self.room);
        let mut words = words.iter();
        line.push_str(words.next().map_or("", String::as_str));
        writeln!(out, "{}", line.trim_end())?;
        for more in words {
            writeln!(out, "{:before$}{more}", "")?;
        }
        Ok(())
    }
}
