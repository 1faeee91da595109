//! A fix taken apart into its steps, by the comments that introduce them.

/// Where a step belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In the statement's place.
    Here,
    /// In a transaction of its own, after what is before it.
    Later,
    /// In one that holds all of the step.
    Together,
    /// In no transaction.
    Outside,
    /// In no migration: it is done some at a time, each committed.
    ByHand,
}

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub way: Way,
    /// The comment that introduces it.
    pub comment: String,
    /// SQL and its comments.
    pub sql: String,
}

/// What a fix begins with that comes to the statement, and does not take its place.
pub const BESIDES: &str = "-- besides, ";

/// The steps of a fix, in order.
pub fn of(fix: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in fix.split_inclusive('\n') {
        let introduced = way(line);
        let is_done = steps
            .last()
            .is_some_and(|step| step.way == Way::ByHand && is_whole(step));
        match (introduced, steps.last_mut()) {
            (None, Some(step)) if !is_done => step.sql.push_str(line),
            (introduced, last) => {
                let first = match last {
                    Some(_) => Way::Later,
                    None => Way::Here,
                };
                let is_comment = introduced.is_some();
                let text = |wanted| match wanted {
                    true => line.to_string(),
                    false => String::new(),
                };
                steps.push(Step {
                    way: introduced.unwrap_or(first),
                    comment: text(is_comment).trim_end().to_string(),
                    sql: text(!is_comment),
                });
            }
        }
    }
    steps
}

/// The step that a comment introduces.
fn way(line: &str) -> Option<Way> {
    let words = line.strip_prefix("-- ")?;
    let has = |part: &str| words.contains(part);
    Some(match () {
        () if has("outside of a transaction") => Way::Outside,
        () if words.starts_with("in batches") || words.starts_with("fill it in batches") => {
            Way::ByHand
        }
        () if words.starts_with("in a later ") || words.starts_with("a release that ") => {
            Way::Later
        }
        () if has("in one transaction") => Way::Together,
        () => return None,
    })
}

/// Whether what is done by hand has its statement: what follows is a migration again.
fn is_whole(step: &Step) -> bool {
    let is_there = step.comment.starts_with("-- fill it") || !step.sql.is_empty();
    is_there && (step.sql.is_empty() || step.sql.trim_end().ends_with(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(fix: &str) -> Vec<(Way, String)> {
        let steps = of(fix).into_iter();
        steps
            .map(|step| (step.way, step.sql.trim_end().to_string()))
            .collect()
    }

    #[test]
    fn a_fix_without_such_comments_is_one_step_in_the_statements_place() {
        let fix = "-- needs a unique index on t\nREFRESH MATERIALIZED VIEW CONCURRENTLY t;";
        assert_eq!(ways(fix), [(Way::Here, fix.to_string())]);
    }

    #[test]
    fn comments_introduce_what_is_in_other_transactions() {
        let fix = "A;\n-- in batches that are committed one by one\nB;\nC;\n-- in a later transaction\n\
                   D;\n-- why\nE;\n-- outside of a transaction\nF;\nG;\n-- once all is filled, in one transaction\nH;";
        let expected = [
            (Way::Here, "A;"),
            (Way::ByHand, "B;"),
            (Way::Later, "C;"),
            (Way::Later, "D;\n-- why\nE;"),
            (Way::Outside, "F;\nG;"),
            (Way::Together, "H;"),
        ];
        assert_eq!(ways(fix), expected.map(|(way, sql)| (way, sql.to_string())));
    }

    #[test]
    fn what_is_filled_somehow_has_no_statement() {
        let fix = "A;\n-- fill it in batches, then\nB;";
        let expected = [(Way::Here, "A;"), (Way::ByHand, ""), (Way::Later, "B;")];
        assert_eq!(ways(fix), expected.map(|(way, sql)| (way, sql.to_string())));
    }
}
