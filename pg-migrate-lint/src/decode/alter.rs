//! `ALTER TABLE` and its like, action by action.

use pg_query::protobuf as pb;
use pg_query::protobuf::AlterTableType as T;

use super::constraint::{column_in_parts, constraint};
use super::node::{option, relation, type_};
use super::walk::expr;
use crate::model::{Action, Alter, Change, ConstraintKind, Identity, Restart};
use crate::name::Name;
use crate::tree::{self, Node, NodeEnum, Nodes};

/// The statement's actions, in the order in which the server does them.
pub fn alter_table(stmt: &tree::AlterTableStmt, at: usize) -> Vec<Change> {
    let table = relation(stmt.relation.get());
    let only = stmt.relation.get().is_some_and(|range| !range.inh);
    let commands = stmt.cmds.iter().filter_map(|node| match node.read()? {
        NodeEnum::AlterTableCmd(command) => Some(command),
        _ => None,
    });
    let actions = commands.map(|command| (command.subtype, action(&command, at)));
    let mut actions: Vec<_> = actions.collect();
    actions.sort_by_key(|(command, action)| pass(*command, action));
    let alter = |action| {
        Change::Alter(Alter {
            table: table.clone(),
            kind: super::kind(stmt.objtype),
            only,
            if_exists: stmt.missing_ok,
            action,
        })
    };
    actions
        .into_iter()
        .map(|(_, action)| alter(action))
        .collect()
}

/// In which pass over the actions this one is done: the `AT_PASS_…` of the server's `tablecmds.c`.
fn pass(command: T, action: &Action) -> u8 {
    match command {
        T::AtDropColumn
        | T::AtDropConstraint
        | T::AtDropNotNull
        | T::AtDropExpression
        | T::AtDropIdentity => 0,
        T::AtAlterColumnType => 1,
        T::AtAddColumn => 2,
        T::AtSetExpression => 3,
        T::AtSetNotNull => 4,
        T::AtAddIdentity => 6,
        _ => match action {
            Action::Default { default: None, .. } => 0,
            Action::Default { .. } => 6,
            Action::AddConstraint(constraint) => match &constraint.kind {
                ConstraintKind::NotNull(_) => 4,
                kind if kind.has_index() => 5,
                _ => 6,
            },
            _ => 7,
        },
    }
}

fn action(command: &tree::AlterTableCmd, at: usize) -> Action {
    let name = || command.name.to_string();
    let def = command.def;
    let cascade = command.behavior == pb::DropBehavior::DropCascade;
    match command.subtype {
        T::AtAddColumn => match def.and_then(Node::read) {
            Some(NodeEnum::ColumnDef(def)) => Action::AddColumn {
                column: Box::new(column_in_parts(&def, at)),
                if_not_exists: command.missing_ok,
            },
            _ => Action::Other,
        },
        T::AtDropColumn => Action::DropColumn {
            column: name(),
            cascade,
            if_exists: command.missing_ok,
        },
        T::AtColumnDefault => Action::Default {
            column: name(),
            default: def.map(|node| expr(node)),
        },
        T::AtSetNotNull => Action::SetNotNull(name()),
        T::AtDropNotNull => Action::DropNotNull(name()),
        T::AtAlterColumnType => set_type(command, at),
        T::AtSetExpression => Action::SetExpression(name()),
        T::AtDropExpression => Action::DropExpression(name()),
        T::AtAddIdentity => Action::AddIdentity(name()),
        T::AtSetIdentity => set_identity(command),
        T::AtDropIdentity => Action::Identity(name()),
        T::AtSetStatistics if command.num > 0 => {
            Action::IndexStatistics(usize::try_from(command.num).unwrap_or_default())
        }
        T::AtSetStatistics | T::AtSetOptions | T::AtResetOptions => Action::ColumnStatistics,
        T::AtSetStorage | T::AtSetCompression => Action::ColumnStorage,
        T::AtAddConstraint => match def.and_then(|def| constraint(def, at)) {
            Some(constraint) => Action::AddConstraint(Box::new(constraint)),
            None => Action::Other,
        },
        T::AtValidateConstraint => Action::Validate(name()),
        T::AtDropConstraint => Action::DropConstraint {
            constraint: name(),
            cascade,
            if_exists: command.missing_ok,
        },
        T::AtAlterConstraint => alter_constraint(command),
        other => of_table(other, command),
    }
}

