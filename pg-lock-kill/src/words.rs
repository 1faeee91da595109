//! What is locked, in words.

use crate::snapshot::{Snapshot, Tag};

/// What is to be known of who waits for the word of a synchronous standby before he is ended.
pub const COMMITTED: &str = "it has committed and waits for a synchronous standby: its end would not \
     undo that; pg_cancel_backend ends the wait, and leaves the commit on this server alone";

/// pg_database, whose rows are locked as objects.
pub const DATABASES: u32 = 1262;

/// The catalogues whose objects the server can name in all its versions.
pub const CATALOGS: &[(u32, &str)] = &[
    (1213, "pg_tablespace"),
    (1247, "pg_type"),
    (1255, "pg_proc"),
    (1259, "pg_class"),
    (1260, "pg_authid"),
    (1417, "pg_foreign_server"),
    (1418, "pg_user_mapping"),
    (2328, "pg_foreign_data_wrapper"),
    (2601, "pg_am"),
    (2602, "pg_amop"),
    (2603, "pg_amproc"),
    (2604, "pg_attrdef"),
    (2605, "pg_cast"),
    (2606, "pg_constraint"),
    (2607, "pg_conversion"),
    (2612, "pg_language"),
    (2613, "pg_largeobject"),
    (2615, "pg_namespace"),
    (2616, "pg_opclass"),
    (2617, "pg_operator"),
    (2618, "pg_rewrite"),
    (2620, "pg_trigger"),
    (2753, "pg_opfamily"),
    (3079, "pg_extension"),
    (3256, "pg_policy"),
    (3381, "pg_statistic_ext"),
    (3456, "pg_collation"),
    (3466, "pg_event_trigger"),
    (3576, "pg_transform"),
    (3600, "pg_ts_dict"),
    (3601, "pg_ts_parser"),
    (3602, "pg_ts_config"),
    (3764, "pg_ts_template"),
    (6100, "pg_subscription"),
    (6104, "pg_publication"),
];

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

/// The same, where its name is known.
pub fn known_relation<'a>(tag: &Tag, snapshot: &'a Snapshot) -> Option<&'a str> {
    let wanted = (tag.database.unwrap_or_default(), tag.relation?);
    let known = &snapshot.relations;
    let place = known.binary_search_by_key(&wanted, |(database, number, _)| (*database, *number));
    place.ok().map(|place| known[place].2.as_str())
}

/// Whether it is on a relation of which nobody could say what it is called.
pub fn is_nameless(tag: &Tag, snapshot: &Snapshot) -> bool {
    let is_unnamed = |database| snapshot.unnamed.contains(&database);
    tag.relation.is_some()
        && known_relation(tag, snapshot).is_none()
        && tag.database.is_some_and(is_unnamed)
}

fn of_relation(tag: &Tag, snapshot: &Snapshot) -> String {
    match known_relation(tag, snapshot) {
        Some(name) => name.to_string(),
        None => format!(
            "relation {} of {}",
            tag.relation.unwrap_or_default(),
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
    let own = tag.database.unwrap_or_default();
    let known = snapshot
        .objects
        .iter()
        .find(|known| (known.database, known.catalog, known.number) == (own, class, object));
    let place = database(tag.database, snapshot);
    match (known, CATALOGS.iter().find(|(number, _)| *number == class)) {
        (Some(known), _) => format!("{} in {place}", known.words),
        (None, Some((_, catalog))) => format!("object {object} of {catalog} in {place}"),
        (None, None) => format!("object {object} of catalog {class} in {place}"),
    }
}

#[cfg(test)]
mod tests;
