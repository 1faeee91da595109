//! Publications and subscriptions.

use pg_query::protobuf as pb;

use super::node::{self, relation};
use super::turns_off;
use crate::model::{Change, Publication, Publishes};
use crate::name::Name;
use crate::tree::{self, NodeEnum, Nodes};

/// A publication, with all that is done to it.
pub fn publication(node: &NodeEnum) -> Option<Publication> {
    use pb::AlterPublicationAction as A;
    let (name, how, objects, options) = match node {
        NodeEnum::CreatePublicationStmt(stmt) => {
            let how = match stmt.for_all_tables {
                true => Publishes::All,
                false => Publishes::Tables,
            };
            (stmt.pubname, how, stmt.pubobjects, stmt.options)
        }
        NodeEnum::AlterPublicationStmt(stmt) => {
            let how = match stmt.action {
                _ if stmt.pubobjects.is_empty() => Publishes::Options,
                A::ApDropObjects => Publishes::Less,
                A::ApSetObjects => Publishes::Instead,
                _ => Publishes::More,
            };
            (stmt.pubname, how, stmt.pubobjects, stmt.options)
        }
        _ => return None,
    };
    let mut said = options.iter().filter_map(node::option);
    let said = said.find(|(name, _)| *name == "publish");
    let writes = said.and_then(|(_, value)| value);
    let writes = writes.map(|value| value.contains("update") || value.contains("delete"));
    Some(Publication {
        name: name.to_string(),
        how,
        tables: published(objects),
        writes,
    })
}

/// The tables that are named.
pub fn published(objects: Nodes) -> Vec<Name> {
    let tables = objects.iter().filter_map(|node| match node.read()? {
        NodeEnum::PublicationObjSpec(object) => {
            let table = object.pubtable.get()?;
            Some(relation(table.relation.get()))
        }
        _ => None,
    });
    tables.collect()
}

/// `ALTER SUBSCRIPTION`, by what asks the publisher.
pub fn alter_subscription(stmt: &tree::AlterSubscriptionStmt) -> Change {
    use pb::AlterSubscriptionType as T;
    match stmt.kind {
        T::AlterSubscriptionRefresh => Change::Alone("ALTER SUBSCRIPTION … REFRESH"),
        T::AlterSubscriptionSetPublication
        | T::AlterSubscriptionAddPublication
        | T::AlterSubscriptionDropPublication
            if !turns_off(stmt.options, &["refresh"]) =>
        {
            Change::Alone("ALTER SUBSCRIPTION with refresh")
        }
        T::AlterSubscriptionOptions => {
            let mut options = stmt.options.iter().filter_map(node::option);
            let is_slotless = options.any(|(name, value)| {
                name == "slot_name" && value.is_none_or(|value| value.eq_ignore_ascii_case("none"))
            });
            match is_slotless {
                true => Change::ForgetSlot(stmt.subname.to_string()),
                false => Change::Other,
            }
        }
        _ => Change::Other,
    }
}
