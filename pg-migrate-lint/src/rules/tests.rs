use std::collections::HashSet;

use super::*;
use crate::lint::{Linter, Step};
use crate::session::Wrapping;
use crate::source::Source;

/// What the rule finds in the example.
fn found(rule: &'static Rule, example: &Example) -> Vec<Finding> {
    let mut linter = Linter::new(vec![rule], example.version);
    let mut found = Vec::new();
    let wrapping = match example.in_transaction {
        true => Wrapping::File,
        false => Wrapping::None,
    };
    for (migration, (text, wrapping)) in [(example.before, Wrapping::None), (example.sql, wrapping)]
        .into_iter()
        .enumerate()
    {
        found.clear();
        let source = Source::new("example.sql", text.as_bytes().to_vec());
        let step = Step {
            wrapping,
            migration,
            ..Step::default()
        };
        linter.start(&source, step);
        let parsed = crate::parse::parse(&source, &source.statements);
        linter.expect(&parsed);
        for (number, parsed) in parsed.into_iter().enumerate() {
            if rule.name != SYNTAX.name {
                assert!(
                    !matches!(parsed, crate::parse::Parsed::Refused(_)),
                    "{}: {text}",
                    rule.name
                );
            }
            linter.look(&source, number, parsed, &mut found);
        }
    }
    found
}

#[test]
fn each_rule_finds_its_bad_examples_and_not_its_good_ones() {
    let mut wrong = Vec::new();
    for rule in RULES {
        // Comments are looked at elsewhere.
        let has_examples = !rule.bad.is_empty() || rule.name == SUPPRESSION.name;
        assert!(
            has_examples && !rule.good.is_empty(),
            "{} has no example",
            rule.name
        );
        for example in rule.bad {
            if found(rule, example).is_empty() {
                wrong.push(format!("{} does not find: {}", rule.name, example.sql));
            }
        }
        for example in rule.good {
            let found = found(rule, example);
            if let Some(finding) = found.first() {
                wrong.push(format!(
                    "{} finds: {}: {}",
                    rule.name, example.sql, finding.message
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_fix_is_sql_that_the_rule_does_not_find() {
    for rule in RULES {
        for example in rule.bad {
            for finding in found(rule, example) {
                let Some(fix) = finding.fix else { continue };
                let source = Source::new("fix.sql", fix.as_bytes().to_vec());
                for (parsed, statement) in crate::parse::parse(&source, &source.statements)
                    .iter()
                    .zip(&source.statements)
                {
                    let text = source.written(statement);
                    assert!(
                        !matches!(parsed, crate::parse::Parsed::Refused(_)),
                        "{}: {text}\n{fix}",
                        rule.name
                    );
                }
            }
        }
    }
}

/// Rules that say of a statement that PostgreSQL refuses it.
const REFUSALS: &[&str] = &[
    "drop-refused",
    "duplicate-column",
    "foreign-key-without-key",
    "index-method",
    "not-immutable",
    "partition-key-missing",
    "view-depends-on-column",
];

/// The same of what belongs to an extension, where the server has it.
const REFUSALS_OF_EXTENSIONS: &[(&str, &str)] = &[("vector-dimensions", "vector")];

/// Whether the server could have the extension.
fn has(extension: &str) -> bool {
    let database = ::tests::Database::new();
    let query = "SELECT 1 FROM pg_available_extensions WHERE name = $1";
    let rows = database.client().query(query, &[&extension]);
    !rows.unwrap().is_empty()
}

/// Runs the example, each statement by itself, on a database of its own.
fn run(example: &Example, extension: Option<&str>) -> Result<(), String> {
    let database = ::tests::Database::new();
    let mut client = database.client();
    if let Some(extension) = extension {
        let create = format!("CREATE EXTENSION {extension}");
        client.batch_execute(&create).unwrap();
    }
    client.batch_execute(example.before).unwrap();
    for statement in example.sql.split_inclusive(';') {
        let run = client.batch_execute(statement);
        run.map_err(|error| shared::Error::from(error).to_string())?;
    }
    Ok(())
}

#[test]
fn what_is_said_to_be_refused_is_refused_by_a_server_and_the_rest_is_not() {
    let mut wrong = Vec::new();
    let of_server = REFUSALS.iter().map(|rule| (rule, None));
    let of_extensions = REFUSALS_OF_EXTENSIONS.iter();
    let of_extensions = of_extensions.filter(|(_, extension)| has(extension));
    let of_extensions = of_extensions.map(|(rule, extension)| (rule, Some(*extension)));
    for (name, extension) in of_server.chain(of_extensions) {
        let rule = find(name).unwrap();
        // Without what was before, a table may be missing, for which everything is refused.
        let is_whole = |example: &&Example| !example.before.is_empty();
        for example in rule.bad.iter().filter(is_whole) {
            if run(example, extension).is_ok() {
                wrong.push(format!("{}: not refused: {}", rule.name, example.sql));
            }
        }
        for example in rule.good.iter().filter(is_whole) {
            if let Err(error) = run(example, extension) {
                wrong.push(format!("{}: refused: {}: {error}", rule.name, example.sql));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_unique_and_words_are_there() {
    let mut names = HashSet::new();
    for rule in all() {
        assert!(names.insert(rule.name), "{} is there twice", rule.name);
        assert!(
            rule.name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
        );
        assert!(
            rule.explanation.len() > 150,
            "{} is hardly explained",
            rule.name
        );
        assert!(!rule.summary.ends_with('.'), "{}", rule.name);
    }
}
