//! `-- pg-migrate-lint: ignore RULE[,RULE] reason` silences rules at a statement: the one that it stands in
//! or before which, or behind which on the same line, it stands. `ignore-file` silences them in the file.

use crate::finding::{Finding, Severity};
use crate::rules::{self, Group};
use crate::source::{Lines, MARK, Source};

/// What a comment says.
#[derive(Debug)]
struct Order {
    /// Rules and groups.
    names: Vec<String>,
    /// Where it holds; none: everywhere.
    statement: Option<(usize, usize)>,
    /// The comment's place.
    start: usize,
    end: usize,
    is_used: bool,
}

/// The comments of a file.
#[derive(Debug, Default)]
pub struct Suppressions {
    orders: Vec<Order>,
    /// What is wrong with comments: where, and in words.
    wrong: Vec<(usize, usize, String)>,
}

impl Suppressions {
    /// Reads those of a file.
    pub fn of(source: &Source) -> Self {
        let mut all = Self::default();
        if source.comments.is_empty() {
            return all;
        }
        let lines = source.lines();
        for comment in &source.comments {
            let text = source.text.get(comment.range.clone()).unwrap_or_default();
            let Some((_, order)) = text.split_once(MARK) else {
                continue;
            };
            let (start, end) = (comment.range.start, comment.range.end);
            match parse(order.trim_end_matches("*/").trim()) {
                Ok((names, is_file)) => {
                    let statement = match is_file {
                        true => None,
                        false => Some(statement(source, &lines, start, end, comment.is_alone)),
                    };
                    all.orders.push(Order {
                        names,
                        statement,
                        start,
                        end,
                        is_used: false,
                    });
                }
                Err(why) => all.wrong.push((start, end, why)),
            }
        }
        all
    }

    /// Whether a finding is silenced.
    pub fn silences(&mut self, finding: &Finding) -> bool {
        let mut is_silenced = false;
        for order in &mut self.orders {
            let is_there = order
                .statement
                .is_none_or(|(start, end)| (start..end).contains(&finding.start));
            let is_meant = order
                .names
                .iter()
                .any(|name| name == finding.rule.name || name == finding.rule.group.name());
            if is_there && is_meant {
                order.is_used = true;
                is_silenced = true;
            }
        }
        is_silenced
    }

    /// What is wrong with the comments, once all else of the file was looked at.
    pub fn finish(self, asked: &[&'static rules::Rule]) -> Vec<Finding> {
        let Some(rule) = asked
            .iter()
            .find(|rule| rule.name == rules::SUPPRESSION.name)
        else {
            return Vec::new();
        };
        // What is wrong with a folder depends on what else is there, and on what it is compared with.
        let asked = asked.iter().filter(|rule| rule.group != Group::Folder);
        let is_asked = |name: &String| {
            asked
                .clone()
                .any(|rule| *name == rule.name || *name == rule.group.name())
        };
        let unused = self
            .orders
            .into_iter()
            .filter(|order| !order.is_used && order.names.iter().any(is_asked));
        let unused = unused.map(|order| {
            let words = format!(
                "{} finds nothing here: the comment can go",
                order.names.join(", ")
            );
            (order.start, order.end, words)
        });
        let all = self.wrong.into_iter().chain(unused);
        all.map(|(start, end, message)| {
            Finding::new(rule, message, start..end).rated(Severity::Warning)
        })
        .collect()
    }
}

/// Rules, and whether it is for the file.
fn parse(order: &str) -> Result<(Vec<String>, bool), String> {
    let (verb, rest) = order.split_once(char::is_whitespace).unwrap_or((order, ""));
    let is_file = match verb {
        "ignore" => false,
        "ignore-file" => true,
        _ => return Err(format!("{verb:?} is neither ignore nor ignore-file")),
    };
    let rest = rest.trim();
    let (names, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let names: Vec<String> = names
        .split(',')
        .map(str::to_string)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        return Err("the rule to ignore is missing".to_string());
    }
    for name in &names {
        let is_known =
            rules::find(name).is_some() || Group::ALL.iter().any(|group| group.name() == name);
        if !is_known {
            return Err(format!("there is no rule {name:?}"));
        }
    }
    match reason.trim().is_empty() {
        true => Err(format!(
            "say why {} is ignored here: nothing is silenced without a reason",
            names.join(", ")
        )),
        false => Ok((names, is_file)),
    }
}

/// The statement that a comment is about.
fn statement(
    source: &Source,
    lines: &Lines,
    start: usize,
    end: usize,
    is_alone: bool,
) -> (usize, usize) {
    let statements = &source.statements;
    let next = statements.partition_point(|statement| statement.end() <= start);
    let line = lines.line(start);
    let before = next.checked_sub(1).map(|number| statements[number]);
    let chosen = match before.filter(|before| !is_alone && lines.line(before.end()) == line) {
        Some(before) => Some(before),
        None => statements.get(next).copied(),
    };
    chosen.map_or((start, end), |statement| {
        (statement.start(), statement.end())
    })
}
