//! Passwords with a character that a URL must have encoded. libpq takes the
//! rest of such a password for a host or a port and prints it; we say which
//! character it is and show nothing. And URLs without their beginning, which
//! libpq takes for the name of a database and prints whole.

use crate::error::{Error, Result};

/// Refuses an `@` that can't be part of a host: the password ended too early.
/// `rest` is what follows the first `@`.
pub fn check_host(rest: &str, has_password: bool) -> Result<()> {
    let netloc = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    let abstract_socket = !has_password && netloc.starts_with('@');
    if netloc.contains('@') && !abstract_socket {
        return Err(refusal("@"));
    }
    if has_password && late_at_sign(&rest[netloc.len()..]) {
        return Err(refusal("@"));
    }
    Ok(())
}

/// Refuses ports that are no numbers without showing them. `rest` is what follows them.
pub fn check_ports(ports: &[&str], rest: &str) -> Result<()> {
    let is_number =
        |port: &&str| port.is_empty() || port.contains('%') || port.trim().parse::<u32>().is_ok();
    let path = rest.split('?').next().unwrap_or_default();
    if !ports.iter().all(is_number) {
        return Err(if path.contains('@') || rest.contains('@') {
            refusal("/")
        } else {
            Error::usage("the port in the URL is not a number")
                .with_hint("if that is a piece of a password, write its special characters encoded: @ %40, / %2F, : %3A, # %23, ? %3F, % %25")
        });
    }
    if !ports.concat().is_empty() && late_at_sign(path) {
        return Err(refusal("/"));
    }
    Ok(())
}

/// Refuses what can only be a URL that lost its scheme: `u:password@host/db`,
/// `postgresql:/u:password@host/db`.
pub fn check_scheme(text: &str) -> Result<()> {
    let head = text.split('=').next().unwrap_or_default();
    let names_keyword = head.len() < text.len();
    let after_colon = head.split_once(':').map(|(_, after)| after);
    let has_credentials = after_colon.is_some_and(|after| after.contains('@'));
    let is_no_keyword = names_keyword && head.contains([':', '/']);
    if !(has_credentials || is_no_keyword) {
        return Ok(());
    }
    Err(
        Error::usage("this looks like a connection URL that does not begin with postgresql://")
            .with_hint("a database that is really called so is given as dbname='NAME'"),
    )
}

/// Whether an `@` with another host and path behind it comes in what is read as the path.
fn late_at_sign(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.split_once('@')
        .is_some_and(|(_, after)| after.contains('/'))
}

fn refusal(character: &str) -> Error {
    let code = match character {
        "@" => "%40",
        _ => "%2F",
    };
    Error::usage(format!(
        "the user or password in the URL holds an unencoded \"{character}\", so where the host begins can't be told"
    ))
    .with_hint(format!(
        "write {character} as {code} (and : as %3A, # as %23, ? as %3F, % as %25)"
    ))
}

#[cfg(test)]
mod tests {
    use crate::connection::{text, uri};

    #[test]
    fn the_character_is_named_and_the_password_is_not() {
        let table = [
            ("postgresql://u:s3c@ret@h/db", "%40"),
            ("postgresql://u:@s3cret@h/db", "%40"),
            ("postgresql://u:s3c@re/t@h/db", "%40"),
            ("postgresql://u:s3c/ret@h/db", "%2F"),
            ("postgresql://u:12/s3cret@h/db", "%2F"),
            ("postgresql://u:s3c/ret@h", "%2F"),
            ("postgresql://me@azure:s3cret@h/db", "%40"),
            ("postgresql://u:s3c%ret@h/db", "%25"),
            ("postgresql://u:s3cret/db", "%2F"),
        ];
        for (url, code) in table {
            let error = uri::parse(url).err().unwrap().to_string();
            assert!(error.contains(code), "{url}: {error}");
            for piece in ["s3c", "ret", "12", "re/t"] {
                assert!(!error.contains(piece), "{url}: {error}");
            }
        }
    }

    #[test]
    fn a_url_without_its_scheme_is_not_taken_for_a_database() {
        for url in [
            "u:s3cret@h/db",
            "postgresql//u:s3cret@h/db",
            "postgresql:/u:s3cret@h/db",
            "u:s3cret@h/db?sslmode=require",
            "postgresql:/u:s3c=ret@h/db",
        ] {
            let error = text::parse(url).err().unwrap().to_string();
            assert!(error.contains("postgresql://"), "{url}: {error}");
            assert!(!error.contains("s3c"), "{url}: {error}");
        }
        for name in [
            "a@b",
            "a:b",
            "a/b",
            "dbname='u:x@h' host=/tmp",
            " host = h:1 user=a@b",
        ] {
            assert!(text::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_at_sign_elsewhere_is_no_mistake() {
        for url in [
            "postgresql://u@@sock/db",
            "postgresql://h:1/a@b",
            "postgresql://h/?user=a@b",
        ] {
            assert!(uri::parse(url).is_ok(), "{url}");
        }
    }
}
