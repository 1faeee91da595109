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
