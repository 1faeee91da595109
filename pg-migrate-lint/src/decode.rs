//! The grammar's tree as [`Change`]s.

mod alter;
mod constraint;
mod create;
mod data;
mod depend;
mod drop;
mod limit;
mod node;
mod partition;
mod publication;
mod scope;
mod setting;
mod view;
mod walk;

use pg_query::protobuf as pb;
use pg_query::protobuf::TransactionStmtKind;

use crate::lock::Mode;
use crate::model::{Change, DomainAction, Grant, Kind, Policy, ReindexKind, Restart, Transaction};
use crate::name::{Name, quoted};
use crate::tree::{self, Node, NodeEnum, Nodes};
use node::{name, name_of, relation, role, strings};
use publication::{alter_subscription, publication, published};
use setting::{set_for_later, setting};

/// What the statement does; `at` is where it begins in what was parsed.
pub fn changes(node: &NodeEnum, at: usize) -> Vec<Change> {
    match node {
        NodeEnum::AlterTableStmt(stmt) => alter::alter_table(stmt, at),
        NodeEnum::VariableSetStmt(stmt) => setting(stmt).map(Change::Set).into_iter().collect(),
        _ => {
            let mut changes = data::within(node);
            changes.push(change(node, at));
            changes.extend(publication(node).map(Change::Publish));
            let dependents = depend::of(node);
            if !dependents.is_empty() {
                changes.push(Change::Depends(dependents));
            }
            changes
        }
    }
}

