//! The rows of a script.

use std::io::Read;

use shared::Result;
use shared::dump::{CopyTarget, QualifiedName, Script};

use super::Restore;
use crate::instants::InstantColumns;
use crate::restore::loading::{self, Copy, Fed, Rows};
use crate::restore::stand_ins;

impl Restore<'_> {
    /// Notes a COPY; its statement in the server's words, and its table.
    pub(super) fn begin_copy(
        &mut self,
        sql: &[u8],
        target: CopyTarget,
    ) -> Result<(String, QualifiedName)> {
        if !self.typed {
            self.typed = true;
            self.collector
                .set_instants(InstantColumns::of(&mut self.client)?);
        }
        let target = self.decoder.copy(sql, target)?;
        if !self.defines() {
            stand_ins::table(&mut self.client, &target)?;
        }
        let sql = loading::copy_statement(&target, &self.decoder);
        let table = target.table.clone();
        self.collector.begin_copy(target);
        Ok((sql, table))
    }

    /// Feeds a COPY. The reason if the script ends within its rows.
    pub(super) fn copy<R: Read>(
        &mut self,
        copy: &Copy<'_>,
        script: &mut Script<R>,
    ) -> Result<Option<String>> {
        let mut rows = Rows::of(script, &mut self.collector);
        match loading::feed(&mut self.client, &mut self.sessions, copy, &mut rows)? {
            Fed::Whole => Ok(None),
            Fed::Refused(error) => {
                // A client can't go on after a COPY that was refused at its start.
                self.sessions.close();
                self.client = self.sessions.connect()?;
                let object = format!("TABLE DATA {}", copy.table);
                self.refuse(object, &error, copy.sql.unwrap_or_default());
                Ok(None)
            }
            Fed::Cut(damage) => {
                // With the locks that they hold.
                self.sessions.close();
                self.client = self.sessions.connect()?;
                Ok(Some(damage))
            }
        }
    }
}
