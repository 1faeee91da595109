//! A tool as its command line describes it.

use super::flag::Flag;
use crate::Error;

/// What a tool is called, takes and does: the source of the parser, of
/// `--help`, of the man page and of the completions.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// The program's name.
    pub name: &'static str,
    /// `env!("CARGO_PKG_VERSION")` of the tool.
    pub version: &'static str,
    /// What it does, in a few words without a full stop.
    pub about: &'static str,
    /// The ways to call it, without the name; the first one is the usual one.
    pub synopsis: &'static [&'static str],
    /// What it does in a few paragraphs, divided by empty lines.
    pub description: &'static str,
    /// Its own flags, in the order of the help.
    pub flags: &'static [Flag],
    /// Whether it takes the connection's flags `-d -h -p -U -w` as well.
    pub connects: bool,
    /// What its operands are called and what they are; none are accepted otherwise.
    pub operands: Option<(&'static str, &'static str)>,
    /// What the words after `--` are, where they are not operands.
    pub passes: Option<(&'static str, &'static str)>,
    /// Formats of `-o` beyond those that every tool writes.
    pub formats: &'static [&'static str],
    /// Says that the command line is wrong in the way that the format asks for that it names with `-o`, one of
    /// [`Self::formats`]; it does not come back where it did.
    pub refuse: Option<fn(&str, &Error)>,
    /// What an example does, and its command line.
    pub examples: &'static [(&'static str, &'static str)],
    /// What exit status 1 means here.
    pub found: &'static str,
    /// The fields of its records and what they mean, in their order: for the man page.
    pub fields: Terms,
    /// Those of them that a terminal without room for all shows, the most telling first; the last
    /// is in words.
    pub telling: &'static [&'static str],
    /// Records of other kinds: what they are called, what they are, and their fields; for the man page.
    pub kinds: Kinds,
    /// Further lists of the man page, each below its heading.
    pub lists: &'static [(&'static str, Terms)],
    /// Variables that it heeds besides those of the connection.
    pub variables: Terms,
    /// Files that it reads or writes besides those of the connection, for the man page.
    pub files: Terms,
    /// What a reader of the man page may want next: pages, each with its section, as `psql(1)`.
    pub see_also: &'static [&'static str],
}

/// Words, each with what it means.
pub type Terms = &'static [(&'static str, &'static str)];

/// Kinds of records: the name, what it is, and its fields.
pub type Kinds = &'static [(&'static str, &'static str, Terms)];

impl Tool {
    /// A tool that takes no flags of its own and does not connect.
    pub const fn new(name: &'static str, version: &'static str, about: &'static str) -> Self {
        Self {
            name,
            version,
            about,
            synopsis: &["[OPTION]..."],
            description: "",
            flags: &[],
            connects: false,
            operands: None,
            passes: None,
            formats: &[],
            refuse: None,
            examples: &[],
            found: "the job was done, and found something that needs attention",
            fields: &[],
            telling: &[],
            kinds: &[],
            lists: &[],
            variables: &[],
            files: &[],
            see_also: &[],
        }
    }

    /// The ways to call it, without the name.
    pub const fn synopsis(mut self, lines: &'static [&'static str]) -> Self {
        self.synopsis = lines;
        self
    }

    /// What it does in a few paragraphs, divided by empty lines.
    pub const fn description(mut self, text: &'static str) -> Self {
        self.description = text;
        self
    }

    /// Its own flags.
    pub const fn flags(mut self, flags: &'static [Flag]) -> Self {
        self.flags = flags;
        self
    }

    /// Takes the connection's flags as well.
    pub const fn connects(mut self) -> Self {
        self.connects = true;
        self
    }

    /// Takes operands.
    pub const fn operands(mut self, metavar: &'static str, help: &'static str) -> Self {
        self.operands = Some((metavar, help));
        self
    }

    /// Takes the words after `--` apart from its operands.
    pub const fn passes(mut self, metavar: &'static str, help: &'static str) -> Self {
        self.passes = Some((metavar, help));
        self
    }

    /// Writes these formats too.
    pub const fn formats(mut self, formats: &'static [&'static str]) -> Self {
        self.formats = formats;
        self
    }

    /// Sets [`Self::refuse`].
    pub const fn refuse(mut self, refuse: fn(&str, &Error)) -> Self {
        self.refuse = Some(refuse);
        self
    }

    /// What an example does, and its command line.
    pub const fn examples(mut self, examples: &'static [(&'static str, &'static str)]) -> Self {
        self.examples = examples;
        self
    }

    /// What exit status 1 means.
    pub const fn found(mut self, text: &'static str) -> Self {
        self.found = text;
        self
    }

    /// The fields of its records and what they mean, in their order.
    pub const fn fields(mut self, fields: Terms) -> Self {
        self.fields = fields;
        self
    }

    /// Those of them that a terminal without room for all shows, the most telling first; the last
    /// is in words.
    pub const fn telling(mut self, fields: &'static [&'static str]) -> Self {
        self.telling = fields;
        self
    }

    /// Records of other kinds, for the man page.
    pub const fn kinds(mut self, kinds: Kinds) -> Self {
        self.kinds = kinds;
        self
    }

    /// Further lists of the man page, each below its heading.
    pub const fn lists(mut self, lists: &'static [(&'static str, Terms)]) -> Self {
        self.lists = lists;
        self
    }

    /// Variables that it heeds besides those of the connection.
    pub const fn variables(mut self, variables: Terms) -> Self {
        self.variables = variables;
        self
    }

    /// Files that it reads or writes besides those of the connection.
    pub const fn files(mut self, files: Terms) -> Self {
        self.files = files;
        self
    }

    /// The pages that its man page leads to, each as `psql(1)`.
    pub const fn see_also(mut self, pages: &'static [&'static str]) -> Self {
        self.see_also = pages;
        self
    }

    /// Every flag it takes: its own, then the common ones that it does not
    /// declare itself.
    pub fn all_flags(&self) -> Vec<Flag> {
        let mut flags = self.flags.to_vec();
        let connection = super::common::CONNECTION.iter().filter(|_| self.connects);
        for flag in connection.chain(super::common::ALWAYS) {
            if !flags.iter().any(|own| own.long == flag.long) {
                flags.push(*flag);
            }
        }
        flags
    }

    /// The values that a flag accepts; empty where any text may be one.
    pub fn choices(&self, flag: &Flag) -> Vec<&'static str> {
        let mut choices = flag.choices.to_vec();
        if flag.long == super::common::OUTPUT {
            choices.extend(self.formats);
        }
        choices
    }

    /// The usual way to call it.
    pub fn usage(&self) -> String {
        let synopsis = self.synopsis.first().copied().unwrap_or_default();
        format!("{} {synopsis}", self.name)
    }

    /// What each exit status means.
    pub fn exit_statuses(&self) -> [(&'static str, &'static str); 3] {
        [
            ("0", "all is well"),
            ("1", self.found),
            ("2", "the job could not be done; stderr says why"),
        ]
    }
}
