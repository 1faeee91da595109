use std::collections::HashSet;

use postgres::error::SqlState;

mod rows;

use super::*;
use crate::effects::Version;
use crate::model::Change;
use crate::parse::Parsed;
use crate::source::Source;

/// What the rule finds in the example.
fn found(rule: &'static Rule, example: &Example) -> Vec<Finding> {
    found_on(rule, example, example.version)
}

/// The same of a server of this version.
fn found_on(rule: &'static Rule, example: &Example, version: Version) -> Vec<Finding> {
    found_by(&[rule], example, version)
}

/// What several rules find in it, which is SQL unless they look for what is none.
fn found_by(rules: &[&'static Rule], example: &Example, version: Version) -> Vec<Finding> {
    let is_of_syntax = rules.len() == 1 && rules[0].name == SYNTAX.name;
    for text in [example.before, example.sql] {
        let source = Source::new("example.sql", text.as_bytes().to_vec());
        let parsed = crate::parse::parse(&source, &source.statements);
        let is_refused = parsed
            .iter()
            .any(|parsed| matches!(parsed, Parsed::Refused(_)));
        assert!(is_of_syntax || !is_refused, "{text}");
    }
    crate::example::found(rules, example, version)
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
                let Some(fix) = finding.fix.map(|fix| fix.text()) else {
                    continue;
                };
                let source = Source::new("fix.sql", fix.as_bytes().to_vec());
                for (parsed, statement) in crate::parse::parse(&source, &source.statements)
                    .iter()
                    .zip(&source.statements)
                {
                    let text = source.written(statement);
                    assert!(
                        !matches!(parsed, Parsed::Refused(_)),
                        "{}: {text}\n{fix}",
                        rule.name
                    );
                }
            }
        }
    }
}

/// Rules whose fixes end where the migration would: with the same columns, constraints and indexes.
const SAME_END: &[&str] = &[
    "add-column-scans",
    "check-without-not-valid",
    "foreign-key-without-not-valid",
    "key-builds-index",
    "partition-of-locks-parent",
    "partitioned-index",
    "set-not-null-scans",
];

/// All columns, constraints and indexes, in words, without the names that PostgreSQL chooses. A constraint that the
/// migration leaves NOT VALID may be valid after a fix.
const SHAPE: &str = "select format('%s.%s %s %s %s', c.relname, attname, format_type(atttypid, atttypmod), attnotnull, \
        pg_get_expr(adbin, adrelid)) from pg_attribute a join pg_class c on c.oid = attrelid \
        left join pg_attrdef on adrelid = attrelid and adnum = attnum \
        where relkind in ('r', 'p') and attnum > 0 and not attisdropped and relnamespace::regnamespace::text !~ '^pg_|^inf' \
    union all select format('%s %s', conrelid::regclass, replace(pg_get_constraintdef(oid), ' NOT VALID', '')) \
        from pg_constraint where conrelid > 0 and contype <> 'n' \
    union all select format('%s %s', regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX .* ON ', ' '), indisvalid) \
        from pg_index i join pg_class c on c.oid = i.indexrelid \
        where relnamespace::regnamespace::text !~ '^pg_' order by 1";

