//! For each tool one command line that writes a few records, always the same ones,
//! and one that fails; neither needs a server.

use std::fs;

use tempfile::TempDir;
use tests::{ToolCommand, tool};

/// What the conventions need to know of a tool.
pub struct Sample {
    /// Its name.
    pub tool: &'static str,
    /// Its exit status after writing the records.
    pub status: i32,
    /// The columns that differ from run to run.
    pub varying: &'static [&'static str],
    /// What its table is like.
    pub table: Table,
    records: &'static [&'static str],
    failure: &'static [&'static str],
    folder: TempDir,
}

/// What `-o table` makes of records.
pub enum Table {
    /// Their columns.
    Columns,
    /// A drawing with a heading and other columns, a line for each.
    Drawing,
    /// Several lines for each, of which the first begins so.
    Excerpts(&'static str),
}

impl Sample {
    fn new(
        tool: &'static str,
        records: &'static [&'static str],
        failure: &'static [&'static str],
    ) -> Self {
        Self {
            tool,
            status: 0,
            varying: &[],
            table: Table::Columns,
            records,
            failure,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn with_file(self, name: &str, content: &str) -> Self {
        fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    /// Writes two records or more.
    pub fn records(&self) -> ToolCommand {
        self.command(self.records)
    }

    /// Fails with status 2 before the first record.
    pub fn failure(&self) -> ToolCommand {
        self.command(self.failure)
    }

    fn command(&self, words: &[&str]) -> ToolCommand {
        tool(self.tool).args(words).current_dir(self.folder.path())
    }
}

/// All tools.
pub fn samples() -> Vec<Sample> {
    let numbers = Sample::new("numbers", &[], &["-n", "0", "--then", "fail"]);
    let verify = Sample {
        status: 1,
        varying: &["duration_ms"],
        ..Sample::new(
            "pg-restore-verify",
            &["-q", "garbage.dump", "empty.sql"],
            &["--latest", "missing"],
        )
    };
    let rotate = Sample {
        varying: &["age_seconds"],
        ..Sample::new(
            "pg-dump-rotate",
            &["--list", "--dir", "."],
            &["--list", "--dir", "missing"],
        )
    };
    let locks = Sample {
        table: Table::Drawing,
        ..Sample::new(
            "pg-lock-kill",
            &["-q", "--snapshot", "locks.json"],
            &["--snapshot", "missing"],
        )
    };
    let report = Sample::new(
        "pg-stat-report",
        &["--list-sections"],
        &["ping", "-p", "1x"],
    );
    let lint = Sample {
        status: 1,
        table: Table::Excerpts("orders.sql:"),
        ..Sample::new("pg-migrate-lint", &["-q", "orders.sql"], &["missing.sql"])
    };
    vec![
        numbers,
        report,
        lint.with_file("orders.sql", "drop table orders;\nvacuum full users;\n"),
        locks.with_file("locks.json", include_str!("locks.json")),
        rotate
            .with_file("app_20261118T030000Z.dump", "")
            .with_file("app_20261119T030000Z.sql", "--\n"),
        verify
            .with_file("garbage.dump", "this is no backup")
            .with_file("empty.sql", ""),
    ]
}
