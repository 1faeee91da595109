//! What pg_dump is told to pick, as far as its arguments say so.

/// What a pattern is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Only these tables.
    Table,
    /// Not these tables.
    NotTable,
    /// Only these schemas.
    Schema,
    /// Not these schemas.
    NotSchema,
    /// Not these tables' rows.
    NotRows,
}

/// A pattern of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub purpose: Use,
    /// The option as it was written, `--table` or `-t`.
    pub option: String,
    pub pattern: String,
    /// Partitions and children of what matches are meant too.
    pub with_children: bool,
}

/// What a dump is to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub struct Selection {
    pub patterns: Vec<Given>,
    /// Definitions only.
    pub no_rows: bool,
    /// Rows only.
    pub no_definitions: bool,
    /// With large objects where patterns would leave them out; without them.
    pub large_objects: Option<bool>,
    /// Rows that row security hides are left out, instead of the dump failing.
    pub row_security: bool,
    pub no_subscriptions: bool,
    pub no_unlogged_rows: bool,
    /// The role that pg_dump becomes.
    pub role: Option<String>,
    /// The encoding of the dump, if it is not the database's.
    pub encoding: Option<String>,
    /// Rows are INSERT statements.
    pub inserts: bool,
    /// Something else decides too what is dumped, which only pg_dump understands.
    pub is_vague: bool,
}

/// What an option means here.
enum Meaning {
    Pattern(Use, bool),
    Value(fn(&mut Selection, String)),
    Switch(fn(&mut Selection)),
}

const OPTIONS: &[(&str, Meaning)] = &[
    ("-t", Meaning::Pattern(Use::Table, false)),
    ("--table", Meaning::Pattern(Use::Table, false)),
    ("--table-and-children", Meaning::Pattern(Use::Table, true)),
    ("-T", Meaning::Pattern(Use::NotTable, false)),
    ("--exclude-table", Meaning::Pattern(Use::NotTable, false)),
    (
        "--exclude-table-and-children",
        Meaning::Pattern(Use::NotTable, true),
    ),
    ("-n", Meaning::Pattern(Use::Schema, false)),
    ("--schema", Meaning::Pattern(Use::Schema, false)),
    ("-N", Meaning::Pattern(Use::NotSchema, false)),
    ("--exclude-schema", Meaning::Pattern(Use::NotSchema, false)),
    (
        "--exclude-table-data",
        Meaning::Pattern(Use::NotRows, false),
    ),
    (
        "--exclude-table-data-and-children",
        Meaning::Pattern(Use::NotRows, true),
    ),
    ("-s", Meaning::Switch(|it| it.no_rows = true)),
    ("--schema-only", Meaning::Switch(|it| it.no_rows = true)),
    ("--no-data", Meaning::Switch(|it| it.no_rows = true)),
    ("-a", Meaning::Switch(|it| it.no_definitions = true)),
    (
        "--data-only",
        Meaning::Switch(|it| it.no_definitions = true),
    ),
    ("-b", Meaning::Switch(|it| it.large_objects = Some(true))),
    (
        "--blobs",
        Meaning::Switch(|it| it.large_objects = Some(true)),
    ),
    (
        "--large-objects",
        Meaning::Switch(|it| it.large_objects = Some(true)),
    ),
    ("-B", Meaning::Switch(|it| it.large_objects = Some(false))),
    (
        "--no-blobs",
        Meaning::Switch(|it| it.large_objects = Some(false)),
    ),
    (
        "--no-large-objects",
        Meaning::Switch(|it| it.large_objects = Some(false)),
    ),
    (
        "--enable-row-security",
        Meaning::Switch(|it| it.row_security = true),
    ),
    (
        "--no-subscriptions",
        Meaning::Switch(|it| it.no_subscriptions = true),
    ),
    (
        "--no-unlogged-table-data",
        Meaning::Switch(|it| it.no_unlogged_rows = true),
    ),
    ("--inserts", Meaning::Switch(|it| it.inserts = true)),
    ("--column-inserts", Meaning::Switch(|it| it.inserts = true)),
    (
        "--attribute-inserts",
        Meaning::Switch(|it| it.inserts = true),
    ),
    (
        "--rows-per-insert",
        Meaning::Value(|it, _| it.inserts = true),
    ),
    ("--role", Meaning::Value(|it, name| it.role = Some(name))),
    ("-E", Meaning::Value(|it, name| it.encoding = Some(name))),
    (
        "--encoding",
        Meaning::Value(|it, name| it.encoding = Some(name)),
    ),
    ("-e", Meaning::Value(|it, _| it.is_vague = true)),
    ("--extension", Meaning::Value(|it, _| it.is_vague = true)),
    (
        "--exclude-extension",
        Meaning::Value(|it, _| it.is_vague = true),
    ),
    ("--filter", Meaning::Value(|it, _| it.is_vague = true)),
    (
        "--include-foreign-data",
        Meaning::Value(|it, _| it.is_vague = true),
    ),
    ("--section", Meaning::Value(|it, _| it.is_vague = true)),
    (
        "--statistics-only",
        Meaning::Switch(|it| it.is_vague = true),
    ),
];

