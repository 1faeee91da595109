//! What statements run that stands within them or before: the code of DO, and functions that they call.

use std::sync::Arc;

use super::{Linter, Place, Role};
use crate::body;
use crate::finding::Finding;
use crate::model::{Body, Change, Function};
use crate::parse::{self, Parsed};
use crate::rules;
use crate::session::Origin;

/// Functions that call functions are followed so deep.
const DEPTH: usize = 4;

impl Linter {
    /// Into what the statement runs: the body of DO, and functions that it calls.
    pub(super) fn look_within(
        &mut self,
        change: &Change,
        place: Place,
        found: &mut Vec<Finding>,
        depth: usize,
    ) {
        match change {
            Change::Do(body) => self.body(body, None, place, found, depth),
            Change::CreateFunction(function) if !function.is_trigger => {
                let name = self.catalogue.place(&function.name);
                self.functions.insert(name, Arc::new(function.clone()));
            }
            Change::Query(query) if !self.functions.is_empty() && depth < DEPTH => {
                for function in &query.functions {
                    let name = self.catalogue.place(function);
                    if let Some(made) = self.functions.get(&name).cloned() {
                        self.body(&made.body, Some(&made), place, found, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// Through a body, which may be that of a function.
    fn body(
        &mut self,
        body: &Body,
        made: Option<&Function>,
        place: Place,
        found: &mut Vec<Finding>,
        depth: usize,
    ) {
        let code = body::look(body, made);
        let unseen = code
            .as_ref()
            .map_or(&[1][..], |code| code.unseen.as_slice());
        if !unseen.is_empty() && self.step.role != Role::Down {
            self.catalogue.doubt();
        }
        let unseen_rule = self
            .rules
            .iter()
            .find(|rule| rule.name == rules::UNSEEN.name);
        for line in unseen {
            if let Some(rule) = unseen_rule.filter(|_| self.step.role == Role::Asked) {
                let words = body::unseen_words(&body.language, code.is_some());
                let mut finding = Finding::new(rule, words, place.start..place.end);
                finding.start = line_offset(place, &body.code, *line);
                found.push(finding);
            }
        }
        let was_open = self.session.open;
        let was_atomic = self.session.is_atomic;
        self.session.is_atomic |= was_open.is_some();
        self.session.open = was_open.or(Some(Origin::Runner));
        // How a function is called decides whether it is run.
        let is_run = made.is_none() && !place.is_in_doubt;
        for step in code.map(|code| code.statements).unwrap_or_default() {
            let text = &step.sql;
            if let Parsed::Changes(changes) = parse::one(text) {
                let start = line_offset(place, &body.code, step.line);
                let is_plain = |change: &Change| match change {
                    Change::Insert(_) | Change::Update(_) | Change::Delete(_) => step.is_plain,
                    change => is_definition(change),
                };
                let is_sure = is_run && step.is_sure && changes.iter().all(is_plain);
                let inner = Place {
                    text,
                    start,
                    end: end_of(place, start, text),
                    is_nested: true,
                    is_in_doubt: !is_sure,
                    is_last: false,
                    is_alone: false,
                };
                self.changes(&changes, inner, found, depth + 1);
            }
        }
        self.session.open = was_open;
        self.session.is_atomic = was_atomic;
    }
}

/// Whether no variable of the code around it can be meant by what it names.
fn is_definition(change: &Change) -> bool {
    matches!(
        change,
        Change::CreateTable(_)
            | Change::Alter(_)
            | Change::CreateIndex(_)
            | Change::Drop(_)
            | Change::Rename(_)
            | Change::CreateView { .. }
            | Change::CreateSequence { .. }
            | Change::AlterSequence { .. }
            | Change::Truncate { .. }
    )
}

/// Where a line of a body is in the file; where the body is elsewhere, the statement itself.
fn line_offset(place: Place, code: &str, line: usize) -> usize {
    let Some(body) = place
        .text
        .find(code)
        .filter(|_| !place.is_nested && !code.is_empty())
    else {
        return place.start;
    };
    let before: usize = code
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = code.get(before..).unwrap_or_default();
    let indent = rest.len() - rest.trim_start().len();
    place.start + body + before + indent
}

/// Where a statement of a body that begins here ends; where it is not found here, with the statement around it.
fn end_of(place: Place, start: usize, text: &str) -> usize {
    let text = text.trim();
    let rest = place.text.get(start.saturating_sub(place.start)..);
    match rest.is_some_and(|rest| rest.starts_with(text)) {
        true => start + text.len(),
        false => place.end,
    }
}