fn change(node: &NodeEnum, at: usize) -> Change {
    match node {
        NodeEnum::CreateStmt(stmt) => create::table(stmt, at),
        NodeEnum::CreateForeignTableStmt(stmt) => create::foreign_table(stmt, at),
        NodeEnum::CreateTableAsStmt(stmt) => create::table_as(stmt),
        NodeEnum::IndexStmt(stmt) => create::index(stmt),
        NodeEnum::ViewStmt(stmt) => view::view(stmt),
        NodeEnum::CreateFunctionStmt(stmt) => Change::CreateFunction(create::function(stmt)),
        NodeEnum::CreateDomainStmt(stmt) => create::domain(stmt),
        NodeEnum::CreateEnumStmt(stmt) => Change::CreateEnum {
            name: name(stmt.type_name),
            values: strings(stmt.vals),
        },
        NodeEnum::CompositeTypeStmt(stmt) => Change::CreateType(relation(stmt.typevar.get())),
        NodeEnum::CreateRangeStmt(stmt) => Change::CreateType(name(stmt.type_name)),
        // What else it makes is not looked at.
        NodeEnum::CreateSchemaStmt(stmt) if !stmt.schema_elts.is_empty() => Change::Unseen,
        NodeEnum::CreateSchemaStmt(stmt) => Change::CreateSchema {
            name: stmt.schemaname.to_string(),
            if_not_exists: stmt.if_not_exists,
        },
        NodeEnum::ImportForeignSchemaStmt(_) => Change::Unseen,
        NodeEnum::CreateSeqStmt(stmt) => create::sequence(stmt),
        NodeEnum::AlterSeqStmt(stmt) => Change::AlterSequence {
            name: relation(stmt.sequence.get()),
            restart: restart(stmt.options),
            is_small: is_small(stmt.options),
            if_exists: stmt.missing_ok,
            owner: create::owner(stmt.options),
        },
        NodeEnum::AlterTableMoveAllStmt(_) => Change::MoveAll,
        NodeEnum::DropStmt(stmt) => drop::drop(stmt),
        NodeEnum::RenameStmt(stmt) => drop::rename(stmt),
        NodeEnum::AlterObjectSchemaStmt(stmt) => drop::set_schema(stmt),
        NodeEnum::AlterEnumStmt(stmt) => alter_enum(stmt),
        NodeEnum::AlterDomainStmt(stmt) => alter_domain(stmt),
        NodeEnum::AlterOwnerStmt(_) => Change::Other,
        NodeEnum::TruncateStmt(stmt) => Change::Truncate {
            tables: node::relations(stmt.relations),
            cascade: stmt.behavior == pb::DropBehavior::DropCascade,
        },
        NodeEnum::UpdateStmt(stmt) => data::update(stmt),
        NodeEnum::DeleteStmt(stmt) => data::delete(stmt),
        NodeEnum::InsertStmt(stmt) => data::insert(stmt),
        NodeEnum::SelectStmt(stmt) => data::select(stmt),
        NodeEnum::CallStmt(stmt) => data::call(stmt),
        NodeEnum::MergeStmt(stmt) => data::merge(stmt),
        NodeEnum::CopyStmt(stmt) if stmt.is_from => Change::CopyFrom {
            table: relation(stmt.relation.get()),
            columns: strings(stmt.attlist),
        },
        NodeEnum::ConstraintsSetStmt(stmt) if !stmt.deferred => Change::CheckNow,
        NodeEnum::VacuumStmt(stmt) => vacuum(stmt),
        NodeEnum::ClusterStmt(stmt) => {
            let index = Some(stmt.indexname).filter(|name| !name.is_empty());
            Change::Cluster {
                table: stmt.relation.get().map(|table| relation(Some(table))),
                index: index.map(str::to_string),
            }
        }
        NodeEnum::CreateRoleStmt(stmt) => role_of(stmt.options),
        NodeEnum::AlterRoleStmt(stmt) => role_of(stmt.options),
        NodeEnum::AlterRoleSetStmt(stmt) => set_for_later(stmt.setstmt.get()),
        NodeEnum::AlterDatabaseSetStmt(stmt) => set_for_later(stmt.setstmt.get()),
        NodeEnum::CreateEventTrigStmt(_) => Change::Unseen,
        NodeEnum::ReindexStmt(stmt) => reindex(stmt),
        NodeEnum::RefreshMatViewStmt(stmt) => Change::Refresh {
            view: relation(stmt.relation.get()),
            concurrently: stmt.concurrent,
            no_data: stmt.skip_data,
        },
        NodeEnum::LockStmt(stmt) => Change::Lock {
            tables: node::relations(stmt.relations),
            mode: Mode::from_number(stmt.mode).unwrap_or(Mode::AccessExclusive),
        },
        NodeEnum::CreateTrigStmt(stmt) => Change::CreateTrigger {
            table: relation(stmt.relation.get()),
            other: stmt.constrrel.get().map(|table| relation(Some(table))),
            name: stmt.trigname.to_string(),
            replace: stmt.replace,
            columns: strings(stmt.columns),
            function: name(stmt.funcname),
        },
        NodeEnum::RuleStmt(stmt) => Change::CreateRule {
            table: relation(stmt.relation.get()),
            discards: discarded(stmt),
        },
        NodeEnum::CreatePolicyStmt(stmt) => Change::Policy(Policy {
            table: relation(stmt.table.get()),
            name: stmt.policy_name.to_string(),
            is_new: true,
            refused: match (
                stmt.cmd_name,
                stmt.qual.is_some(),
                stmt.with_check.is_some(),
            ) {
                ("insert", true, _) => Some("a policy FOR INSERT has only WITH CHECK"),
                ("select" | "delete", _, true) => {
                    Some("a policy FOR SELECT or DELETE has only USING")
                }
                _ => None,
            },
            scope: scope::of_table(stmt.table.get(), &[stmt.qual, stmt.with_check]),
        }),
        NodeEnum::AlterPolicyStmt(stmt) => Change::Policy(Policy {
            table: relation(stmt.table.get()),
            name: stmt.policy_name.to_string(),
            is_new: false,
            refused: None,
            scope: scope::of_table(stmt.table.get(), &[stmt.qual, stmt.with_check]),
        }),
        NodeEnum::CommentStmt(stmt) => comment(stmt),
        NodeEnum::DoStmt(stmt) => Change::Do(create::do_body(stmt)),
        NodeEnum::TransactionStmt(stmt) => Change::Transaction(transaction(stmt)),
        NodeEnum::DropdbStmt(stmt) => Change::DropDatabase(stmt.dbname.to_string()),
        NodeEnum::DropOwnedStmt(stmt) => Change::DropOwned(stmt.roles.iter().map(role).collect()),
        NodeEnum::GrantStmt(stmt) => grant(stmt),
        NodeEnum::CreateStatsStmt(stmt) => Change::Describe {
            tables: node::relations(stmt.relations),
            columns: described(stmt.exprs),
        },
        NodeEnum::CreatePublicationStmt(stmt) => Change::Describe {
            tables: published(stmt.pubobjects),
            columns: Vec::new(),
        },
        NodeEnum::AlterPublicationStmt(stmt) => Change::Describe {
            tables: published(stmt.pubobjects),
            columns: Vec::new(),
        },
        NodeEnum::CreatedbStmt(_) => Change::Alone("CREATE DATABASE"),
        NodeEnum::CreateTableSpaceStmt(_) => Change::Alone("CREATE TABLESPACE"),
        NodeEnum::DropTableSpaceStmt(_) => Change::Alone("DROP TABLESPACE"),
        NodeEnum::AlterSystemStmt(_) => Change::Alone("ALTER SYSTEM"),
        NodeEnum::AlterSubscriptionStmt(stmt) => alter_subscription(stmt),
        NodeEnum::DropSubscriptionStmt(stmt) => Change::DropSubscription(stmt.subname.to_string()),
        NodeEnum::DiscardStmt(stmt) if stmt.target == pb::DiscardMode::DiscardAll => {
            Change::Alone("DISCARD ALL")
        }
        NodeEnum::CreateSubscriptionStmt(stmt)
            if !turns_off(stmt.options, &["connect", "create_slot"]) =>
        {
            Change::Alone("CREATE SUBSCRIPTION")
        }
        _ => Change::Other,
    }
}

