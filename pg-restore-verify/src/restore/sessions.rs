//! Connections beside the one that a script is run on, with the same settings.

use postgres::Client;
use shared::Result;
use shared::dump::{Token, tokens};

use crate::server::Database;

/// A server takes a hundred, as initdb leaves it.
const MOST: usize = 64;
/// A server, a database or a role has as many connections as it may.
const TOO_MANY: &str = "53300";

/// No statement about a session is longer.
const LONGEST: usize = 4096;

/// Sessions in the database that a script is restored into.
pub struct Sessions {
    database: Database,
    most: usize,
    clients: Vec<Client>,
    settings: Settings,
    /// How many settings had come when these clients were given theirs.
    applied: u64,
    /// Whether the script is in a transaction, whose locks and tables are its own.
    in_transaction: bool,
}

impl Sessions {
    /// None yet, and never more than so many.
    pub fn new(database: Database, most: usize) -> Self {
        Self {
            database,
            most: most.min(MOST),
            clients: Vec::new(),
            settings: Settings::default(),
            applied: 0,
            in_transaction: false,
        }
    }

    /// As many, none yet, in another database.
    pub fn of(&self, database: Database) -> Self {
        Self::new(database, self.most)
    }

    /// How many there may be now.
    pub fn most(&self) -> usize {
        match self.in_transaction {
            true => 0,
            false => self.most,
        }
    }

    /// Whether a table's rows should come frozen: on a server of ours, and where they come on one
    /// connection. Several are faster, though each writes WAL.
    pub fn may_freeze(&self) -> bool {
        self.most < 2 && !self.in_transaction && self.database.server().is_ours()
    }

    /// Notes a statement of the script that is about its session.
    pub fn note(&mut self, statement: &str) {
        if statement.len() > LONGEST {
            return;
        }
        let tokens = tokens(statement.as_bytes());
        let has = |word: &str| tokens.iter().any(|token| token.is(word));
        let is_one = |words: &[&str]| {
            let first = tokens.first();
            first.is_some_and(|first| words.iter().any(|word| first.is(word)))
        };
        if is_one(&["set", "reset"]) || is_one(&["select"]) && has("set_config") {
            self.settings.note(&tokens, statement);
        } else if is_one(&["begin", "start"]) {
            self.in_transaction = true;
        } else if is_one(&["commit", "end", "rollback", "abort"]) && !has("to") && !has("chain") {
            self.in_transaction = false;
        }
    }

    /// One more client, with all settings.
    pub fn connect(&self) -> Result<Client> {
        let mut client = self.database.connect_to_restore()?;
        apply(&mut client, self.settings.since(0));
        Ok(client)
    }

    /// As many as there may be, and no more than `wanted`; of a server that has no room for them,
    /// those that it has room for.
    pub fn open(&mut self, wanted: usize) -> Result<&mut [Client]> {
        for client in &mut self.clients {
            apply(client, self.settings.since(self.applied));
        }
        self.applied = self.settings.count;
        if self.clients.len() < wanted.min(self.most) {
            // Others may have come since the restore began.
            let more = wanted.min(self.most) - self.clients.len();
            let room = self.database.server().room(more)?;
            self.most -= more.saturating_sub(room);
        }
        while self.clients.len() < wanted.min(self.most) {
            match self.connect() {
                Ok(client) => self.clients.push(client),
                Err(error) if error.sqlstate() == Some(TOO_MANY) => self.most = self.clients.len(),
                Err(error) => return Err(error),
            }
        }
        let count = wanted.min(self.most);
        Ok(&mut self.clients[..count])
    }

    /// Leaves none open that others may need, until the next ones are wanted.
    pub fn rest(&mut self) {
        if !self.database.server().is_ours() {
            self.close();
        }
    }

    /// Ends those that can't go on.
    pub fn close(&mut self) {
        self.clients.clear();
    }
}

/// A setting that the server refused was told of when it came.
fn apply<'a>(client: &mut Client, settings: impl Iterator<Item = &'a str>) {
    for setting in settings {
        let _ = client.batch_execute(setting);
    }
}

/// The statements that set something, the last for each thing: a script may have one for each of
/// its objects.
#[derive(Default)]
struct Settings {
    /// How many have come.
    count: u64,
    /// Each with its number, and with what it sets.
    last: Vec<(u64, String, String)>,
}

impl Settings {
    fn note(&mut self, tokens: &[Token<'_>], statement: &str) {
        let what = set(tokens);
        self.last.retain(|(_, known, _)| *known != what);
        self.count += 1;
        self.last.push((self.count, what, statement.to_string()));
    }

    /// Those that came after so many, in their order.
    fn since(&self, count: u64) -> impl Iterator<Item = &str> {
        let later = self.last.iter().filter(move |(number, ..)| *number > count);
        later.map(|(_, _, statement)| statement.as_str())
    }
}

/// What a statement sets: a parameter, or the role; of what is written otherwise, all of it.
fn set(tokens: &[Token<'_>]) -> String {
    let text = |token: &Token<'_>| match token {
        Token::Word(word) => String::from_utf8_lossy(word).to_ascii_lowercase(),
        Token::Quoted(name) | Token::Text(name) => {
            String::from_utf8_lossy(name).to_ascii_lowercase()
        }
        Token::Symbol(symbol) => char::from(*symbol).to_string(),
    };
    let words: Vec<String> = tokens.iter().map(text).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["set" | "reset", "session", "authorization", ..] => "session authorization".to_string(),
        ["set", "session", name, "=" | "to", ..]
        | ["set", name, "=" | "to", ..]
        | ["set", name @ "role", ..]
        | ["reset", name, ..]
        | ["select", "pg_catalog", ".", "set_config", "(", name, ..]
        | ["select", "set_config", "(", name, ..] => name.to_string(),
        all => all.join(" "),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_last_of_each_setting_in_their_order() {
        let mut settings = Settings::default();
        let mut note = |statement: &str| settings.note(&tokens(statement.as_bytes()), statement);
        note("SET default_tablespace = a;");
        note("SELECT pg_catalog.set_config('search_path', '', false);");
        note("SET SESSION AUTHORIZATION 'one';");
        note("set Default_Tablespace to b;");
        note("SET LOCAL x.y = 1;");
        note("RESET SESSION AUTHORIZATION;");
        note("SET search_path = s, pg_catalog;");
        let all: Vec<&str> = settings.since(0).collect();
        assert_eq!(
            all,
            [
                "set Default_Tablespace to b;",
                "SET LOCAL x.y = 1;",
                "RESET SESSION AUTHORIZATION;",
                "SET search_path = s, pg_catalog;"
            ]
        );
        assert_eq!(settings.since(6).count(), 1);
    }
}
