//! Bytes of each row that hold nothing.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Column};
use crate::types::Type;

/// Less is not worth an order that nobody would choose for reading.
const LEAST: usize = 8;

pub static RULE: Rule = Rule {
    name: "column-padding",
    group: Group::Types,
    severity: Severity::Info,
    summary: "an order of columns that loses eight bytes or more of each row to alignment",
    explanation: "Each column begins at a multiple of its type's alignment: eight bytes for bigint, timestamptz and double \
        precision, four for integer, date and real, two for smallint, one for boolean and uuid. A boolean between two \
        bigints takes eight bytes. Only the columns before the first one of no fixed length are counted, and all of them \
        as if they were not null.\n\n\
        Write those of eight bytes first, then those of four, two and one, and text, numeric and the like last. It can't \
        be changed once there are rows, other than by a new table.",
    versions: "",
    bad: &[Example::new("CREATE TABLE t (a boolean, b bigint, c boolean, d timestamptz, e int);")],
    good: &[
        Example::new("CREATE TABLE t (b bigint, d timestamptz, e int, a boolean, c boolean);"),
        Example::new("CREATE TABLE t (a int, b bigint);"),
        Example::new("CREATE TABLE t (name text, a boolean, b bigint, c boolean, d timestamptz);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateTable(table) = look.change else { return };
    if !table.inherits.is_empty() || !table.like.is_empty() || table.partition_of.is_some() {
        return;
    }
    let lost = lost(&table.columns);
    if lost >= LEAST {
        let message = format!("{lost} bytes of each row of {} are lost between its columns: write the widest first", table.name);
        found.push(look.finding(&RULE, message).on(&table.name));
    }
}

/// How many bytes the best order of the columns before the first one without a fixed length would save.
fn lost(columns: &[Column]) -> usize {
    let fixed: Vec<(usize, usize)> = columns.iter().map_while(|column| size(&column.type_)).collect();
    let end = |sizes: &[(usize, usize)]| sizes.iter().fold(0, |at: usize, (length, alignment)| at.next_multiple_of(*alignment) + length);
    let mut best = fixed.clone();
    best.sort_by_key(|(_, alignment)| std::cmp::Reverse(*alignment));
    end(&fixed) - end(&best)
}

/// Length and alignment of a type that has a fixed length: `typlen` and `typalign` of pg_type.
fn size(type_: &Type) -> Option<(usize, usize)> {
    if type_.schema.is_some() || type_.dimensions > 0 {
        return None;
    }
    Some(match type_.serial_base().unwrap_or(&type_.name) {
        "int8" | "float8" | "timestamp" | "timestamptz" | "time" | "money" => (8, 8),
        "timetz" => (12, 8),
        "interval" | "point" => (16, 8),
        "int4" | "float4" | "date" | "oid" => (4, 4),
        "macaddr" => (6, 4),
        "int2" => (2, 2),
        "bool" | "char" => (1, 1),
        "uuid" => (16, 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_alignments_are_those_of_the_server() {
        let database = ::tests::Database::new();
        let mut client = database.client();
        let query = "SELECT typname::text, typlen::int, typalign::text FROM pg_type
                     WHERE typlen > 0 AND typtype = 'b' AND typnamespace = 'pg_catalog'::regnamespace";
        let mut known = 0;
        for row in client.query(query, &[]).unwrap() {
            let (name, length, alignment): (String, i32, String) = (row.get(0), row.get(1), row.get(2));
            let alignment = match alignment.as_str() {
                "c" => 1,
                "s" => 2,
                "i" => 4,
                _ => 8,
            };
            if let Some(claimed) = size(&Type::named(&name)) {
                known += 1;
                assert_eq!(claimed, (usize::try_from(length).unwrap(), alignment), "{name}");
            }
        }
        assert_eq!(known, 18);
    }

    #[test]
    fn what_is_said_to_be_lost_is_lost_on_a_server() {
        let database = ::tests::Database::new();
        let mut client = database.client();
        let order = "CREATE TABLE a (a boolean, b bigint, c boolean, d timestamptz, e int);
                     CREATE TABLE b (b bigint, d timestamptz, e int, a boolean, c boolean);
                     INSERT INTO a VALUES (true, 1, true, now(), 1); INSERT INTO b VALUES (1, now(), 1, true, true);";
        client.batch_execute(order).unwrap();
        let row = client.query_one("SELECT (SELECT pg_column_size(a.*) FROM a) - (SELECT pg_column_size(b.*) FROM b)", &[]).unwrap();
        let columns: Vec<Column> = ["bool", "int8", "bool", "timestamptz", "int4"].iter().map(|name| Column { type_: Type::named(name), ..Column::default() }).collect();
        assert_eq!(i64::from(row.get::<_, i32>(0)), i64::try_from(lost(&columns)).unwrap());
    }
}
