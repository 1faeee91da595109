//! What is locked, in words.

use crate::snapshot::{Snapshot, Tag};

/// pg_database, whose rows are locked as objects.
const DATABASES: u32 = 1262;

/// What is locked, as a person would say it.
pub fn target(tag: &Tag, snapshot: &Snapshot) -> String {
    let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    match tag.kind.as_str() {
        "relation" => of_relation(tag, snapshot),
        "extend" => format!("extension of {}", of_relation(tag, snapshot)),
        "page" => format!(
            "page {} of {}",
            number(tag.page),
            of_relation(tag, snapshot)
        ),
        "tuple" => {
            let row = tag.tuple.unwrap_or_default();
            format!(
                "row ({},{row}) of {}",
                number(tag.page),
                of_relation(tag, snapshot)
            )
        }
        "transactionid" => format!("transaction {}", number(tag.transaction_id)),
        "spectoken" => format!(
            "speculative insertion of transaction {}",
            number(tag.transaction_id)
        ),
        "virtualxid" => {
            let virtual_xid = tag.virtual_xid.as_deref().unwrap_or_default();
            format!("virtual transaction {virtual_xid}")
        }
        "frozenid" => format!("freezing of {}", database(tag.database, snapshot)),
        "advisory" | "userlock" => advisory(tag, snapshot),
        "object" => object(tag, snapshot),
        "applytransaction" => {
            let transaction = number(tag.transaction_id);
            format!(
                "remote transaction {transaction} of subscription {}",
                number(tag.class)
            )
        }
        other => format!("{other} in {}", database(tag.database, snapshot)),
    }
}

/// The relation of a lock on it or on a part of it, as SQL names it.
pub fn relation(tag: &Tag, snapshot: &Snapshot) -> Option<String> {
    tag.relation.map(|_| of_relation(tag, snapshot))
}

fn of_relation(tag: &Tag, snapshot: &Snapshot) -> String {
    let relation = tag.relation.unwrap_or_default();
    let place = (tag.database.unwrap_or_default(), relation);
    let known = snapshot
        .relations
        .iter()
        .find(|(database, number, _)| (*database, *number) == place);
    match known {
        Some((_, _, name)) => name.clone(),
        None => format!(
            "relation {relation} of {}",
            database(tag.database, snapshot)
        ),
    }
}

fn database(number: Option<u32>, snapshot: &Snapshot) -> String {
    let number = number.unwrap_or_default();
    match snapshot
        .databases
        .iter()
        .find(|(known, _)| *known == number)
    {
        _ if number == 0 => "all databases".to_string(),
        Some((_, name)) => format!("database {name}"),
        None => format!("database {number}"),
    }
}

/// A key of 64 bits, or two of 32, as SQL gives them.
fn advisory(tag: &Tag, snapshot: &Snapshot) -> String {
    let (class, object) = (
        tag.class.unwrap_or_default(),
        tag.object.unwrap_or_default(),
    );
    let place = database(tag.database, snapshot);
    match tag.sub_object {
        Some(1) => {
            let key = (u64::from(class) << 32 | u64::from(object)).cast_signed();
            format!("advisory lock {key} in {place}")
        }
        _ => {
            let (class, object) = (class.cast_signed(), object.cast_signed());
            format!("advisory lock ({class}, {object}) in {place}")
        }
    }
}

fn object(tag: &Tag, snapshot: &Snapshot) -> String {
    let (class, object) = (
        tag.class.unwrap_or_default(),
        tag.object.unwrap_or_default(),
    );
    if class == DATABASES {
        return match object {
            // Who notifies holds it until the end of the commit.
            0 => "the queue of NOTIFY".to_string(),
            _ => database(Some(object), snapshot),
        };
    }
    format!(
        "object {object} of catalog {class} in {}",
        database(tag.database, snapshot)
    )
}
