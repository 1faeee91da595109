//! What is made of the fields of nodes: each is read when it is asked for, and no deeper than the stack suffices.

use std::cell::Cell;
use std::marker::PhantomData;

use pg_query::protobuf as pb;

use super::memory::Place;
use super::{BitString, Boolean, Float, Integer, Node, String, Struct};

/// What nests deeper is not read: the stack has to suffice for whoever walks the tree. A node counts twice: as what a
/// field leads to, and as what it is.
const DEEPEST: u32 = 99;

/// A struct, and how deep it is.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    pub(super) place: Place<'a>,
    /// How many levels may be below it.
    left: u32,
    is_too_deep: &'a Cell<bool>,
}

impl<'a> Here<'a> {
    /// A statement; the cell says afterwards whether something in it was too deep to be read.
    pub(super) fn top(place: Place<'a>, is_too_deep: &'a Cell<bool>) -> Self {
        Self {
            place,
            left: DEEPEST,
            is_too_deep,
        }
    }

    /// A level below.
    pub(super) fn below(self, place: Place<'a>) -> Option<Self> {
        if self.left == 0 {
            self.is_too_deep.set(true);
            return None;
        }
        Some(Self {
            place,
            left: self.left - 1,
            is_too_deep: self.is_too_deep,
        })
    }
}

/// What is made of a field.
pub trait Field<'a>: Sized {
    /// Its type in C, where that says more than that it is a pointer.
    #[cfg(test)]
    const C: &'static str;

    /// Reads that of the struct here.
    fn read(here: Here<'a>, offset: usize) -> Self;
}

macro_rules! fields {
    ($($sort:ty = $c:literal: |$here:ident, $offset:ident| $value:expr;)*) => {
        $(impl<'a> Field<'a> for $sort {
            #[cfg(test)]
            const C: &'static str = $c;

            fn read($here: Here<'a>, $offset: usize) -> Self {
                $value
            }
        })*
    };
}

fields! {
    bool = "bool": |here, offset| here.place.byte(offset) != 0;
    u8 = "char": |here, offset| here.place.byte(offset);
    i16 = "int16": |here, offset| {
        i16::from_ne_bytes([here.place.byte(offset), here.place.byte(offset + 1)])
    };
    Mode = "FunctionParameterMode": |here, offset| {
        // Its numbers are letters.
        Mode(u8::try_from(here.place.int(offset)).unwrap_or_default())
    };
    Strategy = "PartitionStrategy": |here, offset| {
        // So are these.
        Strategy(u8::try_from(here.place.int(offset)).unwrap_or_default())
    };
    i32 = "int": |here, offset| here.place.int(offset);
    &'a str = "char *": |here, offset| here.place.text(offset);
    Option<Node<'a>> = "": |here, offset| {
        Some(Node(here.below(here.place.pointer(offset)?)?))
    };
    Value<'a> = "union ValUnion": |here, offset| Value::of(here, offset);
}

/// Enums, which protocol buffers number from 1.
macro_rules! enums {
    ($($name:ident = $c:literal,)*) => {
        fields! {
            $(pb::$name = $c: |here, offset| {
                Self::try_from(here.place.int(offset) + 1).unwrap_or_default()
            };)*
        }

        /// The constants, with their numbers in C.
        #[cfg(test)]
        pub fn constants() -> impl Iterator<Item = (&'static str, i32)> {
            let names = (1..500).flat_map(|number| {
                let known = [$(pb::$name::try_from(number).ok().map(|known| known.as_str_name()),)*];
                known.into_iter().flatten().map(move |name| (name, number - 1))
            });
            names
        }
    };
}

