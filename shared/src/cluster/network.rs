//! A server that reaches nobody: it runs in a network of its own, in which there is nothing. One of its own migrations
//! starts no program either: the shell by which a server does that is hidden from it.

use std::ffi::{OsStr, OsString};
use std::process::Stdio;

use super::server::clean_command;
use super::user::ServerUser;
use crate::programs::Version;

/// util-linux's, which needs no right where the kernel lets everybody have a namespace of users.
const APART: [&str; 5] = ["unshare", "--user", "--map-current-user", "--net", "--"];

/// Who mounts has to be root there, and the server must not be.
const SHELLLESS: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];
/// What hides the shell can't be one: it would be given the server's command line.
const HIDE_SHELL: &str = r#"use Cwd "abs_path";
my ($user, $group, @server) = @ARGV;
system("mount", "--bind", "/dev/null", abs_path("/bin/sh")) == 0 or exit 1;
exec "unshare", "--user", "--map-user=$user", "--map-group=$group", "--", @server;"#;

/// Up to 14 a server talks to its collector of statistics by the network.
const SINCE: u32 = 15;

/// What comes before a server's command line.
#[derive(Debug, Default)]
pub(super) struct Apart {
    pub words: Vec<OsString>,
    /// Whether it reaches no network.
    pub is_offline: bool,
}

/// What keeps a server from the network; nothing where the system does not let us.
pub(super) fn apart(version: Version, user: &ServerUser) -> Apart {
    let words: Vec<OsString> = APART.map(OsString::from).into();
    match version.major >= SINCE && works(&words, user) {
        true => Apart {
            words,
            is_offline: true,
        },
        false => Apart::default(),
    }
}

/// The same, and what keeps it from its shell; the first alone where the system does not let us more.
pub(super) fn without_shell(version: Version, user: &ServerUser) -> Apart {
    let is_offline = version.major >= SINCE;
    let net = is_offline.then_some("--net");
    let (uid, gid) = (user.uid.to_string(), user.gid.to_string());
    let shell = ["--", "perl", "-e", HIDE_SHELL, &uid, &gid];
    let words = SHELLLESS.into_iter().chain(net).chain(shell);
    let words: Vec<OsString> = words.map(OsString::from).collect();
    match works(&words, user) {
        true => Apart { words, is_offline },
        false => apart(version, user),
    }
}

fn works(words: &[OsString], user: &ServerUser) -> bool {
    let Some((program, rest)) = words.split_first() else {
        return true;
    };
    let mut tried = clean_command(program, user);
    tried.args(rest).arg(OsStr::new("true"));
    tried.stdin(Stdio::null());
    tried.stdout(Stdio::null()).stderr(Stdio::null());
    tried.status().is_ok_and(|status| status.success())
}
