//! The grammar's tree as libpg_query packs it: of its messages those, and of their fields those, that are looked
//! at. A message is read when it is asked for and lends its words; the rest of the tree is stepped over.
//!
//! The numbers are those of `pg_query.proto` in libpg_query 18. Another major has others: the examples of the
//! rules fail where one is wrong.

mod library;
mod wire;

use std::cell::Cell;

pub use library::{Refusal, pack};
use wire::{Field, Message, Value, Wire, each};
pub use wire::{Inner, Several};

/// A node of any sort, not yet read.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a>(Wire<'a>);

impl<'a> Node<'a> {
    /// The words of a string, read without what other nodes have: half of all nodes are strings.
    pub fn text(self) -> Option<&'a str> {
        const STRING: u64 = 266;
        match self.0.fields().next()? {
            (STRING, value) => {
                let mut inner = Inner::<String>::default();
                inner.fill(value, self.0, STRING, &[]);
                Some(inner.get()?.sval)
            }
            _ => None,
        }
    }
}

/// A node that may be missing.
pub type Child<'a> = Option<Node<'a>>;
/// A list of nodes.
pub type Nodes<'a> = Several<'a, Node<'a>>;
/// A relation's name, if there is one.
type Range<'a> = Inner<'a, RangeVar<'a>>;

impl<'a> Message<'a> for Node<'a> {
    fn read(wire: Wire<'a>) -> Self {
        Self(wire)
    }
}

impl<'a> Field<'a> for Child<'a> {
    fn fill(&mut self, value: Value<'a>, wire: Wire<'a>, number: u64, from: &'a [u8]) {
        let mut inner = Inner::default();
        inner.fill(value, wire, number, from);
        *self = inner.get();
    }
}

/// What is in the wire format, whole; the cell says afterwards whether something in it was too deep to be read.
pub fn read<'a>(bytes: &'a [u8], is_too_deep: &'a Cell<bool>) -> ParseResult<'a> {
    ParseResult::read(Wire::new(bytes, is_too_deep))
}

macro_rules! message {
    ($a:lifetime, $name:ident, $($field:ident: $sort:ty = $number:literal),*) => {
        #[doc = concat!("`", stringify!($name), "`")]
        #[derive(Debug, Clone, Copy, Default)]
        #[allow(missing_docs)]
        pub struct $name<$a> {
            $(pub $field: $sort,)*
            lends: std::marker::PhantomData<&$a ()>,
        }

        impl<$a> Message<$a> for $name<$a> {
            #[allow(unused_mut, unused_variables)]
            fn read(wire: Wire<$a>) -> Self {
                let mut message = Self::default();
                each(wire, |number, value, from| match number {
                    $($number => message.$field.fill(value, wire, number, from),)*
                    _ => {}
                });
                message
            }
        }
    };
}

macro_rules! nodes {
    ($a:lifetime; $($name:ident ($tag:literal) { $($field:ident: $sort:ty = $number:literal),* $(,)? })*) => {
        $(message!($a, $name, $($field: $sort = $number),*);)*

        /// A node that was read.
        #[derive(Debug, Clone, Copy)]
        #[allow(missing_docs, clippy::large_enum_variant)]
        pub enum NodeEnum<$a> {
            $($name($name<$a>),)*
            /// One that nobody looks at.
            Other,
        }

        impl<$a> Node<$a> {
            /// Reads it; none where nothing is in it, or it is too deep.
            pub fn read(self) -> Option<NodeEnum<$a>> {
                let (tag, value) = self.0.fields().next()?;
                Some(match tag {
                    $($tag => {
                        let mut inner = Inner::<$name>::default();
                        inner.fill(value, self.0, tag, &[]);
                        NodeEnum::$name(inner.get()?)
                    })*
                    _ => NodeEnum::Other,
                })
            }
        }
    };
}

macro_rules! messages {
    ($a:lifetime; $($name:ident { $($field:ident: $sort:ty = $number:literal),* $(,)? })*) => {
        $(message!($a, $name, $($field: $sort = $number),*);)*
    };
}