enums! {
    AExprKind = "A_Expr_Kind",
    AlterPublicationAction = "AlterPublicationAction",
    AlterSubscriptionType = "AlterSubscriptionType",
    AlterTableType = "AlterTableType",
    BoolExprType = "BoolExprType",
    CmdType = "CmdType",
    ConstrType = "ConstrType",
    DiscardMode = "DiscardMode",
    DropBehavior = "DropBehavior",
    GrantTargetType = "GrantTargetType",
    MergeMatchKind = "MergeMatchKind",
    NullTestType = "NullTestType",
    ObjectType = "ObjectType",
    OverridingKind = "OverridingKind",
    ReindexObjectType = "ReindexObjectType",
    RoleSpecType = "RoleSpecType",
    SortByDir = "SortByDir",
    SortByNulls = "SortByNulls",
    TransactionStmtKind = "TransactionStmtKind",
    VariableSetKind = "VariableSetKind",
}

/// How a function uses a parameter, by the letter of `pg_proc.proargmodes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u8);

/// How a table is partitioned, by the letter of `pg_partitioned_table.partstrat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strategy(pub u8);

/// A constant's value.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A whole number.
    Integer(i32),
    /// Any other number, as it is written.
    Float(&'a str),
    /// A truth value.
    Boolean(bool),
    /// A string.
    String(&'a str),
    /// A string of bits.
    BitString(&'a str),
    /// `NULL`
    Null,
}

impl<'a> Value<'a> {
    fn of(here: Here<'a>, offset: usize) -> Self {
        let Some(value) = here.below(here.place.within(offset)) else {
            return Self::Null;
        };
        match value.place.tag() {
            Integer::TAG => Self::Integer(Integer::read(value).ival),
            Float::TAG => Self::Float(Float::read(value).fval),
            Boolean::TAG => Self::Boolean(Boolean::read(value).boolval),
            String::TAG => Self::String(String::read(value).sval),
            BitString::TAG => Self::BitString(BitString::read(value).bsval),
            _ => Self::Null,
        }
    }
}

/// A struct that a pointer leads to, if it does.
#[derive(Debug)]
pub struct Inner<'a, T>(Option<Here<'a>>, PhantomData<T>);

impl<T> Clone for Inner<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Inner<'_, T> {}

impl<'a, T: Struct<'a>> Inner<'a, T> {
    /// Reads it.
    pub fn get(self) -> Option<T> {
        self.0.map(T::read)
    }

    /// Whether it is there.
    pub fn is_some(self) -> bool {
        self.0.is_some()
    }
}

impl<'a, T: Struct<'a>> Field<'a> for Inner<'a, T> {
    #[cfg(test)]
    const C: &'static str = T::POINTER;

    fn read(here: Here<'a>, offset: usize) -> Self {
        let place = here.place.pointer(offset);
        Self(place.and_then(|place| here.below(place)), PhantomData)
    }
}

/// A struct within another one.
#[derive(Debug, Clone, Copy)]
pub struct Within<T>(pub T);

impl<'a, T: Struct<'a>> Field<'a> for Within<T> {
    #[cfg(test)]
    const C: &'static str = T::NAME;

    fn read(here: Here<'a>, offset: usize) -> Self {
        let place = here.place.within(offset);
        Self(T::read(Here { place, ..here }))
    }
}

/// A list of nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nodes<'a> {
    elements: &'a [Option<Place<'a>>],
    /// What they are in, if there is any.
    here: Option<Here<'a>>,
}

impl<'a> Nodes<'a> {
    /// The nodes, one after the other.
    pub fn iter(self) -> impl Iterator<Item = Node<'a>> {
        let places = self.elements.iter().flatten();
        places.filter_map(move |place| Some(Node(self.here?.below(*place)?)))
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.elements.is_empty()
    }
}

impl<'a> Field<'a> for Nodes<'a> {
    #[cfg(test)]
    const C: &'static str = "List *";

    fn read(here: Here<'a>, offset: usize) -> Self {
        let list = here.place.pointer(offset);
        let elements = list.map_or(&[][..], Place::elements);
        Self {
            elements,
            here: Some(here),
        }
    }
}

/// The nodes of a list that is a node itself.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a>(pub Nodes<'a>);

impl<'a> Field<'a> for Elements<'a> {
    #[cfg(test)]
    const C: &'static str = "ListCell *";

    fn read(here: Here<'a>, _: usize) -> Self {
        let elements = here.place.elements();
        Self(Nodes {
            elements,
            here: Some(here),
        })
    }
}
