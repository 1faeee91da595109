//! How a restored database comes to be, and how it takes another's place.

use std::borrow::Cow;

use postgres::Client;
use shared::cli::Context;
use shared::dump::{Token, quote_identifier, quote_literal, tokens};
use shared::{Context as _, Error, Result, signals};

use super::{Doubt, Target};
use crate::cli::After;
use crate::promotion::{Difference, Likeness, Promotion};
use crate::restore::Locale;

/// What a live database was like when the restore began.
pub struct Beside {
    planned: Promotion,
    likeness: Option<Likeness>,
}

/// What belongs to others in a database that a superuser fills could get triggers of theirs
/// meanwhile, which would run as the superuser: nobody else gets in before it is handed over.
const NOBODY_ELSE: &str = " CONNECTION LIMIT 0";

/// Beyond these the locale is not what was refused: invalid_parameter_value, undefined_object,
/// feature_not_supported, wrong_object_type.
const OF_A_LOCALE: [&str; 4] = ["22023", "42704", "0A000", "42809"];

impl Target {
    /// From here on it may take the place of a live database, and nobody else takes that.
    ///
    /// # Errors
    /// With what stands in the way: nothing needs to be restored then.
    pub fn stand_beside(&mut self, live: &str, after: &After) -> Result<()> {
        let planned = Promotion::plan(self.server(), live, &after.accepted)?;
        if let (Some(scratch), false) = (&mut self.scratch, after.dry_run) {
            scratch.claim(live)?;
        }
        let likeness = Likeness::of(&mut self.server().connect_to_server()?, live)?;
        if likeness.is_none() && !after.accepted.iter().any(|check| check == "database") {
            let name = quote_identifier(live);
            return Err(Error::new(format!("there is no database {name} on this server")).with_hint(
                "--accept database has one that is gone come back, but for its owner, rights and settings",
            ));
        }
        self.beside = Some(Beside { planned, likeness });
        Ok(())
    }

    /// Whether it gets a name that no live database has.
    pub fn replaces_nothing(&self) -> bool {
        let beside = self.beside.as_ref();
        beside.is_some_and(|beside| beside.likeness.is_none())
    }

    /// In what it differs from the database whose place it may take.
    pub fn unlike(&self) -> Result<Vec<Difference>> {
        let live = self
            .beside
            .as_ref()
            .and_then(|beside| beside.likeness.as_ref());
        let restored = match live {
            Some(_) => Likeness::of(
                &mut self.server().connect_to_server()?,
                self.database.name(),
            )?,
            None => None,
        };
        Ok(match (live, restored) {
            (Some(live), Some(restored)) => live.differences(&restored),
            _ => Vec::new(),
        })
    }

    /// What a promotion is going to do now that all is restored, tried as far as that can be done
    /// without touching the live database.
    ///
    /// # Errors
    /// With what stands in the way by now, or can't be given to the restored database.
    pub fn plan_promotion(&mut self, live: &str, after: &After) -> Result<Promotion> {
        let promotion = Promotion::plan(self.server(), live, &after.accepted)?;
        if let Some(beside) = &self.beside {
            promotion.is_of_the_same(&beside.planned)?;
        }
        if let Some(scratch) = &mut self.scratch {
            scratch.rehearse(&promotion)?;
        }
        Ok(promotion)
    }

    /// Gathers the statistics that a dump does not carry.
    pub fn analyze(&self) -> Result<()> {
        let (mut client, _cancelled) = self.database.connect_cancelled()?;
        for row in client.query_typed(include_str!("../../../sql/plain_tables.sql"), &[])? {
            signals::check()?;
            let table: String = row.try_get(0)?;
            client.batch_execute(&format!("ANALYZE {table}"))?;
        }
        Ok(())
    }

    /// Puts the database in the place of a live one.
    pub fn promote(&mut self, promotion: &Promotion, context: &Context) -> Result<()> {
        match self.scratch.take() {
            Some(scratch) => scratch.promote(promotion, context),
            None => Err(Error::usage("--promote needs a server: name it by -d")),
        }
    }

