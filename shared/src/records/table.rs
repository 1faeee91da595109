//! Aligned columns for people. The first records decide the widths; what comes
//! later and is wider pushes its line to the right. Where a terminal has no room for all columns,
//! it gets the most telling ones, if the tool says which they are and there are several records;
//! or else each record is a block of lines, one for each column, as psql's `\x auto` has it.

mod glance;

use std::io::{self, Write};

use serde_json::Value;

use self::glance::Glance;
use super::cells::words;
use crate::printable;

/// How many records are looked at before the first is written.
const LOOKED_AT: usize = 1000;

/// Between two columns.
const GAP: &str = "  ";

/// The narrowest that a column is made to fit a terminal.
const NARROW: usize = 16;

/// The longest line between two records.
const LONGEST_RULE: usize = 80;

/// A table that is being written.
#[derive(Debug)]
pub(super) struct Table {
    columns: &'static [&'static str],
    /// The terminal's columns, if it is one: nothing is cut otherwise.
    terminal: Option<usize>,
    /// The most telling columns, the first ones above all; the last is in words.
    telling: &'static [&'static str],
    waiting: Vec<Vec<Value>>,
    layout: Option<Layout>,
    /// How many blocks were written.
    blocks: u64,
}

#[derive(Debug)]
enum Layout {
    Columns(Vec<Column>),
    Glance(Glance),
    /// With the width of the columns' names.
    Blocks(usize),
}

#[derive(Debug)]
struct Column {
    width: usize,
    right: bool,
}

