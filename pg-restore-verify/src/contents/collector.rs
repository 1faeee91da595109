//! What a backup holds, gathered from its script as it streams by.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::btree_map::Entry as Slot;
use std::sync::{Arc, Mutex};

use shared::dump::{
    CopyTarget, Digest, Entry, Event, InsertedRows, LargeObjectCall, QualifiedName, Script, Toc,
    Token, line_in_utc, members, row_in_utc, tokens, without_line_end,
};

use super::{Contents, Form, SequencePosition, TableData};
use crate::instants::InstantColumns;
use crate::large_objects::properties::{self, Described};
use crate::restore::Reach;
use crate::tally;
use crate::threads::lock;

/// Reads a script into [`Contents`].
pub struct Collector {
    contents: Contents,
    instants: InstantColumns,
    copying: Option<Copying>,
    /// The columns of each table in the order in which they came first: partitions whose rows go
    /// in by their root may have another.
    orders: Arc<Mutex<HashMap<QualifiedName, CopyTarget>>>,
    /// Where the values stand in rows of INSERTs with this list of columns, in the order of the
    /// columns' names; empty if they stand so.
    orders_of_inserts: HashMap<Vec<u8>, Vec<usize>>,
    large_object: Option<u32>,
    /// Whose bytes came last.
    last_object: Option<u32>,
    bytes: Vec<u8>,
    is_bounded: bool,
}

/// The table whose rows are passing.
struct Copying {
    /// Of instants.
    places: Vec<usize>,
    /// Where the values stand in these rows, in the order of the table's first; empty if there.
    order: Vec<usize>,
    table: QualifiedName,
    data: TableData,
}

impl Copying {
    /// Whether the rows are compared as they stand there.
    fn is_as_written(&self) -> bool {
        self.places.is_empty() && self.order.is_empty()
    }
}

impl Collector {
    /// A collector that has seen nothing.
    pub fn new() -> Self {
        Self {
            contents: Contents::default(),
            instants: InstantColumns::default(),
            copying: None,
            orders: Arc::default(),
            orders_of_inserts: HashMap::new(),
            large_object: None,
            last_object: None,
            bytes: Vec::new(),
            is_bounded: false,
        }
    }

    /// A collector that looks whether what it reads may do more than bring rows.
    pub fn bounded() -> Self {
        Self {
            is_bounded: true,
            ..Self::new()
        }
    }

    /// A collector that has seen nothing, for another part of the same backup's data.
    pub fn another(&self) -> Self {
        let mut another = Self::new();
        another.instants = self.instants.clone();
        another.orders = Arc::clone(&self.orders);
        another.is_bounded = self.is_bounded;
        another
    }

    /// Notes the data that another collector has gathered.
    pub fn absorb(&mut self, other: Contents) {
        for (table, data) in other.tables {
            self.add_table(table, data);
        }
        self.contents.large_objects.extend(other.large_objects);
        self.contents.beyond = self.contents.beyond.take().or(other.beyond);
    }

    /// What was gathered so far.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Notes the entries of the script that nothing followed.
    pub fn bare(&mut self, entries: &[Entry]) {
        self.contents.bare = entries.to_vec();
    }

    /// Sets aside what is said of the database itself, where the restore does not create it.
    pub fn forget_database(&mut self) {
        self.contents.database = self.contents.schema.take_database();
    }

    /// All that was gathered.
    pub fn finish(mut self) -> Contents {
        self.finish_object();
        self.contents
    }

    /// From here on, these columns' values are respelled in UTC.
    pub fn set_instants(&mut self, instants: InstantColumns) {
        self.instants = instants;
    }

    /// Notes the roles that own large objects or may use them: pg_restore leaves them out of the
    /// definitions.
    pub fn roles_of_large_objects(&mut self, toc: &Toc) {
        let needs = &mut self.contents.needs;
        for (_, entry) in toc.entries() {
            let is_large_object = entry.kind.starts_with("BLOB");
            if is_large_object && !entry.owner.is_empty() {
                needs.roles.insert(entry.owner.clone());
            }
            if entry.kind == "ACL" && entry.label.starts_with("LARGE OBJECT") {
                // One statement for each role.
                for statement in entry.definition.split_inclusive(|byte| *byte == b';') {
                    needs.read(statement.trim_ascii_start());
                }
            }
        }
    }

