//! Frameworks as they run: which of a folder's files, in which order, and in which transaction.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::cases::{BEFORE, Case};
use crate::folder;

/// How what is in a file comes to the server.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// In a transaction.
    Transaction,
    /// As one string: several statements are one transaction.
    Whole,
    /// Statement by statement.
    Each,
}

/// Where the way back stands.
#[derive(Clone, Copy, PartialEq)]
pub enum Back {
    None,
    /// Behind this line; the way up behind the first.
    Section(&'static str, &'static str),
    /// In a file whose name ends so and not so.
    File(&'static str, &'static str),
}

/// A framework: how its files are called and run.
pub struct Runner {
    pub named: &'static str,
    pub files: [&'static str; 3],
    marks: &'static [(&'static str, &'static str)],
    pub back: Back,
    inside: Mode,
    /// How a file is run that says this, or has a file beside it that does.
    outside: (&'static str, Mode),
}

pub const RUNNERS: &[Runner] = &[
    Runner {
        named: "golang-migrate",
        files: ["m/1_a.up.sql", "m/2_b.up.sql", "m/3_c.up.sql"],
        marks: &[],
        back: Back::File(".up.sql", ".down.sql"),
        inside: Mode::Whole,
        outside: ("never", Mode::Whole),
    },
    Runner {
        named: "goose",
        files: ["m/00001_a.sql", "m/00002_b.sql", "m/00003_c.sql"],
        marks: &[],
        back: Back::Section("-- +goose Up", "-- +goose Down"),
        inside: Mode::Transaction,
        outside: ("-- +goose NO TRANSACTION", Mode::Each),
    },
    Runner {
        named: "sql-migrate",
        files: ["m/1_a.sql", "m/2_b.sql", "m/3_c.sql"],
        marks: &[],
        back: Back::Section("-- +migrate Up", "-- +migrate Down"),
        inside: Mode::Transaction,
        outside: ("notransaction", Mode::Each),
    },
    Runner {
        named: "dbmate",
        files: [
            "m/20250101000000_a.sql",
            "m/20250131235959_b.sql",
            "m/20250202000000_c.sql",
        ],
        marks: &[],
        back: Back::Section("-- migrate:up", "-- migrate:down"),
        inside: Mode::Transaction,
        outside: ("transaction:false", Mode::Whole),
    },
    Runner {
        named: "tern",
        files: ["m/001_a.sql", "m/002_b.sql", "m/003_c.sql"],
        marks: &[],
        back: Back::Section("", "---- create above / drop below ----"),
        inside: Mode::Transaction,
        outside: ("---- tern: disable-tx ----", Mode::Each),
    },
    Runner {
        named: "sqlx",
        files: [
            "migrations/1_a.sql",
            "migrations/2_b.sql",
            "migrations/3_c.sql",
        ],
        marks: &[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")],
        back: Back::None,
        inside: Mode::Transaction,
        outside: ("-- no-transaction", Mode::Whole),
    },
    Runner {
        named: "sqlx with ways back",
        files: [
            "migrations/1_a.up.sql",
            "migrations/2_b.up.sql",
            "migrations/3_c.up.sql",
        ],
        marks: &[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")],
        back: Back::File(".up.sql", ".down.sql"),
        inside: Mode::Transaction,
        outside: ("-- no-transaction", Mode::Whole),
    },
    Runner {
        named: "PrairieLearn",
        files: [
            "m/20250101000000_a.sql",
            "m/20250102000000_b.sql",
            "m/20250103000000_c.sql",
        ],
        marks: &[(
            "package.json",
            "{\"dependencies\": {\"@prairielearn/migrations\": \"1\"}}\n",
        )],
        back: Back::None,
        inside: Mode::Transaction,
        outside: ("-- prairielearn:migrations NO TRANSACTION", Mode::Whole),
    },
    Runner {
        named: "Prisma",
        files: [
            "m/20250101000000_a/migration.sql",
            "m/20250102000000_b/migration.sql",
            "m/20250103000000_c/migration.sql",
        ],
        marks: &[("m/migration_lock.toml", "provider = \"postgresql\"\n")],
        back: Back::None,
        inside: Mode::Whole,
        outside: ("never", Mode::Whole),
    },
    Runner {
        named: "Supabase",
        files: [
            "supabase/migrations/20250101000000_a.sql",
            "supabase/migrations/20250102000000_b.sql",
            "supabase/migrations/20250103000000_c.sql",
        ],
        marks: &[],
        back: Back::None,
        inside: Mode::Whole,
        outside: ("never", Mode::Whole),
    },
    Runner {
        named: "diesel",
        files: [
            "m/2025-01-01-000000_a/up.sql",
            "m/2025-01-02-000000_b/up.sql",
            "m/2025-01-03-000000_c/up.sql",
        ],
        marks: &[("diesel.toml", "")],
        back: Back::File("up.sql", "down.sql"),
        inside: Mode::Transaction,
        outside: ("run_in_transaction = false", Mode::Whole),
    },
    Runner {
        named: "Flyway",
        files: ["m/V1__a.sql", "m/V2__b.sql", "m/V3__c.sql"],
        marks: &[],
        back: Back::None,
        inside: Mode::Transaction,
        outside: ("CONCURRENTLY", Mode::Each),
    },
];

/// A migration as it is run.
pub struct Step {
    pub up: (Mode, String),
    pub down: Option<(Mode, String)>,
}

impl Runner {
    pub fn build(&self, case: &Case) -> TempDir {
        let first = format!("{BEFORE}{}", case.before);
        let mut files = Vec::new();
        for (path, up, down) in [
            (self.files[0], first.as_str(), ""),
            (self.files[1], case.up, case.down),
            (self.files[2], case.later, ""),
        ] {
            if up.is_empty() {
                continue;
            }
            match self.back {
                Back::None => files.push((path.to_string(), up.to_string())),
                Back::Section(_, line) if down.is_empty() => {
                    files.push((path.to_string(), format!("{}{up}\n{line}\n", self.head())));
                }
                Back::Section(_, line) => {
                    files.push((
                        path.to_string(),
                        format!("{}{up}\n{line}\n{down}", self.head()),
                    ));
                }
                Back::File(end, other) => {
                    files.push((path.to_string(), up.to_string()));
                    let back = path.strip_suffix(end).unwrap();
                    files.push((format!("{back}{other}"), format!("-- back\n{down}")));
                }
            }
        }
        let marks = self.marks.iter();
        let marks = marks.map(|(path, text)| (path.to_string(), text.to_string()));
        files.extend(marks);
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        folder(&files)
    }

    fn head(&self) -> String {
        match self.back {
            Back::Section("", _) | Back::None | Back::File(..) => String::new(),
            Back::Section(line, _) => format!("{line}\n"),
        }
    }

    /// What is there in the order in which it is run.
    pub fn steps(&self, folder: &Path) -> Vec<Step> {
        let root = self.files[0]
            .split_once("/20")
            .or(self.files[0].rsplit_once('/'));
        let mut scripts = Vec::new();
        collect(&folder.join(root.unwrap().0), &mut scripts);
        if let Back::File(up, _) = self.back {
            scripts.retain(|path| path.to_str().unwrap().ends_with(up));
        }
        scripts.retain(|path| path.extension().is_some_and(|end| end == "sql"));
        let number = |path: &PathBuf| {
            let whole = path.to_str().unwrap();
            let name = whole
                .split_once("/m/")
                .or(whole.split_once("migrations/"))
                .unwrap()
                .1;
            let digits = name.trim_start_matches('V').split('_').next().unwrap();
            digits.replace('-', "").parse::<u64>().unwrap()
        };
        scripts.sort_by_key(number);
        let numbers: Vec<_> = scripts.iter().map(number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        if self.named == "tern" {
            assert_eq!(numbers.last().copied(), u64::try_from(numbers.len()).ok());
        }
        scripts.iter().map(|path| self.step(path)).collect()
    }

    fn step(&self, path: &Path) -> Step {
        let text = fs::read_to_string(path).unwrap();
        let beside = path.with_file_name("metadata.toml");
        let conf = PathBuf::from(format!("{}.conf", path.display()));
        let others = [beside, conf].map(|path| fs::read_to_string(path).unwrap_or_default());
        let mode = |text: &str| {
            let mut texts = others.iter().map(String::as_str).chain([text]);
            match texts.any(|text| {
                text.contains(self.outside.0) || text.contains("executeInTransaction=false")
            }) {
                true => self.outside.1,
                false => self.inside,
            }
        };
        match self.back {
            Back::None => Step {
                up: (mode(&text), text),
                down: None,
            },
            Back::Section(_, line) => {
                let (up, down) = text.split_once(line).unwrap_or((&text, ""));
                // The rest of the marker's line is words for the runner.
                let down = down.split_once('\n').map_or("", |(_, down)| down);
                Step {
                    up: (mode(&text), up.to_string()),
                    down: Some((mode(&text), down.to_string())),
                }
            }
            Back::File(end, other) => {
                let back = path.to_str().unwrap().strip_suffix(end).unwrap();
                let down = fs::read_to_string(format!("{back}{other}")).ok();
                Step {
                    up: (mode(&text), text),
                    down: down.map(|down| {
                        assert!(!down.is_empty(), "diesel refuses an empty file");
                        (mode(&down), down)
                    }),
                }
            }
        }
    }
}

pub fn collect(folder: &Path, scripts: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, scripts),
            false => scripts.push(path),
        }
    }
}
