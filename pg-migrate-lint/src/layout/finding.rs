//! What is wrong with a folder of migrations, whatever its SQL says.

use std::path::{Path, PathBuf};

use super::examples;
use super::versions::name_of;
use crate::finding::Severity;
use crate::rules::{Group, Rule};

/// Something wrong with a folder, a name or a side file.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that it breaks.
    pub rule: &'static Rule,
    /// Not always the rule's own: runners differ in what they make of it.
    pub severity: Severity,
    /// The file or folder.
    pub path: PathBuf,
    /// The line, from 1, where it is about one.
    pub line: Option<usize>,
    /// What is wrong, in one sentence with the names of both sides.
    pub message: String,
    /// What to do about it.
    pub fix: Option<String>,
}

impl Finding {
    /// With the severity of the rule.
    pub fn new(rule: &'static Rule, path: &Path, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            path: path.to_path_buf(),
            line: None,
            message: message.into(),
            fix: None,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The same, as grave as the runner makes it.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same, about this line of the file.
    #[must_use]
    pub fn at_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }
}

/// That a runner passes over a file, since its names have this form.
pub fn skipped(path: &Path, runner: &str, form: &str) -> Finding {
    let message = format!("{runner} runs {form}: it passes over {}", name_of(path));
    Finding::new(&SKIPPED_FILE, path, message)
        .with_fix("rename it, or move what is no migration out of the folder")
}

/// That a runner stops at a file, since it can't read the version in its name.
pub fn invalid_version(path: &Path, runner: &str, version: &str) -> Finding {
    let name = name_of(path);
    let message = format!("{version:?} in {name} is no version that {runner} reads: it stops here");
    Finding::new(&INVALID_VERSION, path, message)
        .with_fix("begin the name with a number and an underscore")
}

/// That a file has line endings which another checkout may not have.
pub fn crlf(path: &Path, runner: &str) -> Finding {
    let name = name_of(path);
    let message = format!("{name} has CRLF line endings, and {runner}'s checksum is over bytes");
    Finding::new(&CRLF_LINE_ENDINGS, path, message)
        .with_fix("commit it with LF, and `*.sql text eol=lf` in .gitattributes")
}

/// That a file lacks the comment that tells a runner what to run.
pub fn missing_marker(path: &Path, runner: &str, marker: &str, consequence: &str) -> Finding {
    let message = format!(
        "{} has no `{marker}`: {runner} {consequence}",
        name_of(path)
    );
    Finding::new(&MISSING_MARKER, path, message).with_fix(format!("put `{marker}` before its SQL"))
}

macro_rules! rules {
    ($($constant:ident $name:literal $severity:ident $group:ident $summary:literal $explanation:literal)*) => {
        /// Every rule about folders.
        pub static RULES: &[&Rule] = &[$(&$constant),*];
        $(
            #[doc = $summary]
            pub static $constant: Rule = Rule {
                name: $name,
                group: Group::$group,
                severity: Severity::$severity,
                summary: $summary,
                explanation: $explanation,
                versions: "",
                bad: examples::$constant.bad,
                good: examples::$constant.good,
                check: |_, _| {},
            };
        )*
    };
}

