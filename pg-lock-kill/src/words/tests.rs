use serde_json::{Value, json};

use super::*;

/// The words for a lock whose columns are these, in a database `app` with a table and a type.
fn words(columns: Value) -> String {
    let snapshot: Snapshot = serde_json::from_value(json!({
        "taken_at": "2026-11-20T20:00:00Z", "server_version_num": 150018, "in_recovery": false,
        "own_pid": 1, "own_role": "me", "own_database": 5, "sees_all": true, "locks": [],
        "sessions": [], "prepared": [], "safe_snapshots": [], "databases": [[5, "app"]],
        "relations": [[0, 1260, "pg_catalog.pg_authid"], [5, 20, "public.\"Big\""]],
        "objects": [{"database": 5, "catalog": 1247, "number": 30, "words": "type public.mood"}],
    }))
    .unwrap();
    let tag: Tag = serde_json::from_value(columns).unwrap();
    target(&tag, &snapshot)
}

#[test]
fn every_kind_of_lock_is_said_in_words() {
    for (columns, wanted) in [
        (
            json!({"kind": "relation", "database": 5, "relation": 20}),
            "public.\"Big\"",
        ),
        (
            json!({"kind": "relation", "database": 0, "relation": 1260}),
            "pg_catalog.pg_authid",
        ),
        (
            json!({"kind": "relation", "database": 5, "relation": 21}),
            "relation 21 of database app",
        ),
        (
            json!({"kind": "relation", "database": 6, "relation": 20}),
            "relation 20 of database 6",
        ),
        (
            json!({"kind": "extend", "database": 5, "relation": 20}),
            "extension of public.\"Big\"",
        ),
        (
            json!({"kind": "page", "database": 5, "relation": 20, "page": 7}),
            "page 7 of public.\"Big\"",
        ),
        (
            json!({"kind": "tuple", "database": 5, "relation": 20, "page": 7, "tuple": 3}),
            "row (7,3) of public.\"Big\"",
        ),
        (
            json!({"kind": "transactionid", "transaction_id": 900}),
            "transaction 900",
        ),
        (
            json!({"kind": "virtualxid", "virtual_xid": "3/15"}),
            "virtual transaction 3/15",
        ),
        (
            json!({"kind": "spectoken", "transaction_id": 900}),
            "speculative insertion of transaction 900",
        ),
        (
            json!({"kind": "frozenid", "database": 5}),
            "freezing of database app",
        ),
        (
            json!({"kind": "advisory", "database": 5, "class": 4_294_967_295_u32, "object": 4_294_967_295_u32,
                   "sub_object": 1}),
            "advisory lock -1 in database app",
        ),
        (
            json!({"kind": "advisory", "database": 5, "class": 4_294_967_295_u32, "object": 7, "sub_object": 2}),
            "advisory lock (-1, 7) in database app",
        ),
        (
            json!({"kind": "object", "database": 5, "class": 1247, "object": 30}),
            "type public.mood in database app",
        ),
        (
            json!({"kind": "object", "database": 5, "class": 1247, "object": 31}),
            "object 31 of pg_type in database app",
        ),
        (
            json!({"kind": "object", "database": 5, "class": 9999, "object": 31}),
            "object 31 of catalog 9999 in database app",
        ),
        (
            json!({"kind": "object", "database": 0, "class": 1262, "object": 5}),
            "database app",
        ),
        (
            json!({"kind": "object", "database": 0, "class": 1262, "object": 0}),
            "the queue of NOTIFY",
        ),
        (
            json!({"kind": "applytransaction", "database": 5, "transaction_id": 900, "class": 40}),
            "remote transaction 900 of subscription 40",
        ),
        (
            json!({"kind": "yet another", "database": 5}),
            "yet another in database app",
        ),
    ] {
        assert_eq!(words(columns.clone()), wanted, "{columns}");
    }
}
