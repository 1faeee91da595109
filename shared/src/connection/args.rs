//! What the command line says about where to connect.

/// The values of `-d -h -p -U -w`, as they were typed.
#[derive(Debug, Default, Clone)]
pub struct ConnectArgs {
    /// `-d`: a URL, key=value pairs or a database's name.
    pub dbname: Option<String>,
    /// `-h`: a host or the folder of its socket.
    pub host: Option<String>,
    /// `-p`.
    pub port: Option<String>,
    /// `-U`.
    pub user: Option<String>,
    /// `-w`: never ask for a password.
    pub never_prompt: bool,
}
