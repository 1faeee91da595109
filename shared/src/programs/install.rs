//! What to install where a program is missing or too old.

use std::fs;

/// Programs that come with the server's package rather than the client's.
const SERVER: &[&str] = &["postgres", "initdb", "pg_ctl"];

/// How the program is installed on this system, in one line.
pub fn install_hint(name: &str, major: Option<u32>) -> String {
    if cfg!(target_os = "macos") {
        return hint(name, major, "macos");
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    hint(name, major, &families(&release))
}

/// `ID` and `ID_LIKE` of os-release: which distributions this one is like.
fn families(release: &str) -> String {
    let values = release.lines().filter_map(|line| {
        let value = line
            .strip_prefix("ID=")
            .or_else(|| line.strip_prefix("ID_LIKE="))?;
        Some(value.trim_matches('"'))
    });
    values.collect::<Vec<_>>().join(" ")
}

fn hint(name: &str, major: Option<u32>, families: &str) -> String {
    let server = SERVER.contains(&name);
    let number = major.map_or("18".to_string(), |major| major.to_string());
    let debian = match (server, major) {
        (true, None) => "apt-get install postgresql".to_string(),
        (true, Some(_)) => format!("apt-get install postgresql-{number}"),
        (false, None) => "apt-get install postgresql-client".to_string(),
        (false, Some(_)) => format!("apt-get install postgresql-client-{number}"),
    };
    let package = if server { "-server" } else { "" };
    let redhat = format!("dnf install postgresql{number}{package}");
    let homebrew = format!("brew install postgresql@{number}");
    let repositories = "the repositories of postgresql.org have every version";
    let like = |family: &str| families.split(' ').any(|word| word == family);
    if like("debian") || like("ubuntu") {
        format!("install it with \"{debian}\" ({repositories})")
    } else if like("rhel") || like("fedora") || like("centos") {
        format!("install it with \"{redhat}\" ({repositories})")
    } else if like("macos") {
        format!("install it with \"{homebrew}\"")
    } else {
        format!(
            "install it, with \"{debian}\" on Debian, \"{redhat}\" on Red Hat, \
             \"{homebrew}\" with Homebrew, or name its folder in PG_BINDIR"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_package_of_the_distribution() {
        let ubuntu = families("NAME=\"Pop\"\nID=pop\nID_LIKE=\"ubuntu debian\"\n");
        assert!(
            hint("pg_dump", Some(17), &ubuntu).contains("\"apt-get install postgresql-client-17\"")
        );
        assert!(hint("postgres", Some(17), "debian").contains("\"apt-get install postgresql-17\""));
        assert!(hint("postgres", None, "debian").contains("\"apt-get install postgresql\""));
        let rocky = families("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n");
        assert!(hint("postgres", Some(16), &rocky).contains("\"dnf install postgresql16-server\""));
        assert!(hint("psql", Some(16), "macos").contains("\"brew install postgresql@16\""));
        let unknown = hint("psql", Some(16), "void");
        for part in ["apt-get", "dnf", "brew", "PG_BINDIR"] {
            assert!(unknown.contains(part), "{unknown}");
        }
    }
}
