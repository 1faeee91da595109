//! All that reads bytes of a user, called as one function each: what is true of any bytes at all is asserted here, and
//! tried with mangled ones by the tests and by the fuzz targets (`fuzz/`).

use crate::ahead::Ahead;
use crate::baseline::Baseline;
use crate::config::Config;
use crate::effects::Version;
use crate::finding::Finding;
use crate::lint::{Linter, Role, Step};
use crate::parse;
use crate::record::Record;
use crate::rules;
use crate::session::Wrapping;
use crate::source::Source;
use crate::suppress::Suppressions;

/// A migration: it is cut, parsed, held against all rules in a transaction and without one, and its comments are
/// asked. What is found lies within it, and makes a record.
pub fn migration(bytes: &[u8]) {
    let rules: Vec<_> = rules::all().collect();
    for (role, wrapping, version) in [
        (Role::Asked, Wrapping::None, 18),
        (Role::Asked, Wrapping::File, 13),
        (Role::Asked, Wrapping::Implicit, 9),
        (Role::Down, Wrapping::All, 14),
    ] {
        let source = Source::new("migration.sql", bytes.to_vec());
        cut(&source);
        let mut linter = Linter::new(rules.clone(), Version::major(version));
        let step = Step {
            role,
            wrapping,
            ..Step::default()
        };
        linter.start(&source, step);
        let parsed = parse::parse(&source, &source.statements);
        assert_eq!(parsed.len(), source.statements.len());
        linter.expect(Ahead::of(&parsed));
        let mut found = Vec::new();
        for (number, parsed) in parsed.into_iter().enumerate() {
            linter.look(&source, number, parsed, &mut found);
        }
        let mut suppressions = Suppressions::of(&source);
        found.retain(|finding| !suppressions.silences(finding));
        found.extend(suppressions.finish(&rules));
        found
            .into_iter()
            .for_each(|finding| within(finding, &source));
    }
}

/// Statements follow each other, and so do their comments.
fn cut(source: &Source) {
    let mut end = 0;
    for statement in &source.statements {
        assert!(end <= statement.start() && statement.start() < statement.end());
        end = statement.end();
        assert_eq!(
            source.parsable(statement).len(),
            statement.end() - statement.start()
        );
    }
    assert!(end <= source.text.len());
    let ranges = source.comments.iter().map(|comment| &comment.range);
    ranges.for_each(|range| assert!(source.text.get(range.clone()).is_some()));
}

fn within(finding: Finding, source: &Source) {
    let (rule, text) = (finding.rule.name, &source.text);
    assert!(
        text.get(finding.start..finding.end).is_some(),
        "{rule} ends outside of a letter"
    );
    let record = Record::of(finding, source, &source.lines());
    assert!(record.line >= 1 && record.column >= 1, "{record:?}");
    assert!(
        (record.line, record.column) <= (record.end_line, record.end_column),
        "{record:?}"
    );
    assert!(!record.message.is_empty(), "{rule} says nothing");
}

/// A configuration and a baseline: both are read or refused.
pub fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(config) = Config::parse(&text) {
        rules::all().for_each(|rule| {
            config.leaves_out("migrations/1.sql", rule);
        });
    }
    if let Ok(mut baseline) = Baseline::of(bytes) {
        baseline.has("");
    }
}

/// Mangled input that is the same in every run.
#[cfg(test)]
pub mod tests {
    use super::*;

    /// Numbers that look random and are the same in every run.
    pub struct Numbers(pub u64);

    impl Numbers {
        /// One that is less than this.
        pub fn below(&mut self, limit: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % limit
        }

        /// One after the other of these.
        pub fn text<P: AsRef<[u8]>>(&mut self, most: usize, pieces: &[P]) -> Vec<u8> {
            let count = self.below(most);
            (0..count)
                .flat_map(|_| pieces[self.below(pieces.len())].as_ref().to_vec())
                .collect()
        }
    }

