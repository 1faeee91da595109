//! Where sequences are and what materialized views hold: neither is a definition, and neither is a row.

use postgres::Client;
use shared::Result;
use shared::dump::quote_identifier as quoted;

use super::numbered::{Named, Numbered, follow};

/// So many sequences are asked at once.
const AT_ONCE: usize = 200;

/// Of all sequences and materialized views, by their numbers.
#[derive(Debug, Default)]
pub struct Positions(Numbered<Position>);

#[derive(Debug)]
struct Position {
    name: String,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Where a sequence stands.
    At(At),
    /// Whether a materialized view can be read.
    Filled(bool),
}

#[derive(Debug, Clone, Default)]
struct At {
    /// What it gives next.
    next: i128,
    /// By which steps it goes on.
    step: i64,
    /// The column that it numbers, and the value there that it would come to last.
    numbered: Option<(String, Option<i64>)>,
}

impl At {
    /// Whether it gives values again that another state of it gave before.
    fn is_behind(&self, other: &Self) -> bool {
        match other.step > 0 {
            true => self.next < other.next,
            false => self.next > other.next,
        }
    }

    /// The column, where it would give values that are there.
    fn collides(&self) -> Option<&str> {
        let (column, last) = self.numbered.as_ref()?;
        let last = i128::from((*last)?);
        let is_there = match self.step > 0 {
            true => self.next <= last,
            false => self.next >= last,
        };
        is_there.then_some(column.as_str())
    }
}

/// What a way back leaves behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Behind {
    /// Which sequence or view.
    pub object: String,
    /// What it was.
    pub expected: String,
    /// What it is.
    pub actual: String,
    /// What comes of it.
    pub message: String,
    /// Whether the way back is to blame.
    pub is_fault: bool,
}

impl Positions {
    /// Reads them.
    ///
    /// # Errors
    /// Where the server can't be asked.
    pub fn of(client: &mut Client) -> Result<Self> {
        let sql = include_str!("../../sql/positions.sql");
        let mut all = Numbered::new();
        let mut sequences: Vec<(u32, String, Option<String>)> = Vec::new();
        for row in client.query_typed(sql, &[])? {
            let (schema, name): (&str, &str) = (row.try_get("schema")?, row.try_get("name")?);
            let number: u32 = row.try_get("number")?;
            let state = match row.try_get("is_view")? {
                true => State::Filled(row.try_get("is_filled")?),
                false => {
                    let step: i64 = row.try_get("step")?;
                    let table: Option<String> = row.try_get("of_table")?;
                    let mut numbered = None;
                    let mut last = "NULL::int8".to_string();
                    if let Some(table) = table {
                        let (schema, column): (&str, &str) =
                            (row.try_get("of_schema")?, row.try_get("of_column")?);
                        let most = if step > 0 { "max" } else { "min" };
                        let (own, of) = (quoted(column), quoted(schema));
                        let of = format!("{of}.{}", quoted(&table));
                        last = format!("(SELECT pg_catalog.{most}({own})::int8 FROM {of})");
                        numbered = Some(format!("{schema}.{table}.{column}"));
                    }
                    let select = format!(
                        "SELECT '{number}'::oid, last_value, is_called, {last} FROM {}.{}",
                        quoted(schema),
                        quoted(name)
                    );
                    sequences.push((number, select, numbered));
                    State::At(At {
                        step,
                        ..At::default()
                    })
                }
            };
            let name = format!("{schema}.{name}");
            all.insert(number, Position { name, state });
        }
        let mut all = Self(all);
        for some in sequences.chunks(AT_ONCE) {
            all.ask(client, some)?;
        }
        Ok(all)
    }

    fn ask(&mut self, client: &mut Client, some: &[(u32, String, Option<String>)]) -> Result<()> {
        let selects: Vec<&str> = some.iter().map(|(_, select, _)| select.as_str()).collect();
        for row in client.query_typed(&selects.join("\nUNION ALL "), &[])? {
            let number: u32 = row.try_get(0)?;
            let column = some.iter().find(|(own, ..)| *own == number);
            let column = column.and_then(|(.., column)| column.clone());
            let last: Option<i64> = row.try_get(3)?;
            let numbered = column.map(|column| (column, last));
            let Some(Position {
                state: State::At(at),
                ..
            }) = self.0.get_mut(&number)
            else {
                continue;
            };
            let gone_on = if row.try_get(2)? { at.step } else { 0 };
            at.next = i128::from(row.try_get::<_, i64>(1)?) + i128::from(gone_on);
            at.numbered = numbered;
        }
        Ok(())
    }

