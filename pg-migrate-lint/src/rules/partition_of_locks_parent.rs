//! A new partition locks the whole table.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::{code, keyword, plain};
use crate::look::Look;
use crate::model::{Change, CreateTable};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "partition-of-locks-parent",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "CREATE TABLE … PARTITION OF locks the whole partitioned table, and reads the default partition",
    explanation: "CREATE TABLE … PARTITION OF takes an AccessExclusiveLock on the parent: it waits for every query on \
        any partition, and whatever comes after waits behind it. Where there is a default partition, that is locked \
        and read too, to see that it holds no row of the new one; unless a validated CHECK of it says so.\n\n\
        CREATE TABLE … (LIKE parent) and ATTACH PARTITION take only a ShareUpdateExclusiveLock on the parent.",
    versions: "ATTACH PARTITION locks less since 12",
    bad: &[
        Example::new("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"),
        Example::new("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF events DEFAULT;"),
        Example::new("CREATE TABLE \"E 1\" PARTITION OF events FOR VALUES IN (1, 2) -- (two)\n;")
            .after("CREATE TABLE events (id int GENERATED ALWAYS AS IDENTITY, n int CHECK (n > 0)) PARTITION BY LIST (n);").on(17),
        Example::new("CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);")
            .after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE rest PARTITION OF events DEFAULT; ALTER TABLE rest ADD CHECK (n > 1);"),
        Example::new("CREATE TABLE e1 PARTITION OF events (CHECK (n > 3)) FOR VALUES IN (4) PARTITION BY LIST (n);")
            .after("CREATE TABLE events (n int) PARTITION BY LIST (n);"),
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
    let fix = fix(look.text, table, parent);
    if let Some(default) = default {
        let message = format!("a new partition of {parent} reads all rows of its default partition {default} while everybody waits: a validated CHECK that none is the new one's would save that");
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

/// None where the partition is to be more than its bounds: a list of columns, a division of its own, storage.
fn fix(text: &str, table: &CreateTable, parent: &Name) -> Option<String> {
    let text = plain(text);
    let text = text.trim_end_matches([';', ' ']);
    let at = keyword(text, "FOR").or_else(|| keyword(text, "DEFAULT"))?;
    let (head, bounds) = text.split_at(at);
    let has_list = code(head).any(|(_, byte)| byte == b'(');
    let mut behind = ["PARTITION", "TABLESPACE", "USING", "ON"].into_iter();
    let is_more = behind.any(|word| keyword(bounds, word).is_some()) || keyword(bounds.get("FOR VALUES WITH".len()..).unwrap_or_default(), "WITH").is_some();
    if has_list || is_more || table.unlogged || table.temporary {
        return None;
    }
    let name = &table.name;
    Some(format!(
        "CREATE TABLE {name} (LIKE {parent} INCLUDING ALL EXCLUDING IDENTITY);\nALTER TABLE {parent} ATTACH PARTITION {name} {bounds};"
    ))
}
