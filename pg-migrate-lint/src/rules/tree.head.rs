//! The grammar's tree as the server's parser builds it: of its nodes those, and of their fields those, that are
//! looked at. A node is read when it is asked for and lends its words; the rest of the tree is stepped over.

mod field;
mod memory;

use std::cell::Cell;

use pg_query::protobuf::{
    AExprKind, AlterTableType, BoolExprType, ConstrType, DiscardMode, DropBehavior,
    GrantTargetType, NullTestType, ObjectType, ReindexObjectType, SortByDir, SortByNulls,
    TransactionStmtKind, VariableSetKind,
};

use field::{Elements, Field, Here, Within};
pub use field::{Inner, Nodes, Value};
pub use memory::{Refusal, Tree};

/// A node of any sort, not yet read.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a>(Here<'a>);

impl<'a> Node<'a> {
    /// The words of a string, read without what other nodes have: half of all nodes are strings.
    pub fn text(self) -> Option<&'a str> {
        match self.0.place.tag() {
            String::TAG => Some(String::read(self.0.below(self.0.place)?).sval),
            _ => None,
        }
    }
}

/// A node that may be missing.
pub type Child<'a> = Option<Node<'a>>;
/// A relation's name, if there is one.
type Range<'a> = Inner<'a, RangeVar<'a>>;

/// The statements of a tree; the cell says afterwards whether something in them was too deep to be read.
pub fn statements<'a>(
    tree: &'a Tree,
    is_too_deep: &'a Cell<bool>,
) -> impl Iterator<Item = RawStmt<'a>> {
    let elements = tree.list().into_iter().flat_map(|list| list.elements());
    elements.flatten().map(|place| RawStmt::read(Here::top(*place, is_too_deep)))
}

/// A struct that is known.
pub trait Struct<'a>: Sized {
    /// Its name in C.
    #[cfg(test)]
    const NAME: &'static str;
    /// What points to it in C.
    #[cfg(test)]
    const POINTER: &'static str;
    /// Its fields in C: name, offset, type.
    #[cfg(test)]
    const FIELDS: &'static [(&'static str, usize, &'static str)];

    /// Reads its fields, but not what they lead to.
    fn read(here: Here<'a>) -> Self;
}

macro_rules! nodes {
    ($a:lifetime; $($name:ident = $c:ident $tag:literal {
        $($field:ident: $sort:ty = $of:ident $offset:literal),* $(,)?
    })*) => {
        $(
            #[doc = concat!("`", stringify!($c), "`")]
            #[derive(Debug, Clone, Copy)]
            #[allow(missing_docs)]
            pub struct $name<$a> {
                $(pub $field: $sort,)*
                lends: std::marker::PhantomData<&$a ()>,
            }

            impl $name<'_> {
                /// The number that says that a node is one.
                const TAG: u32 = $tag;
            }

            impl<$a> Struct<$a> for $name<$a> {
                #[cfg(test)]
                const NAME: &'static str = stringify!($c);
                #[cfg(test)]
                const POINTER: &'static str = concat!(stringify!($c), " *");
                #[cfg(test)]
                const FIELDS: &'static [(&'static str, usize, &'static str)] =
                    &[$((stringify!($of), $offset, <$sort as Field<$a>>::C)),*];

                #[allow(unused_variables)]
                fn read(here: Here<$a>) -> Self {
                    Self {
                        $($field: Field::read(here, $offset),)*
                        lends: std::marker::PhantomData,
                    }
                }
            }
        )*

        /// All that is known: name, tag, fields.
        #[cfg(test)]
        const KNOWN: &[(&str, u32, &[(&str, usize, &str)])] =
            &[$((stringify!($c), $tag, $name::FIELDS)),*];

        /// A node that was read.
        #[derive(Debug, Clone, Copy)]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum NodeEnum<$a> {
            $($name($name<$a>),)*
            /// One that nobody looks at.
            Other,
        }

        impl<$a> Node<$a> {
            /// Reads it; none where it is too deep.
            pub fn read(self) -> Option<NodeEnum<$a>> {
                let here = self.0.below(self.0.place)?;
                Some(match here.place.tag() {
                    $($name::TAG => NodeEnum::$name($name::read(here)),)*
                    _ => NodeEnum::Other,
                })
            }
        }
    };
}

// Name, name in C and tag of each; its fields with name, type, name in C and offset, of libpg_query 18 on machines
// of 64 bits. A test holds all of them against the headers that the library comes with.
nodes! { 'a;
@TABLE@
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::io::Write as _;
    use std::path::PathBuf;
    use std::process::{Command, Stdio};

    use super::{KNOWN, field};

    /// Where the sources of the crate are that brings the library.
    fn library() -> PathBuf {
        let metadata = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--offline", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .output()
            .unwrap();
        let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages.iter().find(|package| package["name"] == "pg_query");
        let manifest = package.unwrap()["manifest_path"].as_str().unwrap();
        PathBuf::from(manifest).with_file_name("libpg_query")
    }

    /// What C says about the same structs and enums.
    fn assertions() -> String {
        let mut c = String::from(
            "#include \"postgres.h\"\n#include \"nodes/parsenodes.h\"\n\
             #define IS(type, struct, field) __builtin_types_compatible_p(type, __typeof__(((struct *) 0)->field))\n",
        );
        let mut holds = |what: String| writeln!(c, "_Static_assert({what}, \"it does not\");").unwrap();
        holds("sizeof(ListCell) == sizeof(void *)".into());
        for (field, offset) in [("length", 4), ("elements", 16)] {
            holds(format!("offsetof(List, {field}) == {offset}"));
        }
        for (name, tag, fields) in KNOWN {
            holds(format!("T_{name} == {tag}"));
            for (field, offset, type_) in *fields {
                holds(format!("offsetof({name}, {field}) == {offset}"));
                match *type_ {
                    "" => holds(format!("sizeof((({name} *) 0)->{field}) == sizeof(void *)")),
                    type_ => holds(format!("IS({type_}, {name}, {field})")),
                }
            }
        }
        field::constants().for_each(|(name, number)| holds(format!("{name} == {number}")));
        c
    }

    fn compiles(c: &str) -> bool {
        let library = library();
        let mut compiler = Command::new("cc")
            .args(["-fsyntax-only", "-w", "-x", "c", "-"])
            .arg("-I")
            .arg(&library)
            .arg("-I")
            .arg(library.join("src/postgres/include"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        compiler.stdin.take().unwrap().write_all(c.as_bytes()).unwrap();
        compiler.wait().unwrap().success()
    }

    #[test]
    fn structs_and_enums_are_those_of_the_library() {
        let c = assertions();
        assert!(c.lines().count() > 500, "{c}");
        assert!(compiles(&c));
        assert!(!compiles(&c.replace("offsetof(RangeVar, relname) == 24", "offsetof(RangeVar, relname) == 16")));
    }
}