/// Where the options of a sequence let it go on.
fn restart(options: Nodes) -> Restart {
    let mut options = options.iter().filter_map(node::option);
    let restart = options.find(|(name, _)| *name == "restart");
    match restart {
        Some((_, Some(number))) => number.parse().map_or(Restart::No, Restart::With),
        Some((_, None)) => Restart::Start,
        None => Restart::No,
    }
}

fn is_small(options: Nodes) -> bool {
    options.iter().any(|node| match node.read() {
        Some(NodeEnum::DefElem(option)) if option.defname == "as" => {
            let type_name = option.arg.and_then(Node::read);
            matches!(type_name, Some(NodeEnum::TypeName(name)) if node::type_(Some(name)).name == "int2")
        }
        _ => false,
    })
}

fn discarded(stmt: &tree::RuleStmt) -> Option<&'static str> {
    let is_nothing = stmt.instead && stmt.actions.is_empty() && stmt.where_clause.is_none();
    let command = match stmt.event {
        pb::CmdType::CmdInsert => "INSERT",
        pb::CmdType::CmdUpdate => "UPDATE",
        pb::CmdType::CmdDelete => "DELETE",
        _ => return None,
    };
    is_nothing.then_some(command)
}

/// Whether one of these options is set to what means no.
fn turns_off(options: Nodes, names: &[&str]) -> bool {
    let mut options = options.iter().filter_map(node::option);
    options.any(|(name, value)| {
        names.contains(&name) && matches!(value.as_deref(), Some("false" | "off" | "0" | "no"))
    })
}

/// Whether one of the options has this name and is not turned off.
fn has_option(options: Nodes, wanted: &str) -> bool {
    let mut options = options.iter().filter_map(node::option);
    options.any(|(name, value)| {
        name == wanted && !matches!(value.as_deref(), Some("false" | "off" | "0" | "no"))
    })
}

