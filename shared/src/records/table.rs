//! Aligned columns for people. The first records decide the widths; what comes
//! later and is wider pushes its line to the right.

use std::io::{self, Write};

use serde_json::Value;

use super::cells::text;
use crate::printable;

/// How many records are looked at before the first is written.
const LOOKED_AT: usize = 1000;

/// Between two columns.
const GAP: &str = "  ";

/// The narrowest that a column is made to fit a terminal.
const NARROW: usize = 8;

/// A table that is being written.
#[derive(Debug)]
pub(super) struct Table {
    columns: &'static [&'static str],
    /// The terminal's columns, if it is one: nothing is cut otherwise.
    terminal: Option<usize>,
    waiting: Vec<Vec<Value>>,
    layout: Option<Vec<Column>>,
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
            waiting: Vec::new(),
            layout: None,
        }
    }

    pub(super) fn row(&mut self, out: &mut impl Write, cells: Vec<Value>) -> io::Result<()> {
        if let Some(layout) = &self.layout {
            return self.line(out, layout, &cells);
        }
        self.waiting.push(cells);
        match self.waiting.len() < LOOKED_AT {
            true => Ok(()),
            false => self.settle(out),
        }
    }

    /// Fixes the widths and writes what waits for them.
    pub(super) fn settle(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.layout.is_some() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut layout: Vec<Column> = (0..self.columns.len())
            .map(|index| self.measure(index, &waiting))
            .collect();
        if let Some(width) = self.terminal {
            shrink(&mut layout, width);
        }
        let names: Vec<Value> = self.columns.iter().map(|name| Value::from(*name)).collect();
        self.line(out, &layout, &names)?;
        for cells in &waiting {
            self.line(out, &layout, cells)?;
        }
        self.layout = Some(layout);
        Ok(())
    }

    fn measure(&self, index: usize, rows: &[Vec<Value>]) -> Column {
        let cells = rows.iter().filter_map(|row| row.get(index));
        let widest = cells
            .clone()
            .map(|cell| printable::width(&shown(cell)))
            .max();
        let name = printable::width(self.columns[index]);
        let mut known = cells.filter(|cell| !cell.is_null()).peekable();
        Column {
            width: widest.unwrap_or(0).max(name),
            right: known.peek().is_some() && known.all(Value::is_number),
        }
    }

    fn line(&self, out: &mut impl Write, layout: &[Column], cells: &[Value]) -> io::Result<()> {
        let mut line = String::new();
        for (index, (column, cell)) in layout.iter().zip(cells).enumerate() {
            let mut cell = shown(cell);
            if self.terminal.is_some() && !column.right {
                cell = printable::fit(&cell, column.width);
            }
            let pad = " ".repeat(column.width.saturating_sub(printable::width(&cell)));
            let gap = if index == 0 { "" } else { GAP };
            let (left, right) = if column.right {
                (pad, cell)
            } else {
                (cell, pad)
            };
            line.extend([gap, &left, &right]);
        }
        writeln!(out, "{}", line.trim_end())
    }
}

fn shown(cell: &Value) -> String {
    printable::line(&text(cell))
}

/// Takes columns of a terminal from the widest columns of text until all fit, or
/// until every one of them is narrow: then the terminal has to wrap.
fn shrink(layout: &mut [Column], width: usize) {
    let gaps = GAP.len() * layout.len().saturating_sub(1);
    let mut total = gaps + layout.iter().map(|column| column.width).sum::<usize>();
    while total > width {
        let text = layout
            .iter_mut()
            .filter(|column| !column.right && column.width > NARROW);
        let Some(widest) = text.max_by_key(|column| column.width) else {
            return;
        };
        widest.width -= 1;
        total -= 1;
    }
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
        table.settle(&mut out).unwrap();
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
        let tiny = table(Some(10), &rows);
        assert_eq!(tiny[1], "orders    123456  xxxxxxx…");
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
