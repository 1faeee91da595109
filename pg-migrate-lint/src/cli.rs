//! The command line of pg-migrate-lint.

mod table;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use shared::cli::{self, Value};
use shared::{Error, Result, units};

use crate::config::Config;
use crate::effects::Version;
use crate::finding::Severity;
use crate::history::{Question, Wanted};
use crate::layout::{self, Layout};
use crate::listing::Listing;
use crate::rehearse::Wish;
use crate::rules::{self, Group, Rule};
use crate::session::Wrapping;
use crate::sizes::Rates;

pub use table::TOOL;

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Options {
    /// What to lint, in the order given; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// A list of files, one a line.
    pub files_from: Option<PathBuf>,
    /// Say what there is.
    pub listing: Option<Listing>,
    /// These rules and groups too.
    only: Vec<String>,
    /// Not these.
    skip: Vec<String>,
    /// From where on the status is 1.
    fail_on: Option<FailOn>,
    /// The server's major version.
    version: Option<Version>,
    /// How files are put into transactions.
    in_transaction: Option<InTransaction>,
    /// The framework, or by looking.
    layout: Option<Option<Layout>>,
    /// Only what is new since this commit, or after this file.
    pub since: Option<String>,
    /// A file of rules and severities.
    config: Option<PathBuf>,
    /// Findings that are known.
    pub baseline: Option<PathBuf>,
    /// How fast a server works.
    pub rates: Rates,
    /// Whether that was said.
    has_rates: bool,
    /// Tables with fewer rows are small.
    small_table: Option<i64>,
    /// What is asked of a server, instead of linting.
    pub question: Option<Question>,
    /// Where the framework's history table is.
    history: Option<Wanted>,
    /// The version that a plan leads back to.
    pub to: Option<String>,
    /// Objects that may be other than the migrations make them.
    pub ignored: Vec<String>,
    /// Run the migrations, instead of linting.
    is_rehearsal: bool,
    has_timeout: bool,
    /// How.
    wish: Wish,
    /// SQL that is run on a throw-away server before the migrations.
    pub setup: Option<PathBuf>,
    /// A flag that says how.
    of_wish: Option<&'static str>,
    /// What the file says.
    pub settings: Config,
}

/// `--fail-on`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FailOn {
    /// Errors.
    #[default]
    Error,
    /// Warnings, too.
    Warning,
    /// Nothing.
    Never,
}

impl FailOn {
    /// As it is called on the command line.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "error" => Self::Error,
            "warning" => Self::Warning,
            "never" => Self::Never,
            _ => return None,
        })
    }

    /// Whether a finding of this severity makes the status 1.
    pub fn counts(self, severity: Severity) -> bool {
        match self {
            Self::Error => severity >= Severity::Error,
            Self::Warning => severity >= Severity::Warning,
            Self::Never => false,
        }
    }
}

/// `--in-transaction`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InTransaction {
    /// As the layout says.
    #[default]
    Auto,
    /// Each file is one.
    Yes,
    /// Only what BEGIN and COMMIT enclose.
    No,
}

impl InTransaction {
    /// As it is called on the command line.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::Auto,
            "yes" => Self::Yes,
            "no" => Self::No,
            _ => return None,
        })
    }
}

/// The version that is assumed where none is said.
const NEWEST: Version = Version::major(18);

impl Options {
    /// From where on the status is 1.
    pub fn fail_on(&self) -> FailOn {
        self.fail_on.or(self.settings.fail_on).unwrap_or_default()
    }

    /// The server's version; where none is said, that of the one that is asked.
    pub fn version(&self, asked: Option<Version>) -> Version {
        let said = self.version.or(self.settings.version);
        said.or(asked).unwrap_or(NEWEST)
    }

    /// From how many rows on a table is no small one.
    pub fn small_table(&self) -> Option<i64> {
        self.small_table.or(self.settings.small_table)
    }