    /// What steers the cutting of a script, and what breaks it.
    const PIECES: [&[u8]; 58] = [
        b";",
        b"'",
        b"\"",
        b"$$",
        b"$a$",
        b"$1",
        b"(",
        b")",
        b"/*",
        b"*/",
        b"--",
        b"\n",
        b"\r\n",
        b"\\",
        b"\\.",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xef\xbb\xbf",
        "\u{e9}".as_bytes(),
        b"{{ name }}",
        b"{{",
        b"}}",
        b"${name}",
        b"${",
        b"}",
        b":name",
        b":'name'",
        b"::",
        b":",
        b"%s",
        b"/* NAME */",
        b"\\set a b\n",
        b"\\if :x\n",
        b"\\copy t from x\n",
        b"COPY t FROM stdin;\n1\t2\n\\.\n",
        b"COPY t FROM stdin;\n",
        b"BEGIN;",
        b"COMMIT;",
        b"DO $$ BEGIN ",
        b" END $$;",
        b"EXECUTE 'DROP TABLE t';",
        b"CREATE TABLE t (a int, b text);",
        b"ALTER TABLE t ADD c bigserial, DROP a;",
        b"CREATE INDEX i ON t (lower(b));",
        b"UPDATE t SET a = 1;",
        b"DROP TABLE t CASCADE;",
        b"RENAME TO u;",
        b"SET lock_timeout = '1s';",
        b"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT a FROM t';",
        b"-- pg-migrate-lint: ignore drop-table why\n",
        b"-- pg-migrate-lint: ignore-file locks,",
        b"/* pg-migrate-lint: ignore */",
        b"pg-migrate-lint:",
        b" ",
        b"select ",
        b"E'\\",
        b"alter ",
    ];

    const SETTINGS: [&str; 24] = [
        "rules",
        "also",
        "skip",
        " = ",
        "[",
        "]",
        "\"",
        "\"types\"",
        ",",
        "pg_version",
        "18",
        "\"14.2\"",
        "\n",
        "[severity]\n",
        "rename-column = \"info\"\n",
        "[paths.\"seed/*\"]\n",
        "layout",
        "\"prisma\"",
        "fail_on",
        "true",
        "{\"fingerprint\":\"a\"",
        ",\"elsewhere\":[]}",
        "{",
        "}\n",
    ];

    /// Where a hostile text would cut what is sound.
    fn cuts(text: &[u8], numbers: &mut Numbers) -> Vec<u8> {
        let mut text = text.to_vec();
        for _ in 0..=numbers.below(4) {
            if text.is_empty() {
                break;
            }
            let at = numbers.below(text.len());
            match numbers.below(4) {
                0 => text.truncate(at),
                1 => text[at] ^= 1 << numbers.below(8),
                2 => drop(text.remove(at)),
                _ => {
                    let piece = PIECES[numbers.below(PIECES.len())];
                    text.splice(at..at, piece.iter().copied());
                }
            }
        }
        text
    }

    #[test]
    fn any_migration_is_linted() {
        let mut numbers = Numbers(3);
        for _ in 0..300 {
            migration(&numbers.text(16, &PIECES));
        }
    }

    #[test]
    fn each_example_is_linted_however_it_is_broken() {
        let mut numbers = Numbers(4);
        for rule in rules::RULES {
            for example in rule.bad.iter().chain(rule.good) {
                let text = [example.before, example.sql].join("\n");
                migration(&cuts(text.as_bytes(), &mut numbers));
            }
        }
    }

    #[test]
    fn any_settings_are_read_or_refused() {
        let mut numbers = Numbers(5);
        for _ in 0..3000 {
            settings(&numbers.text(16, &SETTINGS));
        }
    }

    #[test]
    fn the_fuzz_targets_have_what_the_program_is_built_from() {
        let table = |path: &str| -> toml::Table {
            let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).unwrap().parse().unwrap()
        };
        let (own, fuzz) = (table("Cargo.toml"), table("fuzz/Cargo.toml"));
        for (name, _) in own["dependencies"].as_table().unwrap() {
            // They have an allocator of their own.
            let is_there = fuzz["dependencies"].get(name).is_some() || name == "mimalloc";
            assert!(is_there, "{name} is missing in fuzz/Cargo.toml");
        }
    }

    #[test]
    fn each_seed_of_the_fuzz_targets_is_read() {
        let seeds = |target: &str| {
            let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
            let files = std::fs::read_dir(folder).unwrap();
            files.map(|file| std::fs::read(file.unwrap().path()).unwrap())
        };
        assert!(seeds("migration").count() > 5 && seeds("settings").count() > 1);
        seeds("migration").for_each(|seed| migration(&seed));
        seeds("settings").for_each(|seed| settings(&seed));
    }
}
