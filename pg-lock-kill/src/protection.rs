//! Who is never ended, and who only if a flag asks for it.
//!
//! What can't be seen is protected: the rules fail closed.

mod backups;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use shared::{Context, Result};

use crate::claim::KEY;
use crate::cli::{Options, Test};
use crate::filters::fits;
use crate::snapshot::{Lock, Mode, Session, Snapshot};

/// How a worker says that it saves the server from wraparound (autovacuum.c,
/// `autovac_report_activity`).
pub const WRAPAROUND: &str = "(to prevent wraparound)";

/// What the command line says about it.
#[derive(Debug, Default)]
pub struct Rules {
    include_superusers: bool,
    include_autovacuum: bool,
    include_backups: bool,
    /// Applications that `--app` names: a backup is named so.
    named: BTreeSet<String>,
    /// Roles and applications of `--protect` and its file, and which of the two names them.
    spared: BTreeMap<String, &'static str>,
}

impl Rules {
    /// Reads the file of `--protect-file`, too.
    pub fn of(options: &Options) -> Result<Self> {
        let victims = &options.victims;
        let protected = victims.protected.iter().cloned();
        let mut spared: BTreeMap<_, _> = protected.map(|name| (name, "--protect")).collect();
        if let Some(path) = &victims.protect_file {
            let text = fs::read_to_string(path)
                .context(|| format!("the list of who is protected, {}", path.display()))?;
            spared.extend(listed(&text).map(|name| (name, "--protect-file")));
        }
        let conditions = options.filters.conditions.iter();
        let named = conditions.filter_map(|condition| match &condition.test {
            Test::App(name) if !condition.is_not => Some(name.clone()),
            _ => None,
        });
        Ok(Self {
            include_superusers: victims.include_superusers,
            include_autovacuum: victims.include_autovacuum,
            include_backups: victims.include_backups,
            named: named.collect(),
            spared,
        })
    }

    /// Why this session is not ended; nothing if it may be.
    pub fn why(&self, snapshot: &Snapshot, session: &Session) -> Option<String> {
        if session.pid == snapshot.own_pid {
            return Some("it is our own session".into());
        }
        match session.backend_type.as_str() {
            "client backend" => self.why_client(snapshot, session),
            "autovacuum worker" => self.why_autovacuum(session),
            "walsender" => Some("it sends WAL to a standby, a subscriber or a backup".into()),
            "" => Some("what kind of process it is can't be seen".into()),
            kind => Some(format!("it is a process of the server: {kind}")),
        }
    }

    fn why_client(&self, snapshot: &Snapshot, session: &Session) -> Option<String> {
        let Some(user) = &session.user else {
            return Some("its role can't be seen".into());
        };
        if session.backend_start.is_none() {
            return Some("when it began can't be seen".into());
        }
        let application = session.application_name.as_deref().unwrap_or_default();
        let is_called_so = application == env!("CARGO_PKG_NAME");
        if (is_called_so && only_looks(snapshot, session)) || watches(snapshot, session) {
            return Some("it is a session of pg-lock-kill".into());
        }
        for name in [user.as_str(), application] {
            let mut spared = self.spared.iter();
            if let Some((pattern, flag)) = spared.find(|(pattern, _)| fits(name, pattern)) {
                return Some(format!("{flag} {pattern}"));
            }
        }
        if session.is_superuser && !self.include_superusers {
            return Some("its role is a superuser: --include-superusers".into());
        }
        self.why_backup(session, application)
    }

    fn why_backup(&self, session: &Session, application: &str) -> Option<String> {
        let is_named = self.include_backups || self.named.contains(application);
        (backups::takes_one(session) && !is_named)
            .then(|| "it takes a backup: --include-backups, or name it with --app".into())
    }

    fn why_autovacuum(&self, session: &Session) -> Option<String> {
        let Some(query) = session.query.as_deref().filter(|query| !query.is_empty()) else {
            return Some("which table autovacuum works on can't be seen".into());
        };
        if query.contains(WRAPAROUND) {
            return Some("it is an autovacuum that prevents wraparound".into());
        }
        (!self.include_autovacuum).then(|| "it is autovacuum: --include-autovacuum".into())
    }
}

/// Whether it does no more than ours do that run once: it has written nothing, rests in no transaction and locks
/// nothing but what it reads. Anybody may take the name.
fn only_looks(snapshot: &Snapshot, session: &Session) -> bool {
    let rests = session.xact_start.is_some() && session.state.as_deref() != Some("active");
    let own = |lock: &&Lock| lock.pid == Some(session.pid) && lock.granted;
    let locks = || snapshot.locks.iter().filter(own);
    let reads = |lock: &Lock| lock.mode == Mode::AccessShareLock || lock.tag.kind == "virtualxid";
    session.backend_xid.is_none() && !rests && locks().all(reads)
}

/// Whether it holds the lock of `--watch`, as it does whatever it calls itself. Such locks are seen where all
/// sessions may be chosen.
fn watches(snapshot: &Snapshot, session: &Session) -> bool {
    let key = [KEY.0, KEY.1].map(|part| Some(part.cast_unsigned()));
    // It rests most of the time, and is in no transaction.
    session.xact_start.is_none()
        && snapshot.locks.iter().any(|lock| {
            lock.pid == Some(session.pid)
                && lock.granted
                && [lock.tag.class, lock.tag.object] == key
                && lock.tag.sub_object == Some(2)
        })
}

/// The names of a file: one a line, without blank ones, comments, and what Windows puts before text.
fn listed(text: &str) -> impl Iterator<Item = String> {
    let lines = text.trim_start_matches('\u{feff}').lines();
    let lines = lines.map(|line| line.split_once(" #").map_or(line, |(name, _)| name));
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_string)
}

#[cfg(test)]
mod tests;
