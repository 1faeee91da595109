//! What the command line says about where to connect.

use std::fmt;

/// The values of `-d -h -p -U -w`, as they were typed.
#[derive(Default, Clone)]
pub struct ConnectArgs {
    /// `-d`: a URL, key=value pairs or a database's name.
    pub dbname: Option<String>,
    /// What that flag is called where it is another one.
    pub flag: Option<&'static str>,
    /// `-h`: a host or the folder of its socket.
    pub host: Option<String>,
    /// `-p`.
    pub port: Option<String>,
    /// `-U`.
    pub user: Option<String>,
    /// `-w`: never ask for a password.
    pub never_prompt: bool,
}

impl ConnectArgs {
    /// What gave [`ConnectArgs::dbname`], for messages.
    pub fn dbname_flag(&self) -> &'static str {
        self.flag.unwrap_or("-d")
    }
}

/// The connection string may hold a password and is not shown.
impl fmt::Debug for ConnectArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectArgs")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