    /// What was said that means nothing without a server.
    pub fn needs_server(&self) -> Option<&'static str> {
        match (self.small_table, self.has_rates) {
            (Some(_), _) => Some("--small-table"),
            (None, true) => Some("--rate"),
            (None, false) => None,
        }
    }

    /// The server's major version, if it was said.
    pub fn wanted_major(&self) -> Option<u32> {
        let version = self.version.or(self.settings.version);
        version.map(|version| version.major)
    }

    /// How a file is run that its layout would have run so.
    pub fn wrapping(&self, own: Wrapping) -> Wrapping {
        match self
            .in_transaction
            .or(self.settings.in_transaction)
            .unwrap_or_default()
        {
            InTransaction::Yes => Wrapping::File,
            InTransaction::Auto => own,
            InTransaction::No => Wrapping::None,
        }
    }

    /// The framework, if it is not found by looking.
    pub fn layout(&self) -> Option<Layout> {
        self.layout.unwrap_or(self.settings.layout)
    }

    /// Where the framework's history table is, if not where it is looked for.
    pub fn history(&self) -> Option<&Wanted> {
        self.history.as_ref().or(self.settings.history.as_ref())
    }

    /// The rules that are asked: the usual ones, or those that are named and the usual ones where these are
    /// groups that are not usual.
    pub fn rules(&self) -> Vec<&'static Rule> {
        let names = |list: &[String], rule: &Rule| {
            list.iter()
                .any(|name| name == rule.name || name == rule.group.name())
        };
        let only = match self.only.is_empty() {
            true => &self.settings.rules,
            false => &self.only,
        };
        let is_asked = |rule: &Rule| match only.is_empty() {
            true => rule.group.is_usual() || names(&self.settings.also, rule),
            false => names(only, rule) || rule.name == rules::SYNTAX.name,
        };
        let is_set = self.settings.has_lock_timeout;
        let is_skipped = |rule: &Rule| {
            is_set && rule.name == rules::MISSING_LOCK_TIMEOUT.name
                || names(&self.skip, rule)
                || names(&self.settings.skip, rule) && !names(&self.only, rule)
        };
        rules::all()
            .filter(|rule| is_asked(rule) && !is_skipped(rule))
            .collect()
    }
}

impl Options {
    fn ask(&mut self, question: Question) -> Result<()> {
        match self.question.replace(question) {
            Some(other) if other != question => Err(Error::usage(format!(
                "{} and {} exclude each other",
                other.flag(),
                question.flag()
            ))),
            _ => Ok(()),
        }
    }

    /// What a rehearsal is to be like, if one is asked for.
    pub fn rehearsal(&self) -> Option<&Wish> {
        self.is_rehearsal.then_some(&self.wish)
    }

    fn wish(&mut self, flag: &'static str) -> &mut Wish {
        self.of_wish = Some(flag);
        &mut self.wish
    }

    /// What goes with a rehearsal, and what does not.
    fn check_rehearsal(&self) -> Result<()> {
        if let (Some(flag), false) = (self.of_wish, self.is_rehearsal) {
            return Err(Error::usage(format!("{flag} needs --rehearse")));
        }
        if !self.is_rehearsal {
            return Ok(());
        }
        for (flag, is_given) in [
            ("--status", self.question == Some(Question::Status)),
            ("--pending", self.question == Some(Question::Pending)),
            (
                "--rollback-plan",
                self.question == Some(Question::RollbackPlan),
            ),
            (
                "--check-rollback",
                self.question == Some(Question::CheckRollback),
            ),
            ("--drift", self.question == Some(Question::Drift)),
            ("--baseline", self.baseline.is_some()),
            ("--rule", !self.only.is_empty()),
            ("--skip", !self.skip.is_empty()),
        ] {
            if is_given {
                return Err(Error::usage(format!(
                    "--rehearse and {flag} exclude each other"
                )));
            }
        }
        match self.paths.iter().any(|path| path.as_os_str() == "-") {
            true => Err(Error::usage(
                "--rehearse needs files or folders, not standard input",
            )),
            false => Ok(()),
        }
    }