    /// Notes what an archive says of its large objects.
    pub fn describe(&mut self, described: Described) {
        self.contents.described = described;
    }

    /// Notes the materialized views that an archive fills: they are data, too.
    pub fn refreshes(&mut self, toc: &Toc) {
        let entries = toc.entries().map(|(_, entry)| entry);
        for entry in entries.filter(|entry| entry.kind == "MATERIALIZED VIEW DATA") {
            let view = refreshed(&entry.definition);
            self.contents.refreshed.extend(view);
        }
    }

    /// Notes what an archive says of the database itself.
    pub fn of_database(&mut self, toc: &Toc) {
        let mut found = Self::new();
        for (_, entry) in toc.entries() {
            if entry.kind.starts_with("DATABASE") {
                let mut script = Script::new(entry.definition.as_slice());
                let heading = Entry {
                    kind: entry.kind.clone(),
                    ..Entry::default()
                };
                while let Ok(Some(event)) = script.next() {
                    if let Event::Statement { sql, .. } = event {
                        found.statement(&String::from_utf8_lossy(sql), &heading);
                    }
                }
            }
        }
        self.contents.database = found.contents.schema;
    }

    /// Notes a statement that stands under `entry`.
    pub fn statement(&mut self, text: &str, entry: &Entry) {
        if self.is_bounded && Reach::of(text) != Reach::Inside {
            self.contents.beyond.get_or_insert_with(|| text.to_string());
        }
        if !self.data(text.as_bytes()) {
            self.contents.needs.read(text.as_bytes());
            properties::read(text, &mut self.contents.described);
            self.contents.schema.add(entry, text);
        }
    }

    /// Notes that the rows of a table follow.
    pub fn begin_copy(&mut self, target: CopyTarget) {
        tally::table(&target.table);
        let first = lock(&self.orders)
            .entry(target.table.clone())
            .or_insert_with(|| target.clone())
            .clone();
        self.copying = Some(Copying {
            places: self.instants.places(&target),
            order: order_of(&target.columns, &first.columns),
            table: target.table,
            data: TableData::new(Form::Copy(first)),
        });
    }

