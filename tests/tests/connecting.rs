//! Sessions as the tools open them.

use shared::connection::{Conninfo, Session, SessionOptions};

#[test]
fn a_session_has_its_safeguards_in_force() {
    let cluster = tests::cluster();
    let folder = cluster.socket_dir();
    let conninfo = Conninfo::for_cluster(folder, cluster.port(), cluster.superuser(), "postgres");
    let options = SessionOptions {
        application_name: "a tool".into(),
        read_only: true,
        ..SessionOptions::default()
    };
    let mut session = Session::open(&conninfo, &options).unwrap();
    session.require_session().unwrap();
    let query = "select concat_ws('|', current_setting('application_name'), current_setting('search_path'), current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('transaction_read_only'))";
    let row = session.client().query_typed_one(query, &[]).unwrap();
    assert_eq!(row.get::<_, String>(0), "a tool||10s|1min|on");
    assert_eq!(
        session.server_version_num() / 10000,
        cluster.version().major
    );
}