fn of_table(kind: T, command: &tree::AlterTableCmd) -> Action {
    let name = || command.name.to_string();
    match kind {
        T::AtAttachPartition => partition(command, |partition| {
            let bound = partition.bound.get();
            Action::Attach {
                child: relation(partition.name.get()),
                default: bound.is_some_and(|bound| bound.is_default),
                bound: bound.and_then(|bound| super::partition::bound(&bound)),
            }
        }),
        T::AtDetachPartition => partition(command, |partition| Action::Detach {
            child: relation(partition.name.get()),
            concurrently: partition.concurrent,
        }),
        T::AtSetRelOptions | T::AtResetRelOptions if has_great_lock(command) => Action::Other,
        T::AtDetachPartitionFinalize
        | T::AtSetRelOptions
        | T::AtResetRelOptions
        | T::AtClusterOn
        | T::AtDropCluster => Action::Options,
        T::AtAddInherit => Action::Inherit(parent(command)),
        T::AtDropInherit => Action::NoInherit(parent(command)),
        T::AtEnableTrig | T::AtEnableAlwaysTrig | T::AtEnableReplicaTrig => Action::Trigger {
            enable: true,
            trigger: Some(name()),
            user: false,
        },
        T::AtDisableTrig => Action::Trigger {
            enable: false,
            trigger: Some(name()),
            user: false,
        },
        T::AtEnableTrigAll | T::AtEnableTrigUser => Action::Trigger {
            enable: true,
            trigger: None,
            user: kind == T::AtEnableTrigUser,
        },
        T::AtDisableTrigAll | T::AtDisableTrigUser => Action::Trigger {
            enable: false,
            trigger: None,
            user: kind == T::AtDisableTrigUser,
        },
        T::AtSetLogged => Action::SetLogged(true),
        T::AtSetUnLogged => Action::SetLogged(false),
        T::AtSetTableSpace => Action::SetTablespace,
        T::AtSetAccessMethod => Action::SetAccessMethod,
        T::AtEnableRowSecurity => Action::RowSecurity(Some(true)),
        T::AtDisableRowSecurity => Action::RowSecurity(Some(false)),
        T::AtForceRowSecurity | T::AtNoForceRowSecurity => Action::RowSecurity(None),
        T::AtReplicaIdentity => identity(command),
        T::AtChangeOwner => Action::Owner,
        _ => Action::Other,
    }
}

/// Whether one of the options needs a lock for which all wait, by the server's `reloptions.c`.
fn has_great_lock(command: &tree::AlterTableCmd) -> bool {
    const GREAT: &[&str] = &[
        "check_option",
        "security_barrier",
        "security_invoker",
        "user_catalog_table",
    ];
    options(command).is_some_and(|options| {
        options
            .iter()
            .filter_map(option)
            .any(|(name, _)| GREAT.contains(&name))
    })
}

fn options<'a>(command: &tree::AlterTableCmd<'a>) -> Option<Nodes<'a>> {
    match command.def?.read()? {
        NodeEnum::List(list) => Some(list.items.0),
        _ => None,
    }
}

fn set_identity(command: &tree::AlterTableCmd) -> Action {
    let column = command.name.to_string();
    match options(command).map_or(Restart::No, super::restart) {
        Restart::No => Action::Identity(column),
        restart => Action::Restart { column, restart },
    }
}

fn identity(command: &tree::AlterTableCmd) -> Action {
    let Some(NodeEnum::ReplicaIdentityStmt(stmt)) = command.def.and_then(Node::read) else {
        return Action::Other;
    };
    Action::ReplicaIdentity {
        identity: match stmt.identity_type {
            b'f' => Identity::Full,
            b'n' => Identity::Nothing,
            b'i' => Identity::Index,
            _ => Identity::Key,
        },
        index: Some(stmt.name.to_string()).filter(|name| !name.is_empty()),
    }
}

fn alter_constraint(command: &tree::AlterTableCmd) -> Action {
    match command.def.and_then(Node::read) {
        Some(NodeEnum::AtalterConstraint(altered)) => Action::AlterConstraint {
            constraint: altered.conname.to_string(),
            enforced: altered.alter_enforceability.then_some(altered.is_enforced),
        },
        _ => Action::Other,
    }
}

fn set_type(command: &tree::AlterTableCmd, at: usize) -> Action {
    match command.def.and_then(Node::read) {
        Some(NodeEnum::ColumnDef(def)) => Action::SetType {
            column: command.name.to_string(),
            to: type_(def.type_name.get()),
            using: def.raw_default.map(|node| expr(node)),
            collation: def
                .coll_clause
                .get()
                .map(|clause| super::node::name(clause.collname)),
            at: usize::try_from(def.location)
                .unwrap_or(0)
                .saturating_sub(at),
        },
        _ => Action::Other,
    }
}

fn partition(
    command: &tree::AlterTableCmd,
    make: impl Fn(&tree::PartitionCmd) -> Action,
) -> Action {
    match command.def.and_then(Node::read) {
        Some(NodeEnum::PartitionCmd(partition)) => make(&partition),
        _ => Action::Other,
    }
}

fn parent(command: &tree::AlterTableCmd) -> Name {
    match command.def.and_then(Node::read) {
        Some(NodeEnum::RangeVar(range)) => relation(Some(range)),
        _ => Name::default(),
    }
}