    /// What of these is behind in `back`, which came of `up`.
    pub fn behind(&self, up: &Self, back: &Self) -> Vec<Behind> {
        let behind = self.0.iter().filter_map(|(number, before)| {
            let state =
                |other| follow(&self.0, *number, &before.name, other).map(|(one, _)| &one.state);
            let (between, now) = (state(&up.0), state(&back.0)?);
            match (&before.state, now) {
                (State::At(was), State::At(is)) => {
                    let between = match between {
                        Some(State::At(between)) => Some(between),
                        _ => None,
                    };
                    sequence(&before.name, was, between, is)
                }
                (State::Filled(true), State::Filled(false)) => Some(view(&before.name)),
                _ => None,
            }
        });
        behind.collect()
    }
}

impl Named for Position {
    fn name(&self) -> &str {
        &self.name
    }
}

/// A sequence that was begun anew or set back. It is a fault where the next value is already there, and was not before
/// it; of one that numbers no column, where the way back did so itself.
fn sequence(name: &str, was: &At, between: Option<&At>, is: &At) -> Option<Behind> {
    if !is.is_behind(was) {
        return None;
    }
    let collided = was.collides().or(between.and_then(At::collides));
    let collides = is.collides().filter(|_| collided.is_none());
    let is_of_way_up = between.is_none_or(|between| between.is_behind(was));
    let message = match (collides, is_of_way_up) {
        (Some(column), _) => format!("sequence {name} gives values that are in {column} already"),
        (None, true) => format!(
            "the way up takes where sequence {name} stands: it gives values again that it gave before"
        ),
        (None, false) => format!("sequence {name} gives values again that it gave before"),
    };
    Some(Behind {
        object: name.to_string(),
        expected: was.next.to_string(),
        actual: is.next.to_string(),
        message,
        is_fault: collides.is_some() || !is_of_way_up && is.numbered.is_none(),
    })
}

fn view(name: &str) -> Behind {
    Behind {
        object: name.to_string(),
        expected: "filled".to_string(),
        actual: "not filled".to_string(),
        message: format!("materialized view {name} can't be read until it is refreshed"),
        is_fault: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(next: i128, numbered: Option<Option<i64>>) -> At {
        At {
            next,
            step: 1,
            numbered: numbered.map(|last| ("s.t.id".to_string(), last)),
        }
    }

    #[test]
    fn a_sequence_that_is_behind_is_a_fault_where_the_way_back_could_know_it() {
        let is_fault = |was: &At, between: Option<&At>, is: &At| {
            sequence("s.q", was, between, is).map(|behind| behind.is_fault)
        };
        let (was, last) = (at(4, Some(Some(3))), Some(Some(3)));
        assert_eq!(is_fault(&was, Some(&was), &at(4, last)), None);
        assert_eq!(is_fault(&was, Some(&was), &at(9, last)), None);
        // Set back by the way back: onto what is there, in front of it, and where nobody knows.
        assert_eq!(is_fault(&was, Some(&was), &at(3, last)), Some(true));
        assert_eq!(
            is_fault(&at(9, last), Some(&at(12, last)), &at(4, last)),
            Some(false)
        );
        assert_eq!(
            is_fault(&at(4, None), Some(&at(4, None)), &at(1, None)),
            Some(true)
        );
        // Dropped on the way up, with its table or for another one of that name, and begun anew.
        assert_eq!(is_fault(&was, None, &at(1, Some(None))), Some(false));
        assert_eq!(is_fault(&was, None, &at(1, last)), Some(true));
        assert_eq!(
            is_fault(&at(4, None), Some(&at(1, None)), &at(1, None)),
            Some(false)
        );
        // What it gives was there before.
        let ahead = Some(Some(9));
        assert_eq!(is_fault(&at(4, ahead), None, &at(1, ahead)), Some(false));
        let down = |next| At {
            step: -1,
            ..at(next, Some(Some(-3)))
        };
        assert_eq!(is_fault(&down(-4), None, &down(-1)), Some(true));
    }
}
