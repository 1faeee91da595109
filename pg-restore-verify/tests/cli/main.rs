//! pg-restore-verify as a user sees it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod archives;
mod backups;
mod bounded;
mod checks;
mod choosing;
mod comparing;
mod compressed;
mod damaged;
mod early;
mod faults;
mod flat;
mod foreign;
mod full;
mod harmless;
mod healthy;
mod jobs;
mod kept;
mod killed;
mod limits;
mod live;
mod loaded;
mod lost;
mod manifests;
mod meddled;
mod named;
mod options;
mod partial;
mod place;
mod preflight;
mod pretended;
mod promoted;
mod properties;
mod reading;
mod recovery;
mod rights;
mod selection;
mod sets;
mod side_by_side;
mod site;
mod strangers;
mod supplanted;
mod swapped;
mod telling;
mod wal;
