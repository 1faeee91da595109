//! A materialized view is filled anew while its readers wait.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "refresh-blocks-readers",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "REFRESH MATERIALIZED VIEW keeps readers waiting until it is filled; WITH NO DATA they fail",
    explanation: "REFRESH MATERIALIZED VIEW takes an AccessExclusiveLock on the view and runs its query under it: \
        everybody who reads the view waits. WITH NO DATA it takes the rows away, and every reader gets the error that the view \
        \"has not been populated\".\n\n\
        REFRESH MATERIALIZED VIEW CONCURRENTLY lets them read the old rows meanwhile. It needs a unique index on \
        columns of the view, without a condition, and a view that was filled before.",
    versions: "",
    bad: &[Example::new("REFRESH MATERIALIZED VIEW totals;"), Example::new("REFRESH MATERIALIZED VIEW totals WITH NO DATA;")],
    good: &[
        Example::new("REFRESH MATERIALIZED VIEW CONCURRENTLY totals;"),
        Example::new("CREATE MATERIALIZED VIEW totals AS SELECT 1; REFRESH MATERIALIZED VIEW totals;"),
        Example::new("CREATE MATERIALIZED VIEW totals AS SELECT 1; REFRESH MATERIALIZED VIEW totals WITH NO DATA;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if let Change::Refresh { view, no_data: true, .. } = look.change
        && !look.is_new(view)
    {
        let message = format!("{view} is empty from then on: whoever reads it gets an error until it is refreshed");
        return found.push(look.finding_on(&RULE, view, message));
    }
    let Change::Refresh { view, concurrently: false, no_data: false } = look.change else {
        return;
    };
    if look.is_new(view) {
        return;
    }
    let message = format!("REFRESH keeps everybody who reads {view} waiting until it is filled");
    found.push(look.finding_on(&RULE, view, message).fix(format!(
        "-- needs a unique index on {view}\nREFRESH MATERIALIZED VIEW CONCURRENTLY {view};"
    )));
}