rules! {
    DUPLICATE_VERSION "duplicate-version" Error Folder
    "two migrations have the same version"
    "A runner remembers versions, not files. When two branches take the same number, one runner \
     refuses both (Flyway, golang-migrate, goose, refinery, tern), another fails on the key of its \
     history table (sqlx, Supabase), a third takes the second file for applied and never runs it \
     (dbmate, diesel). Give the newer one the next free version."
    VERSION_GAP "version-gap" Error Folder
    "a number is missing from a sequence that must have none"
    "tern counts its files: a missing number ends the run before anything is applied. Renumber the \
     files that follow, unless they are applied already; then put the missing file back."
    VERSION_OUT_OF_ORDER "version-out-of-order" Warning Folder
    "a new migration sorts before one that is there already"
    "Where the later one is applied already, the new one comes too late: golang-migrate and \
     Drizzle never run it, and say nothing; Flyway, goose, node-pg-migrate, refinery, Sqitch and \
     Supabase refuse to go on; others run it in an order that no test has seen. Rename it so that it comes \
     last."
    LEXICAL_ORDER "lexical-order" Error Folder
    "the runner sorts names as text, and these numbers differ in length"
    "10_b.sql comes before 2_a.sql when names are compared as text, as dbmate, diesel, Prisma and \
     Supabase do. Pad the numbers with zeros to the same length before anything is applied."
    INVALID_VERSION "invalid-version" Error Folder
    "the version in a name is none that the runner can read"
    "The runner reads the version of every file of the folder before it runs any, and stops at this \
     one: nothing is applied until it is renamed or moved. Begin the name with a number that no \
     other migration has."
    SKIPPED_FILE "skipped-file" Warning Folder
    "the runner passes over this file without a word"
    "Its name does not have the form that the runner looks for, so it will never be applied. \
     \
     Rename it, or move what is no migration out of the folder. A test that only counts tables does \
     not notice; the first query that needs what it makes does."
    MISSING_MARKER "missing-marker" Error Folder
    "the file lacks the comment that tells the runner what to run"
    "goose, dbmate, sql-migrate and graphile-migrate find the SQL by marker comments. Without them \
     they stop with an error, or run nothing of it. Put the marker that the message names on a line \
     of its own before the SQL."
    SPLIT_BODY "split-body" Error Folder
    "the runner cuts this function body at its semicolons"
    "goose and sql-migrate end a statement at a line that ends in a semicolon, also within $$ … $$. \
     The server gets halves of \
     a function, and refuses the first. Put StatementBegin and StatementEnd around it."
    MIXED_TRANSACTION "mixed-transaction" Error Folder
    "statements that need a transaction and such that refuse one are in the same script"
    "Flyway runs a script either inside a transaction or outside of any, and refuses one that holds \
     both sorts unless mixed=true. Move the statement that can't run in a transaction to a script \
     of its own."
    JOURNAL_WITHOUT_FILE "journal-without-file" Error Folder
    "the journal names a migration whose file is not there"
    "drizzle-orm reads every file that meta/_journal.json names before it applies any, and stops at \
     the first that is missing. It is what is left when a merge or .gitignore loses the file. Put it \
     back, or take the entry and its snapshot away by drizzle-kit drop."
    FILE_WITHOUT_JOURNAL "file-without-journal" Warning Folder
    "a migration is not in the journal"
    "drizzle-orm runs what meta/_journal.json names, nothing else: this file will never be applied. \
     Make migrations by drizzle-kit generate (--custom for SQL of one's own)."
    JOURNAL_NOT_INCREASING "journal-not-increasing" Error Folder
    "the journal's time of a migration is not later than that of one before it"
    "drizzle-orm applies an entry only if its `when` is greater than the greatest one applied. On a \
     database that has the earlier one this migration is skipped, silently and for ever. Merged \
     branches and restored journals make such entries. Set `when` to a time after the entry before."
    OTHER_DATABASE "other-database" Warning Folder
    "the migrations are for another database than PostgreSQL"
    "migration_lock.toml names another provider. What is said about them assumes PostgreSQL's locks \
     and grammar, so it may be wrong all through. If the database is PostgreSQL, say so there; if \
     not, this tool is not for them."
    FOLDER_WITHOUT_MIGRATION "folder-without-migration" Error Folder
    "a migration's folder lacks its SQL"
    "Prisma and diesel stop at a folder that has no migration in it; Drizzle passes over it. It is \
     what is left when files are not committed, or a merge removed them."
    PLAN_WITHOUT_SCRIPT "plan-without-script" Error Folder
    "the plan names a change whose script is not there"
    "sqitch deploy stops at a change without its deploy script, and sqitch revert at one without \
     its revert script. It was not committed, or lost in a merge. Put it back, or take the change \
     out of sqitch.plan if it was never deployed."
    SCRIPT_WITHOUT_PLAN "script-without-plan" Warning Folder
    "a script is in no plan"
    "Sqitch deploys what sqitch.plan lists. A script that was not added by `sqitch add` never runs, \
     whatever its name. Add it, or remove it if its change was taken out of the plan."
    BROKEN_CHAIN "broken-chain" Error Folder
    "a committed migration does not follow the one before it"
    "graphile-migrate chains its migrations: each names the hash of the one before. Two branches \
     that each committed one break the chain, and every run stops. `graphile-migrate uncommit` the \
     newer one and commit it again."
    EDITED_MIGRATION "edited-migration" Error Folder
    "a migration that was there before has been changed"
    "Where it is applied already, the change never arrives: runners that keep a checksum refuse to \
     go on (Flyway, sqlx, Prisma, Sqitch, refinery, graphile-migrate), the others leave databases \
     that differ from each other. Undo the change and write a new migration."
    REMOVED_MIGRATION "removed-migration" Error Folder
    "a migration that was there before is gone"
    "A database built from what is left lacks it, and runners that compare their history with the \
     folder refuse to go on. Put it back; take its effect away by a new migration."
    CRLF_LINE_ENDINGS "crlf-line-endings" Warning Folder
    "line endings are CRLF, and the runner's checksum is over bytes"
    "Another checkout may have LF instead, and then the runner takes an applied migration for a \
     changed one (sqlx, refinery, Sqitch, graphile-migrate). Commit LF, and say `*.sql text eol=lf` \
     in .gitattributes."
    MISSING_DOWN "missing-down" Info Style
    "a migration has no way back"
    "There is nothing to run when it has to be taken back in a hurry. Write the down part, and try \
     it before it is needed; where nothing can be taken back, as after DROP COLUMN, let it say so \
     and fail."
    MISSING_HEADER "missing-header" Info Style
    "a migration does not say what it is for"
    "Years later the file is all there is: a comment at its head that says what changes, and why, \
     saves the next reader the search through tickets and chats. Markers of the runner and what \
     generators write above single statements (`-- CreateTable`) do not count."
    VAGUE_NAME "vague-name" Info Style
    "a migration's name does not say what it does"
    "`0042_update.sql` says nothing in the list of what is pending, or in the history table at \
     three in the morning; `0042_orders_add_shipped_at.sql` does. Names that the framework makes up \
     itself, as Drizzle and graphile-migrate do, are left alone. Rename it before it is applied, \
     never after."
}