    /// So long a statement of a migration may take; zero: for ever.
    pub fn timeout(&self) -> Duration {
        self.wish.timeout
    }

    /// What goes with migrations that are run.
    fn check_throw_away(&self) -> Result<()> {
        let question = matches!(
            self.question,
            Some(Question::CheckRollback | Question::Drift)
        );
        if self.is_rehearsal || question {
            return Ok(());
        }
        for (flag, is_given) in [
            ("--setup", self.setup.is_some()),
            ("--timeout", self.has_timeout),
        ] {
            if is_given {
                return Err(Error::usage(format!(
                    "{flag} needs --rehearse, --check-rollback or --drift"
                )));
            }
        }
        Ok(())
    }

    /// What goes with a server, and what does not.
    fn check_question(&self) -> Result<()> {
        if self.to.is_some() && self.question != Some(Question::RollbackPlan) {
            return Err(Error::usage("--to needs --rollback-plan"));
        }
        if !self.ignored.is_empty() && self.question != Some(Question::Drift) {
            return Err(Error::usage("--ignore needs --drift"));
        }
        let Some(question) = self.question else {
            return match &self.history {
                Some(_) if !self.is_rehearsal => Err(Error::usage(
                    "--history goes with --status, --pending, --rollback-plan, --drift or --rehearse only",
                )),
                _ => Ok(()),
            };
        };
        let has_rules = question == Question::RollbackPlan;
        let is_of_new = has_rules || question == Question::CheckRollback;
        for (flag, is_given) in [
            ("--since", self.since.is_some() && !is_of_new),
            ("--baseline", self.baseline.is_some()),
            ("--rule", !self.only.is_empty() && !has_rules),
            ("--skip", !self.skip.is_empty() && !has_rules),
            ("--small-table", self.small_table.is_some()),
            ("--rate", self.has_rates),
        ] {
            if is_given {
                return Err(Error::usage(format!(
                    "{flag} is for linting, not for {}",
                    question.flag()
                )));
            }
        }
        match self.paths.iter().any(|path| path.as_os_str() == "-") {
            true => Err(Error::usage(format!(
                "{} needs files or folders, not standard input",
                question.flag()
            ))),
            false => Ok(()),
        }
    }
}

impl cli::Options for Options {
    fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        match flag {
            "rule" => self.only.extend(named(value.text()?)?),
            "skip" => self.skip.extend(named(value.text()?)?),
            "fail-on" => self.fail_on = FailOn::from_name(value.text()?),
            "pg-version" => self.version = Some(version(value.text()?)?),
            "in-transaction" => self.in_transaction = InTransaction::from_name(value.text()?),
            "layout" => self.layout = Some(layout(value.text()?)?),
            "since" => self.since = Some(value.text()?.to_string()),
            "files-from" => self.files_from = Some(value.path()),
            "config" => self.config = Some(value.path()),
            "baseline" => self.baseline = Some(value.path()),
            "status" => self.ask(Question::Status)?,
            "pending" => self.ask(Question::Pending)?,
            "rollback-plan" => self.ask(Question::RollbackPlan)?,
            "check-rollback" => self.ask(Question::CheckRollback)?,
            "drift" => self.ask(Question::Drift)?,
            "ignore" => self.ignored.push(value.text()?.to_string()),
            "setup" => self.setup = Some(value.path()),
            "to" => self.to = Some(value.text()?.to_string()),
            "history" => {
                let table = Wanted::parse(value.text()?);
                let refused = || value.refuse("TABLE or SCHEMA.TABLE is needed, as SQL writes it");
                self.history = Some(table.ok_or_else(refused)?);
            }
            "small-table" => self.small_table = Some(rows(value)?),
            "rate" => {
                self.rates.set(value.text()?)?;
                self.has_rates = true;
            }
            "rehearse" => self.is_rehearsal = true,
            "yes-disposable" => self.wish("--yes-disposable").is_disposable = true,
            "yes-disposable-server" => {
                let wish = self.wish("--yes-disposable-server");
                (wish.is_disposable, wish.is_server_disposable) = (true, true);
            }
            "background-load" => self.wish("--background-load").has_load = true,
            "timeout" => {
                self.has_timeout = true;
                self.wish.timeout = value.duration()?;
            }
            "list-rules" => self.listing = Some(Listing::Rules),
            "explain" => self.listing = Some(Listing::Explain(rule(value.text()?)?)),
            _ => return Err(cli::unhandled(flag)),
        }
        Ok(())
    }

    fn operand(&mut self, value: OsString) -> Result<()> {
        self.paths.push(value.into());
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        self.settings = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::of_folder()?,
        };
        self.check_rehearsal()?;
        self.check_question()?;
        self.check_throw_away()?;
        let is_asked = self.listing.is_some() || self.files_from.is_some();
        match self.paths.is_empty() && !is_asked {
            true => Err(Error::usage("no migration was named")
                .with_hint("name files or folders, or - for standard input")),
            false => Ok(()),
        }
    }
}

