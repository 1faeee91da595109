//! A table is read to see whether it fits as a partition.

use super::{Example, Group, Rule};
use crate::effects::attach::Attachment;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Kind};

pub static RULE: Rule = Rule {
    name: "attach-partition-scans",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "ATTACH PARTITION reads the new partition, and the default one, while everybody waits for them",
    explanation: "ATTACH PARTITION takes only a ShareUpdateExclusiveLock on the parent, but an AccessExclusiveLock on \
        the table that becomes a partition and on the default partition, and reads both: the first to see that its \
        rows fit, the second to see that it holds none of the new one's.\n\n\
        A validated CHECK on the new partition that says what its bounds say saves the first, if the columns of the \
        bounds are NOT NULL, too; one on the default partition that excludes them the second. Drop them afterwards. \
        An index of the parent that the new partition has no match for is built meanwhile, and a foreign key of the \
        parent that it lacks is looked up: give it both before.",
    versions: "the parent is locked less since 12",
    bad: &[
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE events_2025 (at date);"),
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 (at date, CHECK (at >= '2025-01-01' AND at < '2026-01-01'));",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE INDEX ON events (at); \
             CREATE TABLE events_2025 (at date NOT NULL, CHECK (at >= '2025-01-01' AND at < '2026-01-01'));",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); \
             ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); \
             ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY; \
             ALTER TABLE events_2025 DROP CONSTRAINT events_2025_at_check;",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 (at date NOT NULL, CHECK (at >= '2025-01-01' AND at <= '2026-01-01'));",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 (at date NOT NULL, CHECK (extract(year FROM at) = 2025));",
        ),
        Example::new("ALTER TABLE log ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date, made date) PARTITION BY RANGE (at); CREATE TABLE log (at date, made date) PARTITION BY RANGE (made); \
             CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); \
             ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;",
        ),
    ],
    good: &[
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1, NULL);").after(
            "CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE rest (n int NOT NULL CHECK (n NOT IN (1, 2))); \
             ALTER TABLE events ATTACH PARTITION rest DEFAULT; CREATE TABLE e1 (n int CHECK (n = 1));",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION rest DEFAULT;").after(
            "CREATE TABLE events (n int) PARTITION BY RANGE (n); CREATE TABLE e1 PARTITION OF events FOR VALUES FROM (1) TO (9); \
             CREATE TABLE rest (n int CHECK (n >= 9));",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES FROM (1, MINVALUE) TO (2, MINVALUE);").after(
            "CREATE TABLE events (n int, m int) PARTITION BY RANGE (n, m); CREATE TABLE e1 (n int NOT NULL, m int NOT NULL, CHECK (n >= 1 AND n < 2));",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 (at date NOT NULL, CHECK (at >= '2025-01-01' AND at < '2026-01-01'));",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); \
             ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;",
        ),
        Example::new("ALTER TABLE archive ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE archive (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); \
             ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;",
        ),
        Example::new("ALTER TABLE events ATTACH PARTITION events_old DEFAULT;")
            .after("CREATE TABLE events_old (at date); CREATE TABLE events (at date) PARTITION BY RANGE (at);"),
        Example::new("CREATE TABLE events_2026 (at date); ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, kind, action: Action::Attach { child, default, bound }, .. }) = look.change else {
        return;
    };
    if *kind == Kind::Index {
        return;
    }
    let resolved = look.catalogue.resolve(child);
    let attachment = Attachment::of(&look.catalogue.resolve(table), &resolved, bound.as_ref(), *default, look.catalogue);
    let lacking = attachment.foreign.iter().find(|(_, is_there)| !is_there).map(|(other, _)| other);
    let tables: Vec<_> = look.worked_on().map(|(name, _)| name.clone()).collect();
    for name in tables {
        let (message, severity) = if name == resolved {
            let why = match (attachment.is_proved, attachment.indexes.first(), lacking) {
                (false, ..) => "reads all rows of it: a validated CHECK of its bounds, with NOT NULL, would save that".to_string(),
                (true, Some(index), _) => format!("builds an index for {index} there: build it CONCURRENTLY before"),
                (true, None, Some(other)) => format!("looks up its foreign key to {other} for all rows: add that to it NOT VALID, and validate it before"),
                (true, None, None) => continue,
            };
            (format!("ATTACH PARTITION {child} {why}; it holds an AccessExclusiveLock on it meanwhile"), Severity::Warning)
        } else if Some(&name) == lacking {
            (format!("ATTACH PARTITION {child} looks up a foreign key in {name}, and writes to {name} wait meanwhile"), Severity::Error)
        } else {
            (format!("ATTACH PARTITION to {table} reads all rows of its default partition {name} while reads and writes of it wait"), Severity::Error)
        };
        found.push(look.finding_on(&RULE, &name, message).rated(severity));
    }
}
