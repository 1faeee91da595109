//! A new partition locks the whole table.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "partition-of-locks-parent",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "CREATE TABLE … PARTITION OF locks the whole partitioned table, and reads the default partition",
    explanation: "CREATE TABLE … PARTITION OF takes an AccessExclusiveLock on the parent: it waits for every query on \
        any partition, and whatever comes after waits behind it. Where there is a default partition, that is locked \
        and read too, to see that it holds no row of the new one.\n\n\
        CREATE TABLE … (LIKE parent) and ATTACH PARTITION take only a ShareUpdateExclusiveLock on the parent.",
    versions: "ATTACH PARTITION locks less since 12",
    bad: &[
        Example::new("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"),
        Example::new("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF events DEFAULT;"),
    ],
    good: &[
        Example::new("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF events DEFAULT;"),
        Example::new("CREATE TABLE e (LIKE events); ALTER TABLE events ATTACH PARTITION e FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateTable(table) = look.change else { return };
    let Some((parent, _)) = &table.partition_of else { return };
    if look.is_new(parent) {
        return;
    }
    let default = look.worked_on().next().map(|(name, _)| name.clone());
    let fix = fix(look.text, &table.name, parent);
    if let Some(default) = default {
        let message = format!("a new partition of {parent} reads all rows of its default partition {default} while everybody waits");
        found.push(look.finding_on(&RULE, &default, message).rated(Severity::Error));
        return;
    }
    let message = format!("PARTITION OF locks all of {parent}: whatever comes later waits behind it");
    let finding = look.finding_on(&RULE, parent, message);
    found.push(match fix {
        Some(fix) => finding.fix(fix),
        None => finding,
    });
}

fn fix(text: &str, name: &Name, parent: &Name) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let bounds = upper.find("FOR VALUES").map(|at| &text[at..]);
    let bounds = bounds.or_else(|| upper.ends_with("DEFAULT").then_some("DEFAULT"))?;
    Some(format!("CREATE TABLE {name} (LIKE {parent} INCLUDING ALL);\nALTER TABLE {parent} ATTACH PARTITION {name} {bounds};"))
}