/// The shape of a database after these statements, each by itself; those before share its one connection.
fn shape(before: &str, statements: &[&str]) -> Result<Vec<String>, String> {
    let database = ::tests::Database::new();
    let mut client = database.client();
    let made = client.batch_execute(before);
    made.map_err(|error| shared::Error::from(error).to_string())?;
    for statement in statements {
        let run = client.batch_execute(statement);
        run.map_err(|error| format!("{}: {statement}", shared::Error::from(error)))?;
    }
    let rows = client.query(SHAPE, &[]).unwrap();
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Whether a statement has several commands: a fix is of one of them.
fn has_others(sql: &str) -> bool {
    let is_command = |change: &&Change| matches!(change, Change::Alter(_));
    match crate::parse::one(sql) {
        Parsed::Changes(changes) => changes.iter().filter(is_command).count() > 1,
        _ => false,
    }
}

#[test]
fn a_fix_runs_on_a_server_and_ends_where_the_migration_would() {
    let version = ::tests::cluster().version().major;
    let mut wrong = Vec::new();
    let mut runs = 0;
    let is_whole = |example: &&Example| !example.before.is_empty();
    for rule in RULES {
        for example in rule.bad.iter().filter(is_whole) {
            for finding in found_on(rule, example, Version::major(version)) {
                let Some(fix) = finding.fix.map(|fix| fix.text()) else {
                    continue;
                };
                // An example that does not run whole stands on what is not there, or is another version's.
                let whole = shape(example.before, &[example.sql]);
                if whole.is_err() {
                    continue;
                }
                let source = Source::new("fix.sql", fix.as_bytes().to_vec());
                let written = source
                    .statements
                    .iter()
                    .map(|statement| source.written(statement));
                let statements: Vec<&str> = written.collect();
                runs += 1;
                match shape(example.before, &statements) {
                    Err(error) => {
                        wrong.push(format!("{}: {}\n{error}\n{fix}", rule.name, example.sql))
                    }
                    Ok(end) if SAME_END.contains(&rule.name) && !has_others(example.sql) => {
                        if whole.as_ref().is_ok_and(|whole| *whole != end) {
                            wrong.push(format!(
                                "{}: {}\n{fix}\n{end:#?}\n{whole:#?}",
                                rule.name, example.sql
                            ));
                        }
                    }
                    Ok(_) => {}
                }
            }
        }
    }
    assert!(runs > 20, "only {runs} fixes were run");
    assert!(
        wrong.is_empty(),
        "PostgreSQL {version}: {}",
        wrong.join("\n")
    );
}

/// Rules that say of a statement that PostgreSQL refuses it.
const REFUSALS: &[&str] = &[
    "drop-refused",
    "duplicate-column",
    "duplicate-name",
    "foreign-key-without-key",
    "index-method",
    "not-immutable",
    "partition-key-missing",
    "partition-refused",
    "pending-trigger-events",
    "refused-statement",
    "replacement-refused",
    "type-change-refused",
    "undefined-name",
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
///
/// None where it is of another version: it says so, or what it stands on is newer.
fn run(example: &Example, extension: Option<&str>) -> Option<Result<(), String>> {
    const NEWEST: u32 = 18;
    let version = ::tests::cluster().version().major;
    if example.version.major < NEWEST && version > example.version.major {
        return None;
    }
    let database = ::tests::Database::new();
    let mut client = database.client();
    if let Some(extension) = extension {
        let create = format!("CREATE EXTENSION {extension}");
        client.batch_execute(&create).unwrap();
    }
    if let Err(error) = client.batch_execute(example.before) {
        assert!(version < NEWEST, "{}: {error}", example.before);
        return None;
    }
    let source = Source::new("", example.sql.as_bytes().to_vec());
    let statements = source.statements.iter();
    let run = statements
        .map(|statement| source.written(statement))
        .map(|statement| client.batch_execute(statement))
        .find(Result::is_err);
    match run {
        // What an older server has no syntax for says nothing of the rule.
        Some(Err(error)) if error.code() == Some(&SqlState::SYNTAX_ERROR) && version < NEWEST => {
            None
        }
        Some(Err(error)) => Some(Err(shared::Error::from(error).to_string())),
        _ => Some(Ok(())),
    }
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
            let version = Version::major(::tests::cluster().version().major);
            let is_said = !found_on(rule, example, version).is_empty();
            if is_said && run(example, extension).is_some_and(|run| run.is_ok()) {
                wrong.push(format!("{}: not refused: {}", rule.name, example.sql));
            }
        }
        for example in rule.good.iter().filter(is_whole) {
            if let Some(Err(error)) = run(example, extension) {
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
