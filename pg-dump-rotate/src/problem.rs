//! What is wrong with a backup, in words.

use shared::backup::{Backup, Outline, State};
use shared::time;

/// Why it can't be relied on, or `None`. That it did not restore is such a reason too.
pub fn of(backup: &Backup) -> Option<String> {
    let of_manifest = || backup.manifest.as_ref().map_or(0, Outline::bytes);
    let words = match &backup.state {
        State::Ok => return not_restored(backup),
        State::SizeDiffers => format!(
            "it has {} bytes, and its manifest says {}",
            backup.bytes.unwrap_or_default(),
            of_manifest()
        ),
        State::DataMissing if backup.bytes.is_some() => {
            "not every file is there that its manifest names".into()
        }
        State::DataMissing => "its manifest is there, and its data is not; if that was deleted on purpose, delete what \
             else is called so (.manifest.json, .sha256, .verified.json)"
            .into(),
        State::NotAFile => "it is a link or a device, or a folder in a file's place".into(),
        State::NoManifest => {
            "it has no manifest: it is not finished, or another's, and never rotated".into()
        }
        State::Damaged(why)
        | State::Incomplete(why)
        | State::ChecksumDiffers(why)
        | State::Unreadable(why) => why.clone(),
    };
    Some(words)
}

fn not_restored(backup: &Backup) -> Option<String> {
    let proof = backup.proof.as_ref().filter(|proof| !proof.proved)?;
    let when = time::format(proof.verified_at).unwrap_or_default();
    Some(format!(
        "it failed when it was verified, {when}: {}",
        proof.message
    ))
}
