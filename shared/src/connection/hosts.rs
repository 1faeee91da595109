//! The servers that a connection may go to, in the order in which they are tried.

use super::text::Settings;
use crate::error::{Error, Result};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Folders of sockets: Debian's and most packages', upstream's, macOS's name for it.
const SOCKET_FOLDERS: &[&str] = &["/var/run/postgresql", "/tmp", "/private/tmp"];

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// As it was written; empty where nothing was said.
    pub name: String,
    /// `hostaddr`: the address that stands in for looking the name up.
    pub address: Option<IpAddr>,
    /// The folder of its socket; an abstract one begins with `@`.
    pub socket: Option<PathBuf>,
    /// The port, which also numbers a socket.
    pub port: u16,
}

impl Host {
    /// The name that a password file has for it.
    pub fn passfile_name(&self) -> String {
        match &self.socket {
            Some(folder) if self.name.is_empty() || folder == default_folder() => {
                "localhost".into()
            }
            _ if self.name.is_empty() => self.address.map(|a| a.to_string()).unwrap_or_default(),
            _ => self.name.clone(),
        }
    }

    /// The host as it was written, the folder of the socket where it is one.
    pub fn shown(&self) -> String {
        match (&self.socket, self.address) {
            (Some(folder), _) => folder.to_string_lossy().into_owned(),
            (None, Some(address)) if self.name.is_empty() => address.to_string(),
            _ => self.name.clone(),
        }
    }

    /// The server as an error names it.
    pub fn display(&self) -> String {
        match (&self.socket, self.address) {
            (Some(folder), _) => format!("socket {}/.s.PGSQL.{}", folder.display(), self.port),
            (None, Some(address)) if self.name.is_empty() || self.name == address.to_string() => {
                format!("host {address}, port {}", self.port)
            }
            (None, Some(address)) => format!("host {} ({address}), port {}", self.name, self.port),
            (None, None) => format!("host {}, port {}", self.name, self.port),
        }
    }
}

/// The folder where libpq looks when nobody says another.
fn default_folder() -> &'static Path {
    let exists = SOCKET_FOLDERS
        .iter()
        .find(|folder| Path::new(folder).is_dir());
    Path::new(exists.unwrap_or(&"/tmp"))
}

/// The folder that holds a socket of this port, else the default one.
fn folder_with_socket(port: u16) -> PathBuf {
    let socket = format!(".s.PGSQL.{port}");
    let mut folders = SOCKET_FOLDERS.iter().map(Path::new);
    let found = folders.find(|folder| folder.join(&socket).exists());
    found.unwrap_or_else(default_folder).to_path_buf()
}

/// Splits the lists of hosts, addresses and ports and puts them side by side.
pub fn list(settings: &Settings) -> Result<Vec<Host>> {
    let names = split(settings, "host");
    let addresses = split(settings, "hostaddr");
    let count = names.len().max(addresses.len()).max(1);
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(Error::usage(format!(
            "{} host names don't match {} host addresses",
            names.len(),
            addresses.len()
        )));
    }
    let ports = split(settings, "port");
    if ports.len() > 1 && ports.len() != count {
        return Err(Error::usage(format!(
            "{} port numbers don't match {count} hosts",
            ports.len()
        )));
    }
    let at = |list: &[String], index: usize| list.get(index).cloned().unwrap_or_default();
    let port = |index| at(&ports, if ports.len() == 1 { 0 } else { index });
    (0..count)
        .map(|index| host(at(&names, index), &at(&addresses, index), &port(index)))
        .collect()
}

fn split(settings: &Settings, keyword: &str) -> Vec<String> {
    match settings.get(keyword) {
        Some(text) if !text.is_empty() => text.split(',').map(str::to_string).collect(),
        _ => Vec::new(),
    }
}

fn host(name: String, address: &str, port: &str) -> Result<Host> {
    let port = parse_port(port)?;
    let address = match address {
        "" => None,
        text => Some(parse_address(text)?),
    };
    let socket = match (address, name.as_str()) {
        (Some(_), _) => None,
        (None, "") => Some(folder_with_socket(port)),
        (None, path) if path.starts_with(['/', '@']) => Some(PathBuf::from(path)),
        _ => None,
    };
    Ok(Host {
        name,
        address,
        socket,
        port,
    })
}

fn parse_address(text: &str) -> Result<IpAddr> {
    text.parse()
        .map_err(|_| Error::usage(format!("hostaddr \"{text}\" is not a network address")))
}

/// A port, as C's strtol reads it: blanks around it are no mistake.
fn parse_port(text: &str) -> Result<u16> {
    let digits = text.trim();
    if text.is_empty() {
        return Ok(5432);
    }
    match digits.parse::<i64>() {
        Ok(number) => u16::try_from(number)
            .ok()
            .filter(|&port| port > 0)
            .ok_or_else(|| Error::usage(format!("invalid port number: \"{digits}\""))),
        Err(_) => Err(Error::usage(format!("port \"{digits}\" is not a number"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(pairs: &[(&'static str, &str)]) -> Result<Vec<String>> {
        let settings = pairs.iter().map(|(k, v)| (*k, (*v).to_string())).collect();
        Ok(list(&settings)?.iter().map(Host::display).collect())
    }

    #[test]
    fn lists_stand_side_by_side() {
        assert_eq!(
            show(&[("host", "a,b"), ("port", "1")]).unwrap(),
            ["host a, port 1", "host b, port 1"]
        );
        assert_eq!(
            show(&[("host", "a,b"), ("port", ",2")]).unwrap(),
            ["host a, port 5432", "host b, port 2"]
        );
        assert_eq!(
            show(&[("host", "a"), ("hostaddr", "::1")]).unwrap(),
            ["host a (::1), port 5432"]
        );
        assert_eq!(
            show(&[("host", "/x")]).unwrap(),
            ["socket /x/.s.PGSQL.5432"]
        );
    }

    #[test]
    fn lists_that_do_not_match() {
        assert!(show(&[("host", "a,b"), ("port", "1,2,3")]).is_err());
        assert!(show(&[("host", "a,b"), ("hostaddr", "::1")]).is_err());
        for port in ["0", "65536", "x", "1.5"] {
            assert!(show(&[("port", port)]).is_err(), "{port}");
        }
    }

    #[test]
    fn a_socket_in_upstreams_folder_is_found_beside_debians() {
        let port = 40_000 + u16::try_from(std::process::id() % 20_000).unwrap();
        let path = format!("/tmp/.s.PGSQL.{port}");
        let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let found = show(&[("port", &port.to_string())]);
        std::fs::remove_file(&path).unwrap();
        drop(socket);
        assert_eq!(found.unwrap(), [format!("socket {path}")]);
        let nowhere = folder_with_socket(port);
        assert_eq!(nowhere, default_folder());
    }

    #[test]
    fn the_default_socket_is_localhost_for_a_password_file() {
        let settings = Settings::from([("host", String::new())]);
        assert_eq!(list(&settings).unwrap()[0].passfile_name(), "localhost");
    }
}