    /// Notes whole lines of rows.
    pub fn rows(&mut self, lines: &[u8]) {
        let Some(copying) = &mut self.copying else {
            return;
        };
        let is_as_written = copying.is_as_written();
        let data = &mut copying.data;
        data.bytes += lines.len() as u64;
        tally::add(lines.len() as u64);
        if is_as_written {
            data.as_written.add_lines(lines);
            return;
        }
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let line = without_line_end(line);
            let as_written = Digest::of(line);
            data.as_written.merge(as_written);
            let is_respelled = line_in_utc(line, &copying.places, &mut self.bytes);
            data.respelled |= is_respelled;
            let line = if is_respelled { &self.bytes } else { line };
            match copying.order.as_slice() {
                [] if is_respelled => data.digest.add(line),
                [] => data.digest.merge(as_written),
                order => data.digest.add(&in_order(line, order)),
            }
        }
    }

    /// Notes the end of the rows. A table can come in several pieces, one for each
    /// of its partitions, say.
    pub fn end_copy(&mut self) {
        let Some(copying) = self.copying.take() else {
            return;
        };
        let is_as_written = copying.is_as_written();
        let mut data = copying.data;
        if is_as_written {
            data.digest = data.as_written;
        }
        self.add_table(copying.table, data);
    }

    fn add_table(&mut self, table: QualifiedName, data: TableData) {
        match self.contents.tables.entry(table) {
            Slot::Occupied(mut known) => known.get_mut().merge(data),
            Slot::Vacant(new) => {
                new.insert(data);
            }
        }
    }

    /// Notes the next bytes of a large object, if only that it is there. Those of one stand together.
    pub fn large_object(&mut self, oid: u32, bytes: &[u8]) {
        if self.last_object != Some(oid) {
            self.finish_object();
            self.last_object = Some(oid);
        }
        self.contents
            .large_objects
            .entry(oid)
            .or_default()
            .add(bytes);
    }

    fn finish_object(&mut self) {
        let last = self.last_object.take();
        if let Some(digest) = last.and_then(|oid| self.contents.large_objects.get_mut(&oid)) {
            digest.finish();
        }
    }

    /// Whether the statement is data; it is noted as such.
    fn data(&mut self, sql: &[u8]) -> bool {
        if sql.starts_with(b"INSERT INTO ") {
            return self.inserts(sql);
        }
        if sql.eq_ignore_ascii_case(b"BEGIN;") || sql.eq_ignore_ascii_case(b"COMMIT;") {
            // Around large objects, or around all that somebody wants to have or not to have.
            return true;
        }
        if let Some(rest) = sql.strip_prefix(b"SET client_encoding = ") {
            let name = String::from_utf8_lossy(rest);
            self.contents.encoding = name.split('\'').nth(1).map(str::to_string);
            return true;
        }
        if let Some(view) = refreshed(sql) {
            self.contents.refreshed.insert(view);
            return false;
        }
        if let Some(value) = sql.strip_prefix(b"SET standard_conforming_strings = ") {
            // Quoted in an archive's own entry.
            self.contents.backslash_escapes |=
                value.starts_with(b"off") || value.starts_with(b"'off");
        }
        if sql.starts_with(b"SET row_security = on") {
            self.contents.subject_to_row_security = true;
        }
        let Some(call) = sql.strip_prefix(b"SELECT pg_catalog.") else {
            return false;
        };
        if let Some(arguments) = call.strip_prefix(b"setval(") {
            self.sequence(arguments);
        } else if let Some(call) = LargeObjectCall::parse(sql) {
            self.large_object_call(call);
        }
        true
    }

    fn large_object_call(&mut self, call: LargeObjectCall) {
        match call {
            LargeObjectCall::Create(oid) | LargeObjectCall::Open(oid) => {
                self.large_object = Some(oid);
                self.large_object(oid, &[]);
            }
            LargeObjectCall::Write(bytes) => {
                if let Some(oid) = self.large_object {
                    self.large_object(oid, &bytes);
                }
            }
            LargeObjectCall::Close => {}
        }
    }

    fn inserts(&mut self, sql: &[u8]) -> bool {
        let Some(inserted) = InsertedRows::parse(sql) else {
            return false;
        };
        let form = Form::Inserts {
            names_columns: !inserted.columns.is_empty(),
        };
        if !self.orders_of_inserts.contains_key(inserted.columns) {
            let order = order_of_names(inserted.columns);
            self.orders_of_inserts
                .insert(inserted.columns.to_vec(), order);
        }
        let order = self.orders_of_inserts.get(inserted.columns);
        let order = order.map(Vec::as_slice).unwrap_or_default();
        let table = self.contents.tables.entry(inserted.table);
        let data = table.or_insert_with(|| TableData::new(form));
        for row in inserted.rows {
            // Which of its values are instants, an INSERT without the columns' names does not tell.
            let written = match row_in_utc(row, &mut self.bytes) {
                true => &self.bytes,
                false => row,
            };
            match order {
                [] => data.digest.add(written),
                order => data.digest.add(&tuple_in_order(written, order)),
            }
            data.bytes += row.len() as u64;
            tally::add(row.len() as u64);
        }
        true
    }

    fn sequence(&mut self, arguments: &[u8]) {
        let arguments = match self.contents.backslash_escapes {
            // As where it is said of the string itself.
            true => Cow::from([b"E", arguments].concat()),
            false => Cow::from(arguments),
        };
        let tokens = tokens(&arguments);
        let texts: Vec<String> = tokens
            .iter()
            .filter_map(|token| match token {
                Token::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                Token::Word(word) => Some(String::from_utf8_lossy(word).into_owned()),
                _ => None,
            })
            .collect();
        let negative = tokens.contains(&Token::Symbol(b'-'));
        if let [name, value, called] = texts.as_slice()
            && let Some(name) = qualified(name)
            && let Ok(value) = format!("{}{value}", if negative { "-" } else { "" }).parse()
        {
            let position = SequencePosition {
                last_value: value,
                is_called: called == "true",
            };
            self.contents.sequences.insert(name, position);
        }
    }
}

/// Where the columns `first` stand among `columns`; empty if they are the same, or others.
fn order_of(columns: &[String], first: &[String]) -> Vec<usize> {
    if columns == first || columns.len() != first.len() {
        return Vec::new();
    }
    let place = |name: &String| columns.iter().position(|column| column == name);
    first
        .iter()
        .map(place)
        .collect::<Option<_>>()
        .unwrap_or_default()
}

