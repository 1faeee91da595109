//! One flag: everything that the parser, `--help`, the man page and the
//! completions know about it.

/// A row of a tool's flag table.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// The name after `--`; also the name that [`super::Options::set`] gets.
    pub long: &'static str,
    /// The letter after `-`.
    pub short: Option<char>,
    /// What its value is called in the help (`DIR`); a switch has none.
    pub value: Option<&'static str>,
    /// The value that [`super::Options::set`] gets where the user gives none.
    pub default: Option<&'static str>,
    /// The only values that are accepted; empty where any text may be one.
    pub choices: &'static [&'static str],
    /// Whether it may be given more than once.
    pub repeats: bool,
    /// The heading in the help beneath which it stands.
    pub group: &'static str,
    /// What it does, in one or two short sentences.
    pub help: &'static str,
    /// Whether it is left out of the help, the man page and the completions.
    pub hidden: bool,
}

impl Flag {
    /// A flag that is either there or not.
    pub const fn switch(long: &'static str, help: &'static str) -> Self {
        Self {
            long,
            short: None,
            value: None,
            default: None,
            choices: &[],
            repeats: false,
            group: "Options",
            help,
            hidden: false,
        }
    }

    /// A flag with a value, which the help calls `metavar`.
    pub const fn value(long: &'static str, metavar: &'static str, help: &'static str) -> Self {
        let mut flag = Self::switch(long, help);
        flag.value = Some(metavar);
        flag
    }

    /// Adds the one-letter name.
    pub const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// The value where the user gives none: shown in the help and handed to
    /// [`super::Options::set`] before anything that the user said.
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// Accepts these values only.
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    /// May be given more than once.
    pub const fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// Puts it beneath this heading of the help.
    pub const fn group(mut self, group: &'static str) -> Self {
        self.group = group;
        self
    }

    /// Leaves it out of the help.
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}