impl Selection {
    /// Reads pg_dump's arguments. What is unknown here changes nothing that is asked here.
    pub fn parse<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut selection = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (option, attached) = split(argument);
            let Some((_, meaning)) = OPTIONS.iter().find(|(name, _)| *name == option) else {
                continue;
            };
            let mut value = || match attached {
                Some(value) => value.to_string(),
                None => arguments.next().unwrap_or_default().to_string(),
            };
            match meaning {
                Meaning::Pattern(purpose, with_children) => selection.patterns.push(Given {
                    purpose: *purpose,
                    option: option.to_string(),
                    pattern: value(),
                    with_children: *with_children,
                }),
                Meaning::Value(set) => set(&mut selection, value()),
                Meaning::Switch(set) => set(&mut selection),
            }
        }
        selection
    }

    /// Whether there is a pattern of that purpose.
    pub fn has(&self, purpose: Use) -> bool {
        self.patterns.iter().any(|given| given.purpose == purpose)
    }

    /// Whether everything is dumped but what is excluded.
    pub fn is_of_everything(&self) -> bool {
        !self.has(Use::Table) && !self.has(Use::Schema)
    }

    /// Whether the large objects are in it.
    pub fn has_large_objects(&self) -> bool {
        match self.large_objects {
            Some(wanted) => wanted && !self.no_rows,
            None => self.is_of_everything() && !self.no_rows,
        }
    }
}

/// `--table=x`, `-tx` or `-t`: the option, and the value where it is attached.
fn split(argument: &str) -> (&str, Option<&str>) {
    if argument.starts_with("--") {
        return match argument.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (argument, None),
        };
    }
    match argument.char_indices().nth(2) {
        Some((end, _)) if argument.starts_with('-') => (&argument[..end], Some(&argument[end..])),
        _ => (argument, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_pattern() {
        let words = ["--table=a", "--table", "b", "-tc", "-t", "d"];
        let patterns = Selection::parse(words).patterns;
        let patterns: Vec<_> = patterns.iter().map(|given| &given.pattern).collect();
        assert_eq!(patterns, ["a", "b", "c", "d"]);
    }

    #[test]
    fn values_are_not_taken_for_options() {
        let selection = Selection::parse(["--exclude-table", "-s", "--jobs=3", "--role=x"]);
        assert!(!selection.no_rows);
        assert_eq!(selection.role.as_deref(), Some("x"));
        assert_eq!(selection.patterns[0].purpose, Use::NotTable);
    }

    #[test]
    fn large_objects_are_part_of_everything() {
        for (words, expected) in [
            (&[][..], true),
            (&["-T", "a"], true),
            (&["-N", "a"], true),
            (&["-t", "a"], false),
            (&["-n", "a"], false),
            (&["-n", "a", "-b"], true),
            (&["-B"], false),
            (&["-s"], false),
            (&["-s", "-b"], false),
        ] {
            let selection = Selection::parse(words.iter().copied());
            assert_eq!(selection.has_large_objects(), expected, "{words:?}");
        }
    }
}
