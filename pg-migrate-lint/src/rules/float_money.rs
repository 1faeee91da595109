//! Money in a type that can't hold a cent.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "float-money",
    group: Group::Types,
    severity: Severity::Info,
    summary: "an amount of money as a floating point number, which has no exact cents",
    explanation: "real and double precision are binary: 0.10 is not among their numbers, so sums drift from what they \
        should be by a cent here and there, and two amounts that look equal are not.\n\n\
        Use numeric(12, 2), or whole cents in a bigint.",
    versions: "",
    bad: &[Example::new("CREATE TABLE orders (total_price double precision);"), Example::new("ALTER TABLE orders ADD COLUMN fee real;")],
    good: &[Example::new("CREATE TABLE orders (total_price numeric(12, 2), price_ratio real, feed real, latitude double precision);")],
    check,
};

/// Words of names that are amounts, whatever else is in the name.
const AMOUNTS: &[&str] = &["price", "amount", "cost", "balance", "salary", "fee", "payment", "revenue", "discount"];
/// Words with which such a name is something else.
const OTHERS: &[&str] = &["ratio", "rate", "percent", "percentage", "pct", "factor", "share"];

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        let has = |words: &[&str]| column.name.to_lowercase().split('_').any(|word| words.contains(&word));
        if matches!(column.type_.name.as_str(), "float4" | "float8") && has(AMOUNTS) && !has(OTHERS) {
            let name = quoted(&column.name);
            let message = format!("{name} is a floating point number, which has no exact cents: numeric has");
            found.push(look.finding(&RULE, message).on(format!("{table}.{name}")));
        }
    }
}