/// A number of rows: 10000, 100k, 2M.
fn rows(value: &Value) -> Result<i64> {
    let rows = units::bytes(value.text()?).ok();
    let rows = rows.and_then(|rows| i64::try_from(rows).ok());
    rows.filter(|rows| *rows > 0)
        .ok_or_else(|| value.refuse("a number of rows is needed, such as 10000 or 1M"))
}

/// Rules and groups, by their names.
pub fn named(text: &str) -> Result<Vec<String>> {
    text.split(',')
        .map(|name| {
            let name = name.trim();
            let is_group = Group::ALL.iter().any(|group| group.name() == name);
            match is_group {
                true => Ok(name.to_string()),
                false => rule(name).map(|rule| rule.name.to_string()),
            }
        })
        .collect()
}

/// The rule of this name.
pub fn rule(name: &str) -> Result<&'static Rule> {
    rules::find(name).ok_or_else(|| {
        Error::usage(format!("there is no rule {name:?}")).with_hint("--list-rules names them")
    })
}

/// The layout of this name; none for `auto`.
pub fn layout(name: &str) -> Result<Option<Layout>> {
    let layout = Layout::from_name(name);
    match layout.is_none() && name != "auto" {
        true => Err(Error::usage(format!("there is no layout {name:?}"))
            .with_hint(layout::NAMES.join(", "))),
        false => Ok(layout),
    }
}

/// A major version, which may come with a minor one.
pub fn version(text: &str) -> Result<Version> {
    let (major, minor) = text.split_once('.').unwrap_or((text, ""));
    let major = major.parse().ok().filter(|major| (9..=99).contains(major));
    let minor = minor.parse().ok();
    let version = major.map(|major| Version { major, minor });
    version.ok_or_else(|| Error::usage(format!("{text:?} is no version of PostgreSQL")))
}

#[cfg(test)]
mod tests {
    use shared::records::columns;

    #[test]
    fn table_is_sound() {
        shared::cli::check_table::<super::Options>(&super::TOOL).unwrap();
    }

    #[test]
    fn the_manual_has_the_fields_of_a_record() {
        shared::cli::check_fields::<crate::record::Record>(&super::TOOL).unwrap();
        let told = |kind: usize| -> Vec<&str> {
            let fields = super::TOOL.kinds[kind].2.iter();
            fields.map(|(name, _)| *name).collect()
        };
        assert_eq!(told(0), columns::<crate::history::Record>());
        assert_eq!(told(1), columns::<crate::rollback::Record>());
        assert_eq!(told(2), columns::<crate::rollback::Checked>());
        assert_eq!(told(3), columns::<crate::drift::Drift>());
        assert_eq!(told(4), columns::<crate::rehearse::Record>());
    }
}