fn role_of(options: Nodes) -> Change {
    let is_encrypted = |word: &str| {
        let digest = word.strip_prefix("md5").unwrap_or_default();
        word.starts_with("SCRAM-SHA-256$")
            || digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let mut options = options.iter().filter_map(node::option);
    let password = options
        .find(|(name, _)| *name == "password")
        .and_then(|(_, value)| value);
    Change::Role {
        has_password: password.is_some_and(|word| !is_encrypted(&word)),
    }
}

fn alter_enum(stmt: &tree::AlterEnumStmt) -> Change {
    let name = name(stmt.type_name);
    match stmt.old_val.is_empty() {
        true => Change::AddEnumValue {
            name,
            value: stmt.new_val.to_string(),
            beside: Some(stmt.new_val_neighbor.to_string()).filter(|value| !value.is_empty()),
            if_not_exists: stmt.skip_if_new_val_exists,
        },
        false => Change::RenameEnumValue {
            name,
            old: stmt.old_val.to_string(),
            new: stmt.new_val.to_string(),
        },
    }
}

fn alter_domain(stmt: &tree::AlterDomainStmt) -> Change {
    let constraint = stmt.def.and_then(Node::read);
    let action = match (stmt.subtype, constraint) {
        (b'C', Some(NodeEnum::Constraint(constraint))) => DomainAction::AddConstraint {
            validated: !constraint.skip_validation,
        },
        (b'O', _) => DomainAction::SetNotNull,
        (b'V', _) => DomainAction::Validate,
        _ => DomainAction::Other,
    };
    Change::AlterDomain {
        name: name(stmt.type_name),
        action,
    }
}

fn vacuum(stmt: &tree::VacuumStmt) -> Change {
    let tables: Vec<Name> = stmt
        .rels
        .iter()
        .filter_map(|node| match node.read()? {
            NodeEnum::VacuumRelation(table) => Some(relation(table.relation.get())),
            _ => None,
        })
        .collect();
    match stmt.is_vacuumcmd {
        true => Change::Vacuum {
            tables,
            full: has_option(stmt.options, "full"),
        },
        false => Change::Analyze(tables),
    }
}

fn reindex(stmt: &tree::ReindexStmt) -> Change {
    let kind = match stmt.kind {
        pb::ReindexObjectType::ReindexObjectIndex => ReindexKind::Index,
        pb::ReindexObjectType::ReindexObjectTable => ReindexKind::Table,
        _ => ReindexKind::Greater,
    };
    Change::Reindex {
        kind,
        name: stmt.relation.get().map(|name| relation(Some(name))),
        greater: match stmt.kind {
            pb::ReindexObjectType::ReindexObjectSchema => {
                Some(format!("SCHEMA {}", quoted(stmt.name)))
            }
            pb::ReindexObjectType::ReindexObjectDatabase if !stmt.name.is_empty() => {
                Some(format!("DATABASE {}", quoted(stmt.name)))
            }
            _ => None,
        },
        concurrently: has_option(stmt.params, "concurrently"),
    }
}

fn comment(stmt: &tree::CommentStmt) -> Change {
    let names = stmt.object.map(node::items).unwrap_or_default();
    let whole = |kind| (kind, Some(name_of(&names)), None);
    let part = |kind| match names.split_last() {
        Some((part, table)) => (kind, Some(name_of(table)), Some((*part).to_string())),
        None => (kind, None, None),
    };
    let (kind, table, part) = match stmt.objtype {
        pb::ObjectType::ObjectTable => whole(Kind::Table),
        pb::ObjectType::ObjectView => whole(Kind::View),
        pb::ObjectType::ObjectMatview => whole(Kind::MaterializedView),
        pb::ObjectType::ObjectColumn => part(Kind::Column),
        pb::ObjectType::ObjectTabconstraint => part(Kind::Constraint),
        pb::ObjectType::ObjectTrigger => part(Kind::Trigger),
        _ => (Kind::Other, None, None),
    };
    Change::Comment { kind, table, part }
}

fn transaction(stmt: &tree::TransactionStmt) -> Transaction {
    match stmt.kind {
        TransactionStmtKind::TransStmtBegin | TransactionStmtKind::TransStmtStart => {
            Transaction::Begin
        }
        TransactionStmtKind::TransStmtCommit => Transaction::Commit(stmt.chain),
        TransactionStmtKind::TransStmtRollback => Transaction::Rollback(stmt.chain),
        TransactionStmtKind::TransStmtPrepare => Transaction::Prepare,
        _ => Transaction::Other,
    }
}

fn grant(stmt: &tree::GrantStmt) -> Change {
    let is_table = stmt.objtype == pb::ObjectType::ObjectTable
        && stmt.targtype == pb::GrantTargetType::AclTargetObject;
    let columns = |node: Node| match node.read()? {
        NodeEnum::AccessPriv(privilege) => Some(strings(privilege.cols)),
        _ => None,
    };
    let is_public = |node: Node| match node.read() {
        Some(NodeEnum::RoleSpec(role)) => role.roletype == pb::RoleSpecType::RolespecPublic,
        _ => false,
    };
    Change::Grant(Grant {
        tables: match is_table {
            true => node::relations(stmt.objects),
            false => Vec::new(),
        },
        columns: (stmt.privileges.iter().filter_map(columns))
            .flatten()
            .collect(),
        gives: stmt.is_grant,
        public: stmt.grantees.iter().any(is_public),
    })
}

/// The columns that statistics are made of, but those of expressions.
fn described(elements: Nodes) -> Vec<String> {
    let names = elements.iter().filter_map(|node| match node.read()? {
        NodeEnum::StatsElem(element) if !element.name.is_empty() => Some(element.name.to_string()),
        _ => None,
    });
    names.collect()
}

/// The sort of thing that an object type of the grammar is.
fn kind(object: pb::ObjectType) -> Kind {
    use pb::ObjectType as O;
    match object {
        O::ObjectTable => Kind::Table,
        O::ObjectIndex => Kind::Index,
        O::ObjectView => Kind::View,
        O::ObjectMatview => Kind::MaterializedView,
        O::ObjectForeignTable => Kind::ForeignTable,
        O::ObjectSequence => Kind::Sequence,
        O::ObjectType | O::ObjectAttribute => Kind::Type,
        O::ObjectDomain | O::ObjectDomconstraint => Kind::Domain,
        O::ObjectSchema => Kind::Schema,
        O::ObjectFunction | O::ObjectProcedure | O::ObjectRoutine | O::ObjectAggregate => {
            Kind::Function
        }
        O::ObjectTrigger => Kind::Trigger,
        O::ObjectPolicy => Kind::Policy,
        O::ObjectRule => Kind::Rule,
        O::ObjectColumn => Kind::Column,
        O::ObjectTabconstraint => Kind::Constraint,
        O::ObjectExtension => Kind::Extension,
        _ => Kind::Other,
    }
}