messages! { 'a;
    BitString { bsval: &'a str = 1 }
    IntoClause { rel: Range<'a> = 1, skip_data: bool = 8 }
    ParseResult { stmts: Several<'a, RawStmt<'a>> = 2 }
    PartitionBoundSpec { is_default: bool = 2 }
    PartitionSpec { part_params: Nodes<'a> = 2 }
    PublicationTable { relation: Range<'a> = 1, where_clause: Child<'a> = 2 }
    RawStmt { stmt: Child<'a> = 1 }
    WithClause { ctes: Nodes<'a> = 1 }
}

nodes! { 'a;
    AArrayExpr (77) { elements: Nodes<'a> = 1 }
    AConst (271) {
        ival: Inner<'a, Integer<'a>> = 1, fval: Inner<'a, Float<'a>> = 2, boolval: Inner<'a, Boolean<'a>> = 3,
        sval: Inner<'a, String<'a>> = 4, bsval: Inner<'a, BitString<'a>> = 5, isnull: bool = 10, location: i32 = 11,
    }
    AExpr (69) { kind: i32 = 1, name: Nodes<'a> = 2, lexpr: Child<'a> = 3, rexpr: Child<'a> = 4 }
    AIndirection (76) { arg: Child<'a> = 1 }
    AStar (74) {}
    AlterDomainStmt (148) { subtype: &'a str = 1, type_name: Nodes<'a> = 2, def: Child<'a> = 4 }
    AlterEnumStmt (226) { type_name: Nodes<'a> = 1, old_val: &'a str = 2, new_val: &'a str = 3 }
    AlterObjectSchemaStmt (214) {
        object_type: i32 = 1, relation: Range<'a> = 2, object: Child<'a> = 3, newschema: &'a str = 4,
    }
    AlterOwnerStmt (215) {}
    AlterPolicyStmt (176) { table: Range<'a> = 2 }
    AlterPublicationStmt (259) { pubname: &'a str = 1, pubobjects: Nodes<'a> = 3 }
    AlterSeqStmt (187) { sequence: Range<'a> = 1 }
    AlterSystemStmt (234) {}
    AtalterConstraint (145) { conname: &'a str = 1, alter_enforceability: bool = 2, is_enforced: bool = 3 }
    AlterTableCmd (144) {
        subtype: i32 = 1, name: &'a str = 2, def: Child<'a> = 5, behavior: i32 = 6, missing_ok: bool = 7,
    }
    AlterTableStmt (143) { relation: Range<'a> = 1, cmds: Nodes<'a> = 2, objtype: i32 = 3, missing_ok: bool = 4 }
    BoolExpr (19) { boolop: i32 = 2, args: Nodes<'a> = 3 }
    Boolean (265) { boolval: bool = 1 }
    BooleanTest (51) { arg: Child<'a> = 2 }
    CallStmt (210) { funccall: Inner<'a, FuncCall<'a>> = 1 }
    CaseExpr (30) { arg: Child<'a> = 4, args: Nodes<'a> = 5, defresult: Child<'a> = 6 }
    CaseWhen (31) { expr: Child<'a> = 2, result: Child<'a> = 3 }
    ClusterStmt (235) { relation: Range<'a> = 1 }
    CoalesceExpr (36) { args: Nodes<'a> = 4 }
    CollateClause (71) { arg: Child<'a> = 1, collname: Nodes<'a> = 2 }
    ColumnDef (87) {
        colname: &'a str = 1, type_name: Inner<'a, TypeName<'a>> = 2, is_not_null: bool = 6,
        raw_default: Child<'a> = 10, coll_clause: Inner<'a, CollateClause<'a>> = 15, constraints: Nodes<'a> = 17,
        location: i32 = 19,
    }
    ColumnRef (67) { fields: Nodes<'a> = 1, location: i32 = 2 }
    CommentStmt (196) { objtype: i32 = 1, object: Child<'a> = 2 }
    CommonTableExpr (112) { ctename: &'a str = 1, ctequery: Child<'a> = 4 }
    Constraint (158) {
        contype: i32 = 1, conname: &'a str = 2, deferrable: bool = 3, initdeferred: bool = 4, is_enforced: bool = 5,
        skip_validation: bool = 6, raw_expr: Child<'a> = 9, generated_kind: &'a str = 12, nulls_not_distinct: bool = 13,
        keys: Nodes<'a> = 14, without_overlaps: bool = 15, including: Nodes<'a> = 16, options: Nodes<'a> = 18,
        indexname: &'a str = 19, indexspace: &'a str = 20, pktable: Range<'a> = 24, fk_attrs: Nodes<'a> = 25, pk_attrs: Nodes<'a> = 26,
        fk_del_action: &'a str = 31, location: i32 = 35,
    }
    CopyStmt (154) { relation: Range<'a> = 1, is_from: bool = 4 }
    CreateDomainStmt (189) {
        domainname: Nodes<'a> = 1, type_name: Inner<'a, TypeName<'a>> = 2, constraints: Nodes<'a> = 4,
    }
    CreateEnumStmt (224) { type_name: Nodes<'a> = 1, vals: Nodes<'a> = 2 }
    CreateForeignTableStmt (170) { base_stmt: Inner<'a, CreateStmt<'a>> = 1 }
    CreateFunctionStmt (205) { replace: bool = 2, funcname: Nodes<'a> = 3, options: Nodes<'a> = 6, sql_body: Child<'a> = 7 }
    CreatePolicyStmt (175) { policy_name: &'a str = 1, table: Range<'a> = 2, qual: Child<'a> = 6, with_check: Child<'a> = 7 }
    CreatePublicationStmt (258) { pubname: &'a str = 1, pubobjects: Nodes<'a> = 3 }
    CreateSeqStmt (186) { sequence: Range<'a> = 1 }
    CreateStatsStmt (202) { relations: Nodes<'a> = 4 }
    CreateStmt (157) {
        relation: Range<'a> = 1, table_elts: Nodes<'a> = 2, inh_relations: Nodes<'a> = 3,
        partbound: Inner<'a, PartitionBoundSpec<'a>> = 4, partspec: Inner<'a, PartitionSpec<'a>> = 5,
        constraints: Nodes<'a> = 7, if_not_exists: bool = 13,
    }
    CreateSubscriptionStmt (260) { options: Nodes<'a> = 4 }
    CreateTableAsStmt (239) {
        query: Child<'a> = 1, into: Inner<'a, IntoClause<'a>> = 2, objtype: i32 = 3, if_not_exists: bool = 5,
    }
    CreateTableSpaceStmt (159) {}
    CreateTrigStmt (178) {
        trigname: &'a str = 3, relation: Range<'a> = 4, columns: Nodes<'a> = 10, when_clause: Child<'a> = 11,
        constrrel: Range<'a> = 15,
    }
    CreatedbStmt (229) {}
    DefElem (90) { defname: &'a str = 2, arg: Child<'a> = 3 }
    DeleteStmt (135) {
        relation: Range<'a> = 1, using_clause: Nodes<'a> = 2, where_clause: Child<'a> = 3,
        with_clause: Inner<'a, WithClause<'a>> = 5,
    }
    DiscardStmt (242) { target: i32 = 1 }
    DoStmt (208) { args: Nodes<'a> = 1 }
    DropOwnedStmt (252) { roles: Nodes<'a> = 1 }
    DropStmt (194) {
        objects: Nodes<'a> = 1, remove_type: i32 = 2, behavior: i32 = 3, missing_ok: bool = 4, concurrent: bool = 5,
    }
    DropTableSpaceStmt (160) {}
    DropdbStmt (233) { dbname: &'a str = 1 }
    Float (264) { fval: &'a str = 1 }
    FuncCall (73) {
        funcname: Nodes<'a> = 1, args: Nodes<'a> = 2, agg_order: Nodes<'a> = 3, agg_filter: Child<'a> = 4,
        location: i32 = 11,
    }
    GrantStmt (149) {
        is_grant: bool = 1, targtype: i32 = 2, objtype: i32 = 3, objects: Nodes<'a> = 4, grantees: Nodes<'a> = 6,
    }
    IndexElem (89) {
        name: &'a str = 1, expr: Child<'a> = 2, collation: Nodes<'a> = 4, opclass: Nodes<'a> = 5, ordering: i32 = 7,
        nulls_ordering: i32 = 8,
    }
    IndexStmt (201) {
        idxname: &'a str = 1, relation: Range<'a> = 2, access_method: &'a str = 3, index_params: Nodes<'a> = 5,
        index_including_params: Nodes<'a> = 6, where_clause: Child<'a> = 8, unique: bool = 15,
        concurrent: bool = 23, if_not_exists: bool = 24,
    }
    InsertStmt (134) {
        relation: Range<'a> = 1, cols: Nodes<'a> = 2, select_stmt: Child<'a> = 3, on_conflict_clause: Child<'a> = 4,
        with_clause: Inner<'a, WithClause<'a>> = 6,
    }
    Integer (263) { ival: i32 = 1 }
    JoinExpr (62) { larg: Child<'a> = 3, rarg: Child<'a> = 4, quals: Child<'a> = 7 }
    List (268) { items: Nodes<'a> = 1 }
    LockStmt (243) { relations: Nodes<'a> = 1, mode: i32 = 2 }
    MergeStmt (137) { relation: Range<'a> = 1, source_relation: Child<'a> = 2 }
    MinMaxExpr (37) { args: Nodes<'a> = 6 }
    NullTest (50) { arg: Child<'a> = 2, nulltesttype: i32 = 3 }
    ObjectWithArgs (150) { objname: Nodes<'a> = 1 }
    PartitionCmd (97) { name: Range<'a> = 1, bound: Inner<'a, PartitionBoundSpec<'a>> = 2, concurrent: bool = 3 }
    PartitionElem (93) { name: &'a str = 1 }
    PublicationObjSpec (257) { pubtable: Inner<'a, PublicationTable<'a>> = 3 }
    RangeFunction (83) { functions: Nodes<'a> = 4 }
    RangeSubselect (82) { subquery: Child<'a> = 2 }
    RangeVar (2) { schemaname: &'a str = 2, relname: &'a str = 3, inh: bool = 4, relpersistence: &'a str = 5 }
    RefreshMatViewStmt (240) { concurrent: bool = 1, skip_data: bool = 2, relation: Range<'a> = 3 }
    ReindexStmt (245) { kind: i32 = 1, relation: Range<'a> = 2, name: &'a str = 3, params: Nodes<'a> = 4 }
    RenameStmt (212) {
        rename_type: i32 = 1, relation: Range<'a> = 3, object: Child<'a> = 4, subname: &'a str = 5,
        newname: &'a str = 6,
    }
    ResTarget (78) { name: &'a str = 1, val: Child<'a> = 3 }
    RoleSpec (72) { roletype: i32 = 1, rolename: &'a str = 2 }
    RowExpr (34) { args: Nodes<'a> = 2 }
    RuleStmt (218) { relation: Range<'a> = 1, rulename: &'a str = 2, where_clause: Child<'a> = 3, actions: Nodes<'a> = 6 }
    SelectStmt (138) {
        distinct_clause: Nodes<'a> = 1, into_clause: Inner<'a, IntoClause<'a>> = 2, target_list: Nodes<'a> = 3,
        from_clause: Nodes<'a> = 4, where_clause: Child<'a> = 5, group_clause: Nodes<'a> = 6,
        having_clause: Child<'a> = 8, window_clause: Nodes<'a> = 9, values_lists: Nodes<'a> = 10,
        sort_clause: Nodes<'a> = 11, limit_count: Child<'a> = 13, with_clause: Inner<'a, WithClause<'a>> = 16,
        larg: Inner<'a, SelectStmt<'a>> = 19, rarg: Inner<'a, SelectStmt<'a>> = 20,
    }
    SortBy (80) { node: Child<'a> = 1 }
    SqlvalueFunction (38) {}
    String (266) { sval: &'a str = 1 }
    SubLink (20) { testexpr: Child<'a> = 4, subselect: Child<'a> = 6 }
    TableLikeClause (88) { relation: Range<'a> = 1 }
    TransactionStmt (222) { kind: i32 = 1, chain: bool = 5 }
    TruncateStmt (195) { relations: Nodes<'a> = 1, behavior: i32 = 3 }
    TypeCast (70) { arg: Child<'a> = 1, type_name: Inner<'a, TypeName<'a>> = 2, location: i32 = 3 }
    TypeName (66) { names: Nodes<'a> = 1, typmods: Nodes<'a> = 5, array_bounds: Nodes<'a> = 7 }
    UpdateStmt (136) {
        relation: Range<'a> = 1, target_list: Nodes<'a> = 2, where_clause: Child<'a> = 3,
        from_clause: Nodes<'a> = 4, with_clause: Inner<'a, WithClause<'a>> = 6,
    }
    VacuumRelation (237) { relation: Range<'a> = 1 }
    VacuumStmt (236) { options: Nodes<'a> = 1, rels: Nodes<'a> = 2, is_vacuumcmd: bool = 3 }
    VariableSetStmt (155) { kind: i32 = 1, name: &'a str = 2, args: Nodes<'a> = 3, is_local: bool = 5 }
    ViewStmt (227) { view: Range<'a> = 1, query: Child<'a> = 3, replace: bool = 4 }
    WindowDef (81) { partition_clause: Nodes<'a> = 3, order_clause: Nodes<'a> = 4 }
    XmlExpr (39) { args: Nodes<'a> = 6 }
}