impl Table {
    pub(super) fn new(columns: &'static [&'static str], terminal: Option<usize>) -> Self {
        Self {
            columns,
            terminal,
            telling: &[],
            waiting: Vec::new(),
            layout: None,
            blocks: 0,
        }
    }

    /// Says which columns tell most.
    pub(super) fn telling(&mut self, telling: &'static [&'static str]) {
        self.telling = telling;
    }

    pub(super) fn row(&mut self, out: &mut impl Write, cells: Vec<Value>) -> io::Result<()> {
        if let Some(layout) = self.layout.take() {
            let written = self.record(out, &layout, &cells);
            self.layout = Some(layout);
            return written;
        }
        self.waiting.push(cells);
        match self.waiting.len() < LOOKED_AT {
            true => Ok(()),
            false => self.settle(out, false),
        }
    }

    /// Fixes the layout and writes what waits for it; `is_all` if nothing more will come.
    pub(super) fn settle(&mut self, out: &mut impl Write, is_all: bool) -> io::Result<()> {
        if self.layout.is_some() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let layout = self.lay_out(&waiting, is_all);
        let names: Vec<Value> = self.columns.iter().map(|name| Value::from(*name)).collect();
        match &layout {
            Layout::Columns(columns) => self.line(out, columns, &names)?,
            Layout::Glance(glance) => glance.line(out, &names)?,
            Layout::Blocks(_) => {}
        }
        for cells in &waiting {
            self.record(out, &layout, cells)?;
        }
        self.layout = Some(layout);
        Ok(())
    }

    fn lay_out(&self, rows: &[Vec<Value>], is_all: bool) -> Layout {
        let names = self.columns.iter().enumerate();
        let mut columns: Vec<Column> = names
            .map(|(place, name)| measure(name, place, rows))
            .collect();
        let Some(width) = self.terminal else {
            return Layout::Columns(columns);
        };
        // Without records there is the line of names.
        if rows.is_empty() || taken(&columns) <= width {
            return Layout::Columns(columns);
        }
        let is_one = is_all && rows.len() == 1;
        let glance = (!is_one).then(|| Glance::lay_out(self.columns, self.telling, rows, width));
        if let Some(glance) = glance.flatten() {
            return Layout::Glance(glance);
        }
        if self.telling.is_empty() && self.shrink(&mut columns, width) {
            return Layout::Columns(columns);
        }
        let names = self.columns.iter().map(|name| printable::width(name));
        Layout::Blocks(names.max().unwrap_or(0))
    }

    fn record(&mut self, out: &mut impl Write, layout: &Layout, cells: &[Value]) -> io::Result<()> {
        match layout {
            Layout::Columns(columns) => self.line(out, columns, cells),
            Layout::Glance(glance) => glance.line(out, cells),
            Layout::Blocks(width) => self.block(out, *width, cells),
        }
    }

    fn block(&mut self, out: &mut impl Write, width: usize, cells: &[Value]) -> io::Result<()> {
        self.blocks += 1;
        let title = format!("-[ {} ]", self.blocks);
        let rule = self.terminal.unwrap_or(0).min(LONGEST_RULE);
        writeln!(out, "{title:-<rule$}")?;
        let known = self
            .columns
            .iter()
            .zip(cells)
            .filter(|(_, cell)| !cell.is_null());
        for (name, cell) in known {
            let line = format!("{name:width$} | {}", shown(cell));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Takes columns of a terminal from the widest columns of text until all fit; false where some
    /// would be too narrow to be read, or to have their names above them.
    fn shrink(&self, layout: &mut [Column], width: usize) -> bool {
        let mut total = taken(layout);
        while total > width {
            let text = layout
                .iter_mut()
                .zip(self.columns)
                .filter(|(column, name)| {
                    !column.right && column.width > printable::width(name).max(NARROW)
                });
            let Some((widest, _)) = text.max_by_key(|(column, _)| column.width) else {
                return false;
            };
            widest.width -= 1;
            total -= 1;
        }
        true
    }

    fn line(&self, out: &mut impl Write, layout: &[Column], cells: &[Value]) -> io::Result<()> {
        let is_cut = self.terminal.is_some();
        let cells = layout.iter().zip(cells);
        let cells: Vec<String> = cells
            .map(|(column, cell)| cell_in(column, cell, is_cut))
            .collect();
        writeln!(out, "{}", cells.join(GAP).trim_end())
    }
}

/// What columns take of a line.
fn taken(columns: &[Column]) -> usize {
    let gaps = GAP.len() * columns.len().saturating_sub(1);
    gaps + columns.iter().map(|column| column.width).sum::<usize>()
}

/// As wide as the widest cell of a column and its name.
fn measure(name: &str, place: usize, rows: &[Vec<Value>]) -> Column {
    let cells = rows.iter().filter_map(|row| row.get(place));
    let widest = cells
        .clone()
        .map(|cell| printable::width(&shown(cell)))
        .max();
    let mut known = cells.filter(|cell| !cell.is_null()).peekable();
    Column {
        width: widest.unwrap_or(0).max(printable::width(name)),
        right: known.peek().is_some() && known.all(Value::is_number),
    }
}

/// A cell with the blanks that make it as wide as its column; text is cut to it if `is_cut`.
fn cell_in(column: &Column, cell: &Value, is_cut: bool) -> String {
    let mut cell = shown(cell);
    if is_cut && !column.right {
        cell = printable::fit(&cell, column.width);
    }
    let pad = " ".repeat(column.width.saturating_sub(printable::width(&cell)));
    match column.right {
        true => pad + &cell,
        false => cell + &pad,
    }
}

fn shown(cell: &Value) -> String {
    printable::line(&words(cell))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: &[&str] = &["relation", "bytes", "message"];

    fn table(terminal: Option<usize>, rows: &[[Value; 3]]) -> Vec<String> {
        let mut out = Vec::new();
        let mut table = Table::new(COLUMNS, terminal);
        for row in rows {
            table.row(&mut out, row.to_vec()).unwrap();
        }
        table.settle(&mut out, true).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(str::to_string).collect()
    }

    #[test]
    fn text_to_the_left_and_numbers_to_the_right() {
        let rows = [
            [json!("表表"), json!(7), json!("wide letters")],
            [json!("orders_by_customer"), json!(123456), json!(null)],
            [json!(null), json!(null), json!({"a": [1, "b"]})],
        ];
        assert_eq!(
            table(None, &rows),
            [
                "relation             bytes  message",
                "表表                     7  wide letters",
                "orders_by_customer  123456",
                "                            {\"a\":[1,\"b\"]}",
            ]
        );
        assert_eq!(table(None, &[]), ["relation  bytes  message"]);
    }

    #[test]
    fn what_is_nested_is_in_words() {
        let lock =
            |on: &str| json!({"on": on, "mode": "Share", "kept": true, "held_ms": 3.5, "by": null});
        let rows = [
            [json!(["a", 2]), json!(1), json!(["one, two", "three"])],
            [
                json!([lock("a"), lock("b")]),
                json!(7),
                json!([[1, 2], [3]]),
            ],
            [json!([]), json!(9), json!({"a": "b"})],
        ];
        assert_eq!(
            table(None, &rows)[1..],
            [
                "a, 2                  1  one, two; three",
                "a Share, b Share      7  1, 2; 3",
                "                      9  b",
            ]
        );
    }

    #[test]
    fn control_characters_are_shown() {
        let rows = [[json!("a\nb"), json!(1), json!("\u{1b}[2Jgone\u{202e}")]];
        assert_eq!(
            table(None, &rows)[1],
            r"a\nb          1  \x1b[2Jgone\u{202e}"
        );
    }

    #[test]
    fn cut_to_fit_a_terminal_and_nothing_else() {
        let long = "x".repeat(200);
        let rows = [
            [json!("orders"), json!(123456), json!(long)],
            [json!("customers"), json!(1), json!("short")],
        ];
        assert_eq!(table(None, &rows)[1].len(), 219);
        let fitted = table(Some(60), &rows);
        assert_eq!(fitted[1], format!("orders     123456  {}…", "x".repeat(40)));
        assert_eq!(fitted[2], "customers       1  short");
        assert!(fitted.iter().all(|line| printable::width(line) <= 60));
        let narrow = table(Some(35), &rows);
        assert_eq!(narrow[1], format!("orders     123456  {}…", "x".repeat(15)));
        assert!(narrow.iter().all(|line| printable::width(line) <= 35));
    }

    #[test]
    fn what_no_terminal_line_can_hold_is_a_block_of_lines() {
        let rows = [
            [
                json!("orders"),
                json!(123456),
                json!("a message\nof two lines"),
            ],
            [json!("customers"), json!(null), json!("short")],
        ];
        assert_eq!(
            table(Some(25), &rows),
            [
                "-[ 1 ]-------------------",
                "relation | orders",
                "bytes    | 123456",
                r"message  | a message\nof two lines",
                "-[ 2 ]-------------------",
                "relation | customers",
                "message  | short",
            ]
        );
        assert_eq!(table(Some(10), &[]), ["relation  bytes  message"]);
    }

    #[test]
    fn the_telling_columns_where_there_is_no_room_for_all() {
        let rows = [
            ["orders", "cut short, and 12 of its rows are gone"],
            ["customers", "whole"],
        ];
        let rows =
            rows.map(|[name, why]| vec![json!(name), json!(1234567), json!(null), json!(why)]);
        let told = |telling, rows: &[Vec<Value>], width| {
            let mut out = Vec::new();
            let mut table = Table::new(&["relation", "bytes", "label", "reason"], Some(width));
            table.telling(telling);
            for row in rows {
                table.row(&mut out, row.clone()).unwrap();
            }
            table.settle(&mut out, true).unwrap();
            String::from_utf8(out).unwrap()
        };
        let telling = &["relation", "label", "bytes", "reason"];
        assert_eq!(
            told(telling, &rows, 45),
            "relation     bytes  reason\n\
             orders     1234567  cut short, and 12 of its\n\
             \x20                   rows are gone\n\
             customers  1234567  whole\n"
        );
        // The numbers have no room.
        assert!(told(telling, &rows, 36).starts_with("relation   reason\norders     cut short"));
        let block = "-[ 1 ]---";
        assert!(told(telling, &rows, 30).starts_with(block));
        assert!(told(telling, &rows[..1], 45).starts_with(block));
    }

    #[test]
    fn the_first_thousand_decide_and_later_ones_are_not_cut() {
        let mut out = Vec::new();
        let mut table = Table::new(COLUMNS, None);
        for row in 1..=LOOKED_AT {
            assert_eq!(out, b"");
            table
                .row(&mut out, vec![json!("a"), json!(row), json!("m")])
                .unwrap();
        }
        assert_eq!(
            out.iter().filter(|byte| **byte == b'\n').count(),
            LOOKED_AT + 1
        );
        let later = vec![json!("a_name_that_is_longer"), json!(1), json!("m")];
        table.row(&mut out, later).unwrap();
        assert!(out.ends_with(b"\na_name_that_is_longer      1  m\n"));
    }
}