    /// Creates the database, in the backup's encoding and locale. What it does not say is as in the
    /// database whose place it may take, and so are owner and tablespace. Where this machine lacks the
    /// locale it is C, and what was missing is returned.
    pub fn create_database(
        &mut self,
        encoding: Option<&str>,
        locale: &Locale,
    ) -> Result<Option<String>> {
        let (mut client, _cancelled) = self.server().connect_to_server_cancelled()?;
        let like = self
            .beside
            .as_ref()
            .and_then(|beside| beside.likeness.as_ref());
        let name = quote_identifier(self.database.name());
        let mut sql = format!("CREATE DATABASE {name} TEMPLATE template0");
        if let Some(encoding) = encoding.or(like.map(|like| like.encoding.as_str())) {
            sql.push_str(&format!(" ENCODING {}", quote_literal(encoding)));
        }
        sql.push_str(&like.map(Likeness::tablespace).unwrap_or_default());
        sql.push_str(&match self.is_superuser(&mut client)? {
            true => NOBODY_ELSE.to_string(),
            false => like.map(Likeness::owner).unwrap_or_default(),
        });
        let locale = match like {
            Some(like) if locale.is_unknown() => like.locale(),
            _ => locale.clone(),
        };
        let locale = locale.to_sql(self.server().version().major);
        let created = client.batch_execute(&format!("{sql}{locale}"));
        let refused = match created.map_err(Error::from) {
            Ok(()) => None,
            Err(error)
                if error
                    .sqlstate()
                    .is_some_and(|state| OF_A_LOCALE.contains(&state)) =>
            {
                Some(error)
            }
            Err(error) => {
                let lacks = error.sqlstate() == Some("42501");
                let error = Err(error).context(|| "creating the scratch database".to_string());
                let role = quote_identifier(self.server().user());
                let hint = format!("ALTER ROLE {role} CREATEDB lets it");
                return match lacks {
                    true => error.map_err(|error| error.with_hint(hint)),
                    false => error,
                };
            }
        };
        if refused.is_some() {
            client
                .batch_execute(&format!("{sql} LC_COLLATE 'C' LC_CTYPE 'C'"))
                .context(|| "creating the scratch database".to_string())?;
        }
        self.is_created = true;
        if let Some(scratch) = &mut self.scratch {
            scratch.mark()?;
        }
        let Some(error) = refused else {
            return Ok(None);
        };
        self.lacks_locale = true;
        let error = error.in_one_line();
        let doubt = format!("this machine lacks the locale of its database: {error}");
        self.doubt = self.doubt.take().or(Some(Doubt::Locale(doubt)));
        Ok(Some(format!("restored with locale C: {error}")))
    }

    /// A script's own CREATE DATABASE, with locale C where this machine lacks the right one.
    pub fn creatable<'a>(&self, create: &'a str) -> Cow<'a, str> {
        let tokens = tokens(create.as_bytes());
        let name = tokens.get(2).and_then(Token::identifier);
        let Some(name) = name.filter(|_| self.lacks_locale) else {
            return create.into();
        };
        let encoding = Locale::encoding_of_statement(create);
        let encoding = encoding.map(|name| format!(" ENCODING {}", quote_literal(&name)));
        let (name, encoding) = (quote_identifier(&name), encoding.unwrap_or_default());
        format!("CREATE DATABASE {name} TEMPLATE template0{encoding} LC_COLLATE 'C' LC_CTYPE 'C'")
            .into()
    }

    /// Creates the database, with the encoding and the locale of another one.
    pub(super) fn be_like(&mut self, other: &str) -> Result<()> {
        let like = Likeness::of(&mut self.server().connect_to_server()?, other)?;
        let like = like.ok_or_else(|| Error::new("the restored database is gone"))?;
        match self.create_database(Some(&like.encoding), &like.locale())? {
            None => Ok(()),
            Some(why) => Err(Error::new(why)),
        }
    }

    /// Whether we are a superuser on a server that others use.
    fn is_superuser(&self, client: &mut Client) -> Result<bool> {
        if self.server().is_ours() {
            return Ok(false);
        }
        let am = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";
        let rows = client.query_typed(am, &[])?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }
}