/// Where each column of a list stands, in the order of their names; empty if they stand so. Rows
/// of one table can come from partitions with other orders, and go into others than they came from.
fn order_of_names(columns: &[u8]) -> Vec<usize> {
    let names = members(columns);
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|place| names[*place]);
    match order.is_sorted() {
        true => Vec::new(),
        false => order,
    }
}

/// A row of COPY's text format with its values in another order.
fn in_order(line: &[u8], order: &[usize]) -> Vec<u8> {
    let values: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
    values_in_order(&values, order).join(&b'\t')
}

/// A row of an INSERT with its values in another order, as pg_dump would write it.
fn tuple_in_order(row: &[u8], order: &[usize]) -> Vec<u8> {
    let values = values_in_order(&members(row), order).join(&b", "[..]);
    [b"(", &values[..], b")"].concat()
}

fn values_in_order<'a>(values: &[&'a [u8]], order: &[usize]) -> Vec<&'a [u8]> {
    let values = order.iter().map(|place| values.get(*place).copied());
    values.map(Option::unwrap_or_default).collect()
}

/// The view that the statement fills, if it is one that does.
fn refreshed(sql: &[u8]) -> Option<QualifiedName> {
    let name = sql.strip_prefix(b"REFRESH MATERIALIZED VIEW ")?;
    let end = name.iter().rposition(|byte| *byte == b';');
    let name = &name[..end.unwrap_or(name.len())];
    qualified(&String::from_utf8_lossy(name))
}

/// `schema.name` as SQL writes it inside a string.
fn qualified(name: &str) -> Option<QualifiedName> {
    let tokens = tokens(name.as_bytes());
    match tokens.as_slice() {
        [schema, _, name] => Some(QualifiedName {
            schema: Some(schema.identifier()?),
            name: name.identifier()?,
        }),
        [name] => Some(QualifiedName {
            schema: None,
            name: name.identifier()?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod test {
    use shared::dump::LargeObjectDigest;

    use super::*;

    fn collect(script: &str) -> Contents {
        let mut collector = Collector::new();
        let mut script = Script::new(script.as_bytes());
        while let Some(event) = script.next().unwrap() {
            match event {
                Event::Statement { sql, entry, .. } => {
                    collector.statement(std::str::from_utf8(sql).unwrap(), entry);
                }
                Event::Copy { target, .. } => collector.begin_copy(target),
                Event::Rows(lines) => collector.rows(lines),
                Event::CopyEnd => collector.end_copy(),
                Event::Command { .. } => {}
            }
        }
        collector.finish()
    }

    #[test]
    fn sequences() {
        let contents = collect(
            "SELECT pg_catalog.setval('public.\"S q\"', 5, true);\n\
             SELECT pg_catalog.setval('public.down', -7, false);",
        );
        let positions: Vec<_> = contents.sequences.into_iter().collect();
        assert_eq!(positions[0].0.to_string(), "public.\"S q\"");
        assert_eq!(
            positions[0].1,
            SequencePosition {
                last_value: 5,
                is_called: true
            }
        );
        assert_eq!(
            positions[1].1,
            SequencePosition {
                last_value: -7,
                is_called: false
            }
        );
    }

    #[test]
    fn large_objects() {
        let contents = collect(
            "SELECT pg_catalog.lo_create('7');\nSELECT pg_catalog.lo_create('8');\n\
             SELECT pg_catalog.lo_open('7', 131072);\nSELECT pg_catalog.lowrite(0, '\\x6869');\n\
             SELECT pg_catalog.lowrite(0, '\\x21');\nSELECT pg_catalog.lo_close(0);",
        );
        let mut expected = LargeObjectDigest::default();
        expected.add(b"hi!");
        assert_eq!(contents.large_objects[&7].to_string(), expected.to_string());
        assert!(
            contents.large_objects[&8]
                .to_string()
                .starts_with("0 bytes")
        );
    }

    #[test]
    fn pieces_of_a_table_are_one() {
        let contents = collect(
            "COPY public.t (a) FROM stdin;\n1\n\\.\n\nCOPY public.t (a) FROM stdin;\n2\n\\.\n\n",
        );
        let (_, data) = contents.tables.first_key_value().unwrap();
        assert_eq!(data.digest.rows, 2);
    }
}
