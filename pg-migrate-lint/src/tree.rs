//! The grammar's tree as the server's parser builds it: of its nodes those, and of their fields those, that are
//! looked at. A node is read when it is asked for and lends its words; the rest of the tree is stepped over.

mod field;
mod memory;

use std::cell::Cell;

use pg_query::protobuf::{
    AExprKind, AlterPublicationAction, AlterSubscriptionType, AlterTableType, BoolExprType,
    CmdType, ConstrType, DiscardMode, DropBehavior, GrantTargetType, MergeMatchKind, NullTestType,
    ObjectType, OverridingKind, ReindexObjectType, RoleSpecType, SortByDir, SortByNulls,
    TransactionStmtKind, VariableSetKind,
};

use field::{Elements, Field, Here, Within};
pub use field::{Inner, Mode, Nodes, Strategy, Value};
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
    elements
        .flatten()
        .map(|place| RawStmt::read(Here::top(*place, is_too_deep)))
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
        // Some are fields of others, and never nodes that somebody asks for.
        #[allow(dead_code, missing_docs, clippy::large_enum_variant)]
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
    AArrayExpr = A_ArrayExpr 80 { elements: Nodes<'a> = elements 8 }
    AConst = A_Const 72 { val: Value<'a> = val 8, isnull: bool = isnull 24 }
    AExpr = A_Expr 71 {
        kind: AExprKind = kind 4, name: Nodes<'a> = name 8, lexpr: Child<'a> = lexpr 16,
        rexpr: Child<'a> = rexpr 24,
    }
    AIndirection = A_Indirection 79 { arg: Child<'a> = arg 8 }
    AStar = A_Star 77 {}
    AlterDatabaseSetStmt = AlterDatabaseSetStmt 235 { setstmt: Inner<'a, VariableSetStmt<'a>> = setstmt 16 }
    AlterDomainStmt = AlterDomainStmt 151 {
        subtype: u8 = subtype 4, type_name: Nodes<'a> = typeName 8, def: Child<'a> = def 24,
    }
    AlterEnumStmt = AlterEnumStmt 229 {
        type_name: Nodes<'a> = typeName 8, old_val: &'a str = oldVal 16, new_val: &'a str = newVal 24,
        new_val_neighbor: &'a str = newValNeighbor 32, skip_if_new_val_exists: bool = skipIfNewValExists 41,
    }
    AlterObjectSchemaStmt = AlterObjectSchemaStmt 217 {
        object_type: ObjectType = objectType 4, relation: Range<'a> = relation 8,
        object: Child<'a> = object 16, newschema: &'a str = newschema 24,
    }
    AlterOwnerStmt = AlterOwnerStmt 218 {}
    AccessPriv = AccessPriv 154 { cols: Nodes<'a> = cols 16 }
    Alias = Alias 2 { aliasname: &'a str = aliasname 8, colnames: Nodes<'a> = colnames 16 }
    AlterPolicyStmt = AlterPolicyStmt 179 {
        policy_name: &'a str = policy_name 8, table: Range<'a> = table 16, qual: Child<'a> = qual 32,
        with_check: Child<'a> = with_check 40,
    }
    AlterPublicationStmt = AlterPublicationStmt 262 {
        pubname: &'a str = pubname 8, options: Nodes<'a> = options 16, pubobjects: Nodes<'a> = pubobjects 24,
        action: AlterPublicationAction = action 36,
    }
    AlterRoleStmt = AlterRoleStmt 186 { options: Nodes<'a> = options 16 }
    AlterRoleSetStmt = AlterRoleSetStmt 187 { setstmt: Inner<'a, VariableSetStmt<'a>> = setstmt 24 }
    AlterSeqStmt = AlterSeqStmt 190 {
        sequence: Range<'a> = sequence 8, options: Nodes<'a> = options 16, missing_ok: bool = missing_ok 25,
    }
    AlterSubscriptionStmt = AlterSubscriptionStmt 264 {
        kind: AlterSubscriptionType = kind 4, subname: &'a str = subname 8, options: Nodes<'a> = options 32,
    }
    AlterSystemStmt = AlterSystemStmt 237 {}
    AlterTableCmd = AlterTableCmd 147 {
        subtype: AlterTableType = subtype 4, name: &'a str = name 8, num: i16 = num 16, def: Child<'a> = def 32,
        behavior: DropBehavior = behavior 40, missing_ok: bool = missing_ok 44,
    }
    AlterTableMoveAllStmt = AlterTableMoveAllStmt 165 {}
    AlterTableStmt = AlterTableStmt 146 {
        relation: Range<'a> = relation 8, cmds: Nodes<'a> = cmds 16, objtype: ObjectType = objtype 24,
        missing_ok: bool = missing_ok 28,
    }
    AtalterConstraint = ATAlterConstraint 148 {
        conname: &'a str = conname 8, alter_enforceability: bool = alterEnforceability 16,
        is_enforced: bool = is_enforced 17,
    }
    BitString = BitString 469 { bsval: &'a str = bsval 8 }
    BoolExpr = BoolExpr 21 { boolop: BoolExprType = boolop 4, args: Nodes<'a> = args 8 }
    Boolean = Boolean 467 { boolval: bool = boolval 4 }
    BooleanTest = BooleanTest 53 { arg: Child<'a> = arg 8 }
    CallStmt = CallStmt 213 { funccall: Inner<'a, FuncCall<'a>> = funccall 8 }
    CaseExpr = CaseExpr 32 {
        arg: Child<'a> = arg 16, args: Nodes<'a> = args 24, defresult: Child<'a> = defresult 32,
    }
    CaseWhen = CaseWhen 33 { expr: Child<'a> = expr 8, result: Child<'a> = result 16 }
    ClusterStmt = ClusterStmt 238 { relation: Range<'a> = relation 8, indexname: &'a str = indexname 16 }
    CoalesceExpr = CoalesceExpr 38 { args: Nodes<'a> = args 16 }
    CollateClause = CollateClause 74 { arg: Child<'a> = arg 8, collname: Nodes<'a> = collname 16 }
    ColumnDef = ColumnDef 90 {
        colname: &'a str = colname 8, type_name: Inner<'a, TypeName<'a>> = typeName 16,
        is_not_null: bool = is_not_null 35, raw_default: Child<'a> = raw_default 48,
        coll_clause: Inner<'a, CollateClause<'a>> = collClause 88, constraints: Nodes<'a> = constraints 104,
        location: i32 = location 120,
    }
    ColumnRef = ColumnRef 69 { fields: Nodes<'a> = fields 8 }
    CommentStmt = CommentStmt 199 { objtype: ObjectType = objtype 4, object: Child<'a> = object 8 }
    CommonTableExpr = CommonTableExpr 115 {
        ctename: &'a str = ctename 8, ctequery: Child<'a> = ctequery 32,
    }
    Constraint = Constraint 161 {
        contype: ConstrType = contype 4, conname: &'a str = conname 8, deferrable: bool = deferrable 16,
        initdeferred: bool = initdeferred 17, is_enforced: bool = is_enforced 18,
        skip_validation: bool = skip_validation 19, is_no_inherit: bool = is_no_inherit 21, raw_expr: Child<'a> = raw_expr 24,
        generated_when: u8 = generated_when 40, generated_kind: u8 = generated_kind 41, nulls_not_distinct: bool = nulls_not_distinct 42,
        keys: Nodes<'a> = keys 48, without_overlaps: bool = without_overlaps 56,
        including: Nodes<'a> = including 64, options: Nodes<'a> = options 80,
        indexname: &'a str = indexname 88, indexspace: &'a str = indexspace 96,
        pktable: Range<'a> = pktable 128, fk_attrs: Nodes<'a> = fk_attrs 136,
        pk_attrs: Nodes<'a> = pk_attrs 144, fk_del_action: u8 = fk_del_action 156,
        location: i32 = location 180,
    }
    CompositeTypeStmt = CompositeTypeStmt 226 { typevar: Range<'a> = typevar 8 }
    ConstraintsSetStmt = ConstraintsSetStmt 247 { deferred: bool = deferred 16 }
    CopyStmt = CopyStmt 157 {
        relation: Range<'a> = relation 8, attlist: Nodes<'a> = attlist 24, is_from: bool = is_from 32,
    }
    CreateDomainStmt = CreateDomainStmt 192 {
        domainname: Nodes<'a> = domainname 8, type_name: Inner<'a, TypeName<'a>> = typeName 16,
        constraints: Nodes<'a> = constraints 32,
    }
    CreateEnumStmt = CreateEnumStmt 227 { type_name: Nodes<'a> = typeName 8, vals: Nodes<'a> = vals 16 }
    CreateEventTrigStmt = CreateEventTrigStmt 182 {}
    CreateForeignTableStmt = CreateForeignTableStmt 173 { base_stmt: Within<CreateStmt<'a>> = base 0 }
    CreateFunctionStmt = CreateFunctionStmt 208 {
        is_procedure: bool = is_procedure 4, replace: bool = replace 5, funcname: Nodes<'a> = funcname 8,
        parameters: Nodes<'a> = parameters 16, return_type: Inner<'a, TypeName<'a>> = returnType 24, options: Nodes<'a> = options 32,
        sql_body: Child<'a> = sql_body 40,
    }
    CreatePolicyStmt = CreatePolicyStmt 178 {
        policy_name: &'a str = policy_name 8, table: Range<'a> = table 16, cmd_name: &'a str = cmd_name 24, qual: Child<'a> = qual 48,
        with_check: Child<'a> = with_check 56,
    }
    CreatePublicationStmt = CreatePublicationStmt 261 {
        pubname: &'a str = pubname 8, options: Nodes<'a> = options 16, pubobjects: Nodes<'a> = pubobjects 24,
        for_all_tables: bool = for_all_tables 32,
    }
    CreateRoleStmt = CreateRoleStmt 185 { options: Nodes<'a> = options 16 }
    CreateRangeStmt = CreateRangeStmt 228 { type_name: Nodes<'a> = typeName 8 }
    CreateSchemaStmt = CreateSchemaStmt 145 {
        schemaname: &'a str = schemaname 8, schema_elts: Nodes<'a> = schemaElts 24,
        if_not_exists: bool = if_not_exists 32,
    }
    CreateSeqStmt = CreateSeqStmt 189 {
        sequence: Range<'a> = sequence 8, options: Nodes<'a> = options 16, if_not_exists: bool = if_not_exists 29,
    }
    CreateStatsStmt = CreateStatsStmt 205 { exprs: Nodes<'a> = exprs 24, relations: Nodes<'a> = relations 32 }
    CreateStmt = CreateStmt 160 {
        relation: Range<'a> = relation 8, table_elts: Nodes<'a> = tableElts 16,
        inh_relations: Nodes<'a> = inhRelations 24,
        partbound: Inner<'a, PartitionBoundSpec<'a>> = partbound 32,
        partspec: Inner<'a, PartitionSpec<'a>> = partspec 40, of_typename: Inner<'a, TypeName<'a>> = ofTypename 48,
        constraints: Nodes<'a> = constraints 56,
        if_not_exists: bool = if_not_exists 104,
    }
    CreateSubscriptionStmt = CreateSubscriptionStmt 263 { options: Nodes<'a> = options 32 }
    CreateTableAsStmt = CreateTableAsStmt 242 {
        query: Child<'a> = query 8, into: Inner<'a, IntoClause<'a>> = into 16,
        objtype: ObjectType = objtype 24, if_not_exists: bool = if_not_exists 29,
    }
    CreateTableSpaceStmt = CreateTableSpaceStmt 162 {}
    CreateTrigStmt = CreateTrigStmt 181 {
        replace: bool = replace 4,
        trigname: &'a str = trigname 8, relation: Range<'a> = relation 16, funcname: Nodes<'a> = funcname 24,
        columns: Nodes<'a> = columns 48,
        when_clause: Child<'a> = whenClause 56, constrrel: Range<'a> = constrrel 80,
    }
    CreatedbStmt = CreatedbStmt 232 {}
    DefElem = DefElem 93 { defname: &'a str = defname 16, arg: Child<'a> = arg 24 }
    DeleteStmt = DeleteStmt 138 {
        relation: Range<'a> = relation 8, using_clause: Nodes<'a> = usingClause 16,
        where_clause: Child<'a> = whereClause 24, with_clause: Inner<'a, WithClause<'a>> = withClause 40,
    }
    DiscardStmt = DiscardStmt 245 { target: DiscardMode = target 4 }
    DoStmt = DoStmt 211 { args: Nodes<'a> = args 8 }
    DropOwnedStmt = DropOwnedStmt 255 { roles: Nodes<'a> = roles 8 }
    DropStmt = DropStmt 197 {
        objects: Nodes<'a> = objects 8, remove_type: ObjectType = removeType 16,
        behavior: DropBehavior = behavior 20, missing_ok: bool = missing_ok 24,
        concurrent: bool = concurrent 25,
    }
    DropSubscriptionStmt = DropSubscriptionStmt 265 { subname: &'a str = subname 8 }
    DropTableSpaceStmt = DropTableSpaceStmt 163 {}
    DropdbStmt = DropdbStmt 236 { dbname: &'a str = dbname 8 }
    Float = Float 466 { fval: &'a str = fval 8 }
    FunctionParameter = FunctionParameter 209 {
        name: &'a str = name 8, arg_type: Inner<'a, TypeName<'a>> = argType 16, mode: Mode = mode 24,
        defexpr: Child<'a> = defexpr 32,
    }
    FuncCall = FuncCall 76 {
        funcname: Nodes<'a> = funcname 8, args: Nodes<'a> = args 16, agg_order: Nodes<'a> = agg_order 24,
        agg_filter: Child<'a> = agg_filter 32,
    }
    GrantStmt = GrantStmt 152 {
        is_grant: bool = is_grant 4, targtype: GrantTargetType = targtype 8,
        objtype: ObjectType = objtype 12, objects: Nodes<'a> = objects 16, privileges: Nodes<'a> = privileges 24,
        grantees: Nodes<'a> = grantees 32,
    }
    IndexElem = IndexElem 92 {
        name: &'a str = name 8, expr: Child<'a> = expr 16, collation: Nodes<'a> = collation 32,
        opclass: Nodes<'a> = opclass 40, ordering: SortByDir = ordering 56,
        nulls_ordering: SortByNulls = nulls_ordering 60,
    }
    IndexStmt = IndexStmt 204 {
        idxname: &'a str = idxname 8, relation: Range<'a> = relation 16,
        access_method: &'a str = accessMethod 24, index_params: Nodes<'a> = indexParams 40,
        index_including_params: Nodes<'a> = indexIncludingParams 48,
        where_clause: Child<'a> = whereClause 64, unique: bool = unique 104,
        concurrent: bool = concurrent 112, if_not_exists: bool = if_not_exists 113,
    }
    ImportForeignSchemaStmt = ImportForeignSchemaStmt 177 {}
    InferClause = InferClause 111 {
        index_elems: Nodes<'a> = indexElems 8, where_clause: Child<'a> = whereClause 16,
    }
    InsertStmt = InsertStmt 137 {
        relation: Range<'a> = relation 8, cols: Nodes<'a> = cols 16, select_stmt: Child<'a> = selectStmt 24,
        on_conflict_clause: Child<'a> = onConflictClause 32,
        with_clause: Inner<'a, WithClause<'a>> = withClause 48, overriding: OverridingKind = override 56,
    }
    Integer = Integer 465 { ival: i32 = ival 4 }
    IntoClause = IntoClause 5 { rel: Range<'a> = rel 8, skip_data: bool = skipData 64 }
    JoinExpr = JoinExpr 64 {
        larg: Child<'a> = larg 16, rarg: Child<'a> = rarg 24,
        quals: Child<'a> = quals 48, alias: Inner<'a, Alias<'a>> = alias 56,
    }
    List = List 1 { items: Elements<'a> = elements 16 }
    LockStmt = LockStmt 246 { relations: Nodes<'a> = relations 8, mode: i32 = mode 16 }
    MergeStmt = MergeStmt 140 {
        relation: Range<'a> = relation 8, source_relation: Child<'a> = sourceRelation 16,
        join_condition: Child<'a> = joinCondition 24, clauses: Nodes<'a> = mergeWhenClauses 32,
        with_clause: Inner<'a, WithClause<'a>> = withClause 48,
    }
    MergeWhenClause = MergeWhenClause 116 {
        kind: MergeMatchKind = matchKind 4, command: CmdType = commandType 8, condition: Child<'a> = condition 16, targets: Nodes<'a> = targetList 24,
    }
    MinMaxExpr = MinMaxExpr 39 { args: Nodes<'a> = args 24 }
    NullTest = NullTest 52 { arg: Child<'a> = arg 8, nulltesttype: NullTestType = nulltesttype 16 }
    ObjectWithArgs = ObjectWithArgs 153 { objname: Nodes<'a> = objname 8 }
    OnConflictClause = OnConflictClause 112 {
        infer: Inner<'a, InferClause<'a>> = infer 8, target_list: Nodes<'a> = targetList 16,
    }
    PartitionBoundSpec = PartitionBoundSpec 98 {
        strategy: u8 = strategy 4, is_default: bool = is_default 5, modulus: i32 = modulus 8, remainder: i32 = remainder 12,
        values: Nodes<'a> = listdatums 16, from: Nodes<'a> = lowerdatums 24, to: Nodes<'a> = upperdatums 32,
    }
    PartitionCmd = PartitionCmd 100 {
        name: Range<'a> = name 8, bound: Inner<'a, PartitionBoundSpec<'a>> = bound 16,
        concurrent: bool = concurrent 24,
    }
    PartitionElem = PartitionElem 96 { name: &'a str = name 8 }
    PartitionSpec = PartitionSpec 97 { strategy: Strategy = strategy 4, part_params: Nodes<'a> = partParams 8 }
    PublicationObjSpec = PublicationObjSpec 260 { pubtable: Inner<'a, PublicationTable<'a>> = pubtable 16 }
    PublicationTable = PublicationTable 259 {
        relation: Range<'a> = relation 8, where_clause: Child<'a> = whereClause 16,
    }
    RangeFunction = RangeFunction 86 { functions: Nodes<'a> = functions 8 }
    RangeSubselect = RangeSubselect 85 { subquery: Child<'a> = subquery 8 }
    RangeVar = RangeVar 3 {
        schemaname: &'a str = schemaname 16, relname: &'a str = relname 24, inh: bool = inh 32,
        relpersistence: u8 = relpersistence 33, alias: Inner<'a, Alias<'a>> = alias 40,
    }
    MultiAssignRef = MultiAssignRef 82 { source: Child<'a> = source 8, colno: i32 = colno 16 }
    RawStmt = RawStmt 136 { stmt: Child<'a> = stmt 8 }
    RefreshMatViewStmt = RefreshMatViewStmt 243 {
        concurrent: bool = concurrent 4, skip_data: bool = skipData 5, relation: Range<'a> = relation 8,
    }
    ReplicaIdentityStmt = ReplicaIdentityStmt 149 { identity_type: u8 = identity_type 4, name: &'a str = name 8 }
    ReindexStmt = ReindexStmt 248 {
        kind: ReindexObjectType = kind 4, relation: Range<'a> = relation 8, name: &'a str = name 16,
        params: Nodes<'a> = params 24,
    }
    RenameStmt = RenameStmt 215 {
        rename_type: ObjectType = renameType 4, relation: Range<'a> = relation 16,
        object: Child<'a> = object 24, subname: &'a str = subname 32, newname: &'a str = newname 40,
        missing_ok: bool = missing_ok 52,
    }
    ResTarget = ResTarget 81 { name: &'a str = name 8, val: Child<'a> = val 24 }
    RoleSpec = RoleSpec 75 { roletype: RoleSpecType = roletype 4, rolename: &'a str = rolename 8 }
    RowExpr = RowExpr 36 { args: Nodes<'a> = args 8 }
    RuleStmt = RuleStmt 221 {
        relation: Range<'a> = relation 8, rulename: &'a str = rulename 16,
        where_clause: Child<'a> = whereClause 24, event: CmdType = event 32, instead: bool = instead 36,
        actions: Nodes<'a> = actions 40,
    }
    SelectStmt = SelectStmt 141 {
        distinct_clause: Nodes<'a> = distinctClause 8,
        into_clause: Inner<'a, IntoClause<'a>> = intoClause 16, target_list: Nodes<'a> = targetList 24,
        from_clause: Nodes<'a> = fromClause 32, where_clause: Child<'a> = whereClause 40,
        group_clause: Nodes<'a> = groupClause 48, having_clause: Child<'a> = havingClause 64,
        window_clause: Nodes<'a> = windowClause 72, values_lists: Nodes<'a> = valuesLists 80,
        sort_clause: Nodes<'a> = sortClause 88, limit_count: Child<'a> = limitCount 104,
        with_clause: Inner<'a, WithClause<'a>> = withClause 128, larg: Inner<'a, SelectStmt<'a>> = larg 144,
        rarg: Inner<'a, SelectStmt<'a>> = rarg 152,
    }
    SetToDefault = SetToDefault 57 {}
    SortBy = SortBy 83 { node: Child<'a> = node 8 }
    SqlvalueFunction = SQLValueFunction 40 {}
    StatsElem = StatsElem 206 { name: &'a str = name 8 }
    String = String 468 { sval: &'a str = sval 8 }
    SubLink = SubLink 22 { testexpr: Child<'a> = testexpr 16, subselect: Child<'a> = subselect 32 }
    TableLikeClause = TableLikeClause 91 { relation: Range<'a> = relation 8 }
    TransactionStmt = TransactionStmt 225 { kind: TransactionStmtKind = kind 4, chain: bool = chain 32 }
    TruncateStmt = TruncateStmt 198 {
        relations: Nodes<'a> = relations 8, behavior: DropBehavior = behavior 20,
    }
    TypeCast = TypeCast 73 {
        arg: Child<'a> = arg 8, type_name: Inner<'a, TypeName<'a>> = typeName 16,
    }
    TypeName = TypeName 68 {
        names: Nodes<'a> = names 8, setof: bool = setof 20, pct_type: bool = pct_type 21, typmods: Nodes<'a> = typmods 24,
        array_bounds: Nodes<'a> = arrayBounds 40,
    }
    UpdateStmt = UpdateStmt 139 {
        relation: Range<'a> = relation 8, target_list: Nodes<'a> = targetList 16,
        where_clause: Child<'a> = whereClause 24, from_clause: Nodes<'a> = fromClause 32,
        with_clause: Inner<'a, WithClause<'a>> = withClause 48,
    }
    VacuumRelation = VacuumRelation 240 { relation: Range<'a> = relation 8 }
    VacuumStmt = VacuumStmt 239 {
        options: Nodes<'a> = options 8, rels: Nodes<'a> = rels 16, is_vacuumcmd: bool = is_vacuumcmd 24,
    }
    VariableSetStmt = VariableSetStmt 158 {
        kind: VariableSetKind = kind 4, name: &'a str = name 8, args: Nodes<'a> = args 16,
        is_local: bool = is_local 25,
    }
    ViewStmt = ViewStmt 230 {
        view: Range<'a> = view 8, aliases: Nodes<'a> = aliases 16, query: Child<'a> = query 24, replace: bool = replace 32,
    }
    WindowDef = WindowDef 84 {
        partition_clause: Nodes<'a> = partitionClause 24, order_clause: Nodes<'a> = orderClause 32,
    }
    WithClause = WithClause 110 { ctes: Nodes<'a> = ctes 8 }
    XmlExpr = XmlExpr 41 { args: Nodes<'a> = args 32 }
}

#[cfg(test)]
mod tests;
