//! A server that reaches nobody: it runs in a network of its own, in which there is nothing.

use std::ffi::OsString;
use std::process::Stdio;

use super::server::clean_command;
use super::user::ServerUser;
use crate::programs::Version;

/// util-linux's, which needs no right where the kernel lets everybody have a namespace of users.
const APART: [&str; 5] = ["unshare", "--user", "--map-current-user", "--net", "--"];

/// Up to 14 a server talks to its collector of statistics by the network.
const SINCE: u32 = 15;

/// What comes before the server's command line; nothing where the system does not let us.
pub(super) fn apart(version: Version, user: &ServerUser) -> Vec<OsString> {
    let mut tried = clean_command(APART[0], user);
    tried.args(&APART[1..]).arg("true");
    tried.stdin(Stdio::null());
    tried.stdout(Stdio::null()).stderr(Stdio::null());
    let mut works = || tried.status().is_ok_and(|status| status.success());
    match version.major >= SINCE && works() {
        true => APART.map(OsString::from).into(),
        false => Vec::new(),
    }
}
