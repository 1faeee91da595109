//! The ladder of attempts that an `sslmode` means for one server.

use postgres::error::SqlState;

/// How one attempt treats encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    Plain,
    /// If the server offers it.
    IfOffered,
    /// Or nothing.
    Required,
}

use Encryption::{IfOffered, Plain, Required};

/// The attempts, in their order. A socket is never encrypted, whatever the mode.
pub fn ladder(sslmode: &str, is_socket: bool) -> &'static [Encryption] {
    match sslmode {
        _ if is_socket => &[Plain],
        "disable" => &[Plain],
        "allow" => &[Plain, Required],
        "prefer" => &[IfOffered, Plain],
        _ => &[Required],
    }
}

/// Whether the next attempt of the ladder may fare better. libpq goes on after any
/// error of the server; we go on where the way of connecting was refused, and never
/// give a wrong password a second time.
pub fn may_go_on(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) => *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        None => is_handshake(error) || is_broken(error),
    }
}

/// The TLS handshake failed, or the server has no TLS.
fn is_handshake(error: &postgres::Error) -> bool {
    error.to_string().contains("TLS handshake")
}

/// The server hung up in the middle.
fn is_broken(error: &postgres::Error) -> bool {
    error.is_closed() || error.to_string().contains("communicating with the server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ladders() {
        assert_eq!(ladder("prefer", false), [IfOffered, Plain]);
        assert_eq!(ladder("allow", false), [Plain, Required]);
        assert_eq!(ladder("verify-full", false), [Required]);
        assert_eq!(ladder("verify-full", true), [Plain]);
    }
}
