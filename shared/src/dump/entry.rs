//! The comment above each object of a dump: its entry in the table of contents.

/// An object's entry: `-- Name: t; Type: TABLE; Schema: public; Owner: app`.
///
/// pg_dump writes newlines in names as blanks here, so an entry is a label to
/// group statements by and to show, never a name to put into SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    /// What it is, in capitals: `TABLE`, `INDEX`, `TABLE DATA`, `ACL`, …
    pub kind: String,
    /// The schema, or `-` for what lives in none.
    pub schema: String,
    /// The name; of parts of a table, the table's name and theirs.
    pub name: String,
    /// The owner, or `-` for a dump without owners.
    pub owner: String,
}

/// What such a comment begins with.
const PREFIXES: [&str; 3] = ["Name: ", "Data for Name: ", "Statistics for Name: "];

impl Entry {
    /// Whether a comment (without `--`) means to be an entry.
    pub(super) fn begins(comment: &str) -> bool {
        PREFIXES.iter().any(|prefix| comment.starts_with(prefix))
    }

    /// Reads a comment's text (without `--`).
    pub(super) fn parse(comment: &str) -> Option<Self> {
        let text = PREFIXES
            .iter()
            .find_map(|prefix| comment.strip_prefix(prefix))?;
        // Nobody owns an extension's comment: the blank before it is gone with the line's end.
        let (rest, owner) = text.rsplit_once("; Owner:")?;
        let owner = owner.trim_start();
        let (rest, schema) = rest.rsplit_once("; Schema: ")?;
        let (name, kind) = rest.rsplit_once("; Type: ")?;
        let owner = owner
            .rsplit_once("; Tablespace: ")
            .map_or(owner, |(owner, _)| owner);
        Some(Self {
            kind: kind.to_string(),
            schema: schema.to_string(),
            name: name.to_string(),
            owner: owner.to_string(),
        })
    }

    /// For people: `TABLE public.t`.
    pub fn label(&self) -> String {
        match self.schema.as_str() {
            "-" | "" => format!("{} {}", self.kind, self.name),
            schema => format!("{} {schema}.{}", self.kind, self.name),
        }
    }
}

/// What a dump says of itself before its first object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// Whether the first words are pg_dump's.
    pub is_dump: bool,
    /// The version of the server that it was taken from, as it prints it.
    pub server_version: Option<String>,
    /// The version of the pg_dump that took it.
    pub pg_dump_version: Option<String>,
    /// Whether pg_dump's closing words were seen.
    pub complete: bool,
    /// How often the first and the last words of pg_dump were seen.
    pub dumps: (u32, u32),
    /// How often the first and the last words of pg_dumpall were seen.
    pub clusters: (u32, u32),
}

impl Header {
    pub(super) fn read(&mut self, comment: &str) {
        match comment {
            "PostgreSQL database dump" => self.dumps.0 += 1,
            "PostgreSQL database dump complete" => self.dumps.1 += 1,
            "PostgreSQL database cluster dump" => self.clusters.0 += 1,
            "PostgreSQL database cluster dump complete" => self.clusters.1 += 1,
            _ => {}
        }
        if comment == "PostgreSQL database dump" {
            self.is_dump = true;
        } else if matches!(
            comment,
            "PostgreSQL database dump complete" | "PostgreSQL database cluster dump complete"
        ) {
            self.complete = true;
        } else if let Some(version) = comment.strip_prefix("Dumped from database version ") {
            self.server_version
                .get_or_insert_with(|| version.to_string());
        } else if let Some(version) = comment.strip_prefix("Dumped by pg_dump version ") {
            self.pg_dump_version
                .get_or_insert_with(|| version.to_string());
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn entries_with_names_that_look_like_entries() {
        let entry =
            Entry::parse("Name: a; Type: b; Type: TABLE; Schema: s; Owner: o; Tablespace: fast");
        let entry = entry.unwrap();
        assert_eq!(
            (entry.name.as_str(), entry.kind.as_str()),
            ("a; Type: b", "TABLE")
        );
        assert_eq!((entry.schema.as_str(), entry.owner.as_str()), ("s", "o"));
    }

    #[test]
    fn entries_without_an_owner() {
        let entry = Entry::parse("Name: EXTENSION hstore; Type: COMMENT; Schema: -; Owner:");
        assert_eq!(entry.unwrap().label(), "COMMENT EXTENSION hstore");
    }

    #[test]
    fn data_entries() {
        let entry = Entry::parse("Data for Name: t; Type: TABLE DATA; Schema: public; Owner: -");
        assert_eq!(entry.unwrap().label(), "TABLE DATA public.t");
    }
}
