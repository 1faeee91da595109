//! What rules say of examples.

use crate::ahead::Ahead;
use crate::effects::Version;
use crate::finding::Finding;
use crate::lint::{Linter, Step};
use crate::parse;
use crate::rules::{Example, Rule};
use crate::session::Wrapping;
use crate::source::Source;

/// What rules find in it on a server of this version.
pub fn found(rules: &[&'static Rule], example: &Example, version: Version) -> Vec<Finding> {
    let mut linter = Linter::new(rules.to_vec(), version);
    let mut found = Vec::new();
    let wrapping = match example.in_transaction {
        true => Wrapping::File,
        false => Wrapping::None,
    };
    let texts = [(example.before, Wrapping::None), (example.sql, wrapping)];
    for (migration, (text, wrapping)) in texts.into_iter().enumerate() {
        found.clear();
        let source = Source::new("example.sql", text.as_bytes().to_vec());
        let step = Step {
            wrapping,
            migration,
            ..Step::default()
        };
        linter.start(&source, step);
        let parsed = parse::parse(&source, &source.statements);
        linter.expect(Ahead::of(&parsed));
        for (number, parsed) in parsed.into_iter().enumerate() {
            linter.look(&source, number, parsed, &mut found);
        }
    }
    found
}
