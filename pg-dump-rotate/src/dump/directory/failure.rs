//! Why a dump could not be followed to its end.

use std::io;

use shared::Error;

use crate::dump::Trouble;

/// Why it could not be followed to its end.
pub enum Failure {
    /// A file can't be read or written.
    Trouble(Trouble),
    /// What waits to be compressed takes more room than there is for it.
    Room,
}

impl Failure {
    /// A disk that is full of what waits to be compressed has room for the dump itself.
    pub fn of(trouble: Trouble, waits: bool) -> Self {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match &trouble {
            Trouble::Output(error)
                if waits && matches!(error.kind(), StorageFull | QuotaExceeded) =>
            {
                Self::Room
            }
            _ => Self::Trouble(trouble),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Trouble(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_want_of_room_where_something_waits() {
        let full = || Trouble::Output(io::ErrorKind::StorageFull.into());
        assert!(matches!(Failure::of(full(), true), Failure::Room));
        assert!(matches!(Failure::of(full(), false), Failure::Trouble(_)));
        let other = Trouble::Output(io::ErrorKind::PermissionDenied.into());
        assert!(matches!(Failure::of(other, true), Failure::Trouble(_)));
    }
}
