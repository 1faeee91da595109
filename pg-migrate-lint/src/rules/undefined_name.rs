//! What a statement names is not there.

mod columns;
mod gone;
mod indexes;
mod sequences;

use super::{Example, Group, Rule};
use crate::catalogue::{Relation, RelationKind};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind, CreateIndex, CreateTable, Expr, Insert, Kind, Policy, Rename};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "undefined-name",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a column, constraint, index, trigger or policy that its table does not have, or a table that is dropped",
    explanation: "The grammar lets any name pass; that there is no such table, column, constraint, index, sequence, trigger, policy or value of \
        an enum PostgreSQL says only when \
        the migration is run, perhaps on production alone. The columns of a query are looked for where it reads nothing but tables and \
        names them alone. It is said of what all is known of: earlier \
        migrations made them, and nothing that is not seen was run since, such as code that puts its statements together, \
        templates, or migrations in another language. An index is in the schema of its table: DROP INDEX without a schema \
        does not find one of a schema that search_path does not lead to.\n\n\
        Look at how the table was made: the name may be misspelt, in capitals within quotes, gone already, or one that \
        PostgreSQL chose differently. IF EXISTS drops what may be there or not.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ADD COLUMN mail text, DROP COLUMN mail;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD COLUMN mail text DEFAULT '', ALTER COLUMN mail DROP DEFAULT;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_id_not_null;").after("CREATE TABLE users (id int NOT NULL);").on(17),
        Example::new("SET search_path = app, public; ALTER TABLE users DROP COLUMN mail;").after("CREATE SCHEMA app; CREATE TABLE app.users (id int);"),
        Example::new("CREATE TABLE plans (id int, PRIMARY KEY (number));").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users DROP COLUMN email; DROP INDEX by_email;").after("CREATE TABLE users (id int, email text); CREATE INDEX by_email ON users (email);"),
        Example::new("ALTER TABLE users ALTER COLUMN mail SET NOT NULL;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ALTER COLUMN mail TYPE varchar;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ALTER COLUMN mail DROP DEFAULT;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP COLUMN mail;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP COLUMN email, DROP COLUMN email;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users RENAME COLUMN mail TO email;").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE INDEX ON users (mail);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE INDEX ON users (lower(mail));").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE INDEX ON users (id) INCLUDE (mail);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE INDEX ON users (id) WHERE mail IS NULL;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD UNIQUE (mail);").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD CHECK (mail > '');").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD FOREIGN KEY (boss) REFERENCES users;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users (id, mail) VALUES (1, 'a@b');").after("CREATE TABLE users (id int, email text);"),
        Example::new("UPDATE users SET mail = '' WHERE id = 1;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_email;").after("CREATE TABLE users (id int, email text UNIQUE);"),
        Example::new("ALTER TABLE users VALIDATE CONSTRAINT users_email;").after("CREATE TABLE users (id int, email text UNIQUE);"),
        Example::new("ALTER TABLE users RENAME CONSTRAINT users_email TO email_once;").after("CREATE TABLE users (id int, email text UNIQUE);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_email_key;").after("CREATE TABLE users (id int, email text UNIQUE); ALTER INDEX users_email_key RENAME TO email_once;"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_mail;").after("CREATE TABLE users (id int, email text); CREATE UNIQUE INDEX by_email ON users (email);"),
        Example::new("CLUSTER users USING by_mail;").after("CREATE TABLE users (id int, email text); CREATE UNIQUE INDEX by_email ON users (email);"),
        Example::new("UPDATE users SET email = mail;").after("CREATE TABLE users (id int, email text);"),
        Example::new("UPDATE users SET email = '' WHERE mail IS NULL;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DELETE FROM users WHERE lower(mail) = '';").after("CREATE TABLE users (id int, email text);"),
        Example::new("DELETE FROM users u USING plans p WHERE u.id = p.id AND mail = '';").after("CREATE TABLE users (id int, email text); CREATE TABLE plans (id int);"),
        Example::new("COPY users (id, mail) FROM '/dev/null';").after("CREATE TABLE users (id int, email text);"),
        Example::new("INSERT INTO names (mail) VALUES ('a');").after("CREATE TABLE users (id int, email text); CREATE VIEW names AS SELECT id, email FROM users;"),
        Example::new("INSERT INTO users (id) SELECT mail FROM users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("SELECT mail FROM users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE VIEW names AS SELECT mail FROM users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE VIEW names AS SELECT users.id, price FROM users JOIN plans ON users.id = plans.id;").after("CREATE TABLE users (id int, email text); CREATE TABLE plans (id int);"),
        Example::new("CREATE TABLE copy AS SELECT id FROM users WHERE mail > '';").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE TRIGGER touches BEFORE UPDATE OF mail ON users FOR EACH ROW EXECUTE FUNCTION touch();").after("CREATE TABLE users (id int, email text); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; "),
        Example::new("CREATE POLICY own ON users USING (mail = current_user);").after("CREATE TABLE users (id int, email text);"),
        Example::new("COMMENT ON COLUMN users.mail IS 'where to';").after("CREATE TABLE users (id int, email text);"),
        Example::new("COMMENT ON CONSTRAINT users_mail ON users IS 'one each';").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE TABLE orders (mail text REFERENCES users (mail));").after("CREATE TABLE users (id int, email text UNIQUE);"),
        Example::new("ALTER TABLE users REPLICA IDENTITY USING INDEX by_mail;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP TRIGGER touches ON users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DISABLE TRIGGER touches;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP POLICY own ON users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER POLICY own ON users USING (true);").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER POLICY own ON users RENAME TO mine;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TYPE mood ADD VALUE 'fine' AFTER 'good';").after("CREATE TYPE mood AS ENUM ('ok');"),
        Example::new("ALTER TYPE mood RENAME VALUE 'good' TO 'fine';").after("CREATE TYPE mood AS ENUM ('ok');"),
        Example::new("DROP TABLE users; ALTER TABLE users ADD n int;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP TABLE users; CREATE TABLE copy (LIKE users);").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users RENAME TO people; CREATE TABLE orders (user_id int REFERENCES users);").after("CREATE TABLE users (id int PRIMARY KEY);"),
        Example::new("ALTER TABLE users RENAME TO people; CREATE VIEW names AS SELECT * FROM users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP TABLE users; DROP TABLE users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP INDEX by_id; DROP INDEX by_id;").after("CREATE TABLE users (id int, email text); CREATE INDEX by_id ON users (id);"),
        Example::new("DROP VIEW names; DROP VIEW names;").after("CREATE TABLE users (id int, email text); CREATE VIEW names AS SELECT 1 AS a;"),
        Example::new("ALTER INDEX by_id RENAME TO by_users; ALTER INDEX by_id RENAME TO by_number;").after("CREATE TABLE users (id int, email text); CREATE INDEX by_id ON users (id);"),
        Example::new("DROP TABLE users; INSERT INTO users VALUES (1);").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP TABLE users; GRANT SELECT ON users TO public;").after("CREATE TABLE users (id int, email text);"),
        Example::new("GRANT SELECT (id), UPDATE (mail) ON users TO public;").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE STATISTICS pairs ON id, mail FROM users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP INDEX by_id;").after("CREATE SCHEMA app; CREATE TABLE app.users (id int); CREATE INDEX by_id ON app.users (id);"),
        Example::new("ALTER INDEX by_id RENAME TO by_number;").after("CREATE SCHEMA app; CREATE TABLE app.users (id int); CREATE INDEX by_id ON app.users (id);"),
        Example::new("CREATE SEQUENCE numbers OWNED BY users.number;").after("CREATE TABLE users (id int);"),
        Example::new("DROP SEQUENCE numbers; ALTER SEQUENCE numbers RESTART;").after("CREATE SEQUENCE numbers;"),
        Example::new("DROP SEQUENCE numbers; SELECT setval('numbers', 5);").after("CREATE SEQUENCE numbers;"),
        Example::new("DROP SEQUENCE numbers; ALTER TABLE users ALTER COLUMN id SET DEFAULT nextval('public.numbers');").after("CREATE SEQUENCE numbers; CREATE TABLE users (id int);"),
        Example::new("DO $$ BEGIN ALTER TABLE users DROP COLUMN mail; END $$;").after("CREATE TABLE users (id int);"),
        Example::new("DO $$ BEGIN UPDATE users SET id = mail; END $$;").after("CREATE TABLE users (id int);"),
    ],
    good: &[
        Example::new("DROP INDEX app.by_id; DROP INDEX by_number;")
            .after("CREATE SCHEMA app; CREATE TABLE app.users (id int); CREATE INDEX by_id ON app.users (id); CREATE TABLE users (id int); CREATE INDEX by_number ON users (id);"),
        Example::new("SET search_path = app; DROP INDEX by_id;").after("CREATE SCHEMA app; CREATE TABLE app.users (id int); CREATE INDEX by_id ON app.users (id);"),
        Example::new("DROP SEQUENCE numbers; ALTER SEQUENCE IF EXISTS numbers RESTART; CREATE SEQUENCE numbers; SELECT setval('numbers', 5);").after("CREATE SEQUENCE numbers;"),
        Example::new("DO $$ BEGIN IF now() IS NULL THEN ALTER TABLE users DROP COLUMN mail; END IF; END $$;").after("CREATE TABLE users (id int);"),
        Example::new("DO $$ BEGIN ALTER TABLE users DROP COLUMN mail; EXCEPTION WHEN others THEN NULL; END $$;").after("CREATE TABLE users (id int);"),
        Example::new("DO $$ DECLARE mail int := 1; BEGIN UPDATE users SET id = mail; END $$;").after("CREATE TABLE users (id int);"),
        Example::new("DO $$ BEGIN ALTER TABLE users ADD COLUMN mail text; END $$; ALTER TABLE users DROP COLUMN mail;").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users ADD COLUMN mail text, ALTER COLUMN mail SET DEFAULT '', ADD UNIQUE (mail);").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP COLUMN IF EXISTS mail, DROP CONSTRAINT IF EXISTS users_mail_key;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users RENAME COLUMN email TO mail; CREATE INDEX ON users (lower(mail)) INCLUDE (id) WHERE mail > '';").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD CHECK (users IS NOT NULL AND tableoid > 0);").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_id_check;").after("CREATE TABLE users (id int CHECK (id > 0 AND id < 5));"),
        Example::new("ALTER TABLE users DROP CONSTRAINT by_email;").after("CREATE TABLE users (id int, email text); CREATE UNIQUE INDEX by_email ON users (email); ALTER TABLE users ADD UNIQUE USING INDEX by_email;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT email_once;").after("CREATE TABLE users (id int, email text UNIQUE); ALTER INDEX users_email_key RENAME TO email_once;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT email_once;").after("CREATE TABLE users (id int, email text UNIQUE); ALTER TABLE users_email_key RENAME TO email_once;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_id_email_excl;").after("CREATE TABLE users (id int, email text, EXCLUDE (id WITH =, email WITH =));"),
        Example::new("ALTER TABLE users DROP CONSTRAINT there;").after("CREATE TABLE users (id int CONSTRAINT there NOT NULL, n int CHECK (n > 0) NOT ENFORCED);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_id_not_null;").after("CREATE TABLE users (id int NOT NULL, n int CHECK (n > 0) NOT ENFORCED);"),
        Example::new("ALTER TABLE staff DROP COLUMN email, DROP CONSTRAINT staff_id_check;").after("CREATE TABLE users (id int CHECK (id > 0), email text); CREATE TABLE staff (LIKE users INCLUDING ALL); ALTER TABLE staff RENAME CONSTRAINT users_id_check TO staff_id_check;"),
        Example::new("ALTER TABLE users DROP COLUMN plan;").after("CREATE TABLE users (id int); DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD plan text', 'users'); END $$;"),
        Example::new("ALTER TABLE users DROP COLUMN plan;").after("CREATE TABLE users (id int); CREATE FUNCTION adds() RETURNS void LANGUAGE plpgsql AS 'begin alter table users add plan text; end'; SELECT adds();"),
        Example::new("ALTER TABLE users DROP COLUMN id;").after("CREATE TABLE users (id int); DO $$ BEGIN IF now() IS NULL THEN ALTER TABLE users DROP id; END IF; END $$;"),
        Example::new("ALTER TABLE child DROP COLUMN b;").after("CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent);"),
        Example::new("ALTER TABLE child ALTER COLUMN c SET NOT NULL;").after("CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent); ALTER TABLE parent ADD c int;"),
        Example::new("ALTER TABLE typed ALTER COLUMN a SET DEFAULT 1;").after("CREATE TYPE pair AS (a int, b int); CREATE TABLE typed OF pair;"),
        Example::new("ALTER TABLE users ALTER COLUMN mail SET DEFAULT '';").after("CREATE SCHEMA app; SET search_path = app, public; CREATE TABLE users (id int, mail text);"),
        Example::new("CREATE INDEX ON users ((users.called)); ALTER TABLE users ADD CHECK (users.called > '');").after("CREATE TABLE users (id int, email text); CREATE FUNCTION called(users) RETURNS text LANGUAGE sql IMMUTABLE AS 'select $1.email';"),
        Example::new("UPDATE users u SET email = (SELECT mail FROM mails WHERE mails.id = u.id) WHERE u IS NOT NULL AND ctid IS NOT NULL;").after("CREATE TABLE users (id int, email text); CREATE TABLE mails (id int, mail text);"),
        Example::new("UPDATE users SET email = mail FROM mails WHERE mails.id = users.id;").after("CREATE TABLE users (id int, email text); CREATE TABLE mails (id int, mail text);"),
        Example::new("UPDATE users SET email = '' WHERE EXISTS (SELECT FROM mails WHERE mail = email);").after("CREATE TABLE users (id int, email text); CREATE TABLE mails (mail text);"),
        Example::new("WITH gone AS (DELETE FROM users RETURNING id AS number) SELECT number FROM gone;").after("CREATE TABLE users (id int, email text);"),
        Example::new("SELECT id AS number FROM users GROUP BY number ORDER BY number;").after("CREATE TABLE users (id int, email text);"),
        Example::new("SELECT a FROM users AS u (a, b);").after("CREATE TABLE users (id int, email text);"),
        Example::new("SELECT n, mail FROM generate_series(1, 2) AS n, (SELECT email AS mail FROM users) AS mails;").after("CREATE TABLE users (id int, email text);"),
        Example::new("SELECT users, u.mail FROM users CROSS JOIN LATERAL (SELECT users.email AS mail) u;").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE VIEW names AS WITH users AS (SELECT 1 AS mail) SELECT mail FROM users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE POLICY own ON users USING (email IN (SELECT mail FROM mails));").after("CREATE TABLE users (id int, email text); CREATE TABLE mails (mail text);"),
        Example::new("COPY users (email) FROM '/dev/null';").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP TRIGGER IF EXISTS touches ON users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP TRIGGER touches ON users;").after("CREATE TABLE users (id int, email text); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; CREATE TRIGGER touched BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TRIGGER touched ON users RENAME TO touches;"),
        Example::new("ALTER TYPE mood ADD VALUE 'better' AFTER 'fine';").after("CREATE TYPE mood AS ENUM ('ok'); ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';"),
        Example::new("INSERT INTO names (id, mail) VALUES (1, 'a');").after("CREATE TABLE users (id int, email text); CREATE VIEW names (id, mail) AS SELECT id, email FROM users;"),
        Example::new("DROP TABLE users; CREATE TABLE users (id int); ALTER TABLE users ADD n int;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP TABLE users; ALTER TABLE IF EXISTS users ADD n int; DROP TABLE IF EXISTS users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("DROP TABLE users; CREATE TABLE app.users (id int); SET search_path = app; ALTER TABLE users ADD n int;").after("CREATE SCHEMA app; CREATE TABLE users (id int);"),
        Example::new("DROP TABLE users; CREATE VIEW names AS WITH users AS (SELECT 1 AS a) SELECT * FROM users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people; SELECT * FROM users;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE a DROP CONSTRAINT a_b_c_check1;").after("CREATE TABLE a_b (c int CHECK (c > 0)); CREATE TABLE a (b_c int CHECK (b_c > 0));"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    // A block may catch the error, or never come here.
    if look.is_in_doubt {
        return;
    }
    let gone = gone::of(look).map(|name| (name, "an earlier statement dropped or renamed it".to_string()));
    if let Some((name, what)) = gone.or_else(|| missing(look)) {
        found.push(look.finding(&RULE, format!("{what}: PostgreSQL refuses this")).on(name));
        return;
    }
    if let Some(sequence) = sequences::gone(look) {
        let message = format!("the sequence {sequence} went with an earlier statement: PostgreSQL refuses this");
        found.push(look.finding(&RULE, message).on(sequence));
    }
    found.extend(indexes::elsewhere(look));
}

/// What something is asked of, and what that is not.
type Missing<'a> = Option<(&'a Name, String)>;

fn missing<'a>(look: &'a Look) -> Missing<'a> {
    match look.change {
        Change::Alter(alter) => altered(look, alter),
        Change::CreateIndex(index) => column_of(look, &index.table, columns(index)),
        Change::CreateTable(table) => referenced(look, table),
        Change::Insert(Insert { table, columns, query, .. }) => column_of(look, table, columns).or_else(|| columns::of(look, query.scope.as_deref())),
        Change::CopyFrom { table, columns } | Change::CreateTrigger { table, columns, .. } => column_of(look, table, columns),
        Change::Update(write) | Change::Delete(write) => {
            column_of(look, &write.table, &write.columns).or_else(|| columns::of(look, write.query.scope.as_deref()))
        }
        Change::Query(query) | Change::CreateView { query, .. } => columns::of(look, query.scope.as_deref()),
        Change::CreateTableAs(table) => columns::of(look, table.query.scope.as_deref()),
        Change::Grant(grant) => grant.tables.iter().find_map(|table| column_of(look, table, &grant.columns)),
        Change::Describe { tables, columns } => tables.iter().find_map(|table| column_of(look, table, columns)),
        Change::Policy(policy) => columns::of(look, policy.scope.as_deref()).or_else(|| altered_policy(look, policy)),
        Change::Cluster { table: Some(table), index: Some(index) } => index_of(look, table, index),
        Change::CreateSequence { owner: Some((table, column)), .. } | Change::AlterSequence { owner: Some((table, column)), .. } => column_of(look, table, [column]),
        Change::Comment { kind, table: Some(table), part: Some(part) } => part_of(look, *kind, table, part),
        Change::Rename(Rename { kind, name, part: Some(part), if_exists: false, .. }) => part_of(look, *kind, name, part),
        Change::Drop(drop) if !drop.if_exists => {
            let mut parts = drop.names.iter().zip(&drop.parts);
            parts.find_map(|(table, part)| part_of(look, drop.kind, table, part))
        }
        Change::AddEnumValue { name, beside: Some(value), .. } | Change::RenameEnumValue { name, old: value, .. } => {
            let is_missing = !look.catalogue.sure_enum(name)?.contains(value);
            is_missing.then(|| (name, format!("{name} has no value '{value}'")))
        }
        _ => None,
    }
}

/// What is in a table or on it.
fn part_of<'a>(look: &Look, kind: Kind, table: &'a Name, part: &String) -> Missing<'a> {
    let whole = || look.whole(table).filter(|relation| !relation.has_unknown_parts);
    let is_missing = match kind {
        Kind::Column => return column_of(look, table, [part]),
        Kind::Constraint => return constraint_of(look, table, part),
        // Those of foreign keys are called by the server.
        Kind::Trigger if part.starts_with("RI_ConstraintTrigger") => false,
        Kind::Trigger => !whole()?.triggers.iter().any(|(name, _)| name == part),
        Kind::Policy => !whole()?.policies.contains(part),
        _ => false,
    };
    is_missing.then(|| (table, format!("{table} has no {} {}", kind.name().to_lowercase(), quoted(part))))
}

fn altered_policy<'a>(look: &Look, policy: &'a Policy) -> Missing<'a> {
    match policy.is_new {
        true => None,
        false => part_of(look, Kind::Policy, &policy.table, &policy.name),
    }
}

/// What constraints of a new table are of, and its foreign keys reference.
fn referenced<'a>(look: &Look, table: &'a CreateTable) -> Missing<'a> {
    let is_whole = table.inherits.is_empty() && table.like.is_empty() && !table.is_typed && table.partition_of.is_none();
    let is_own = |column: &&String| table.columns.iter().any(|own| own.name == **column || own.type_.is_template());
    for constraint in table.constraints.iter().filter(|_| is_whole) {
        let columns = match &constraint.kind {
            ConstraintKind::Check(_) => &[],
            kind => kind.columns(),
        };
        if let Some(column) = columns.iter().find(|column| !is_own(column)) {
            return Some((&table.name, format!("{} has no column {}", table.name, quoted(column))));
        }
    }
    let constraints = table.columns.iter().flat_map(|column| &column.constraints);
    let mut constraints = constraints.chain(&table.constraints);
    constraints.find_map(|constraint| match &constraint.kind {
        // Its own columns come by the same statement.
        ConstraintKind::Foreign { table: other, referenced, .. } if other.name != table.name.name => column_of(look, other, referenced),
        _ => None,
    })
}

fn altered<'a>(look: &Look, alter: &'a Alter) -> Missing<'a> {
    let Alter { table, kind, action, .. } = alter;
    if matches!(kind, Kind::Index | Kind::Type | Kind::View) {
        return None;
    }
    match action {
        Action::DropColumn { column, if_exists: false, .. }
        | Action::Default { column, .. }
        | Action::SetNotNull(column)
        | Action::DropNotNull(column)
        | Action::SetType { column, .. }
        | Action::SetExpression(column)
        | Action::AddIdentity(column)
        | Action::Identity(column) => column_of(look, table, [column]),
        Action::DropConstraint { constraint, if_exists: false, .. } | Action::Validate(constraint) | Action::AlterConstraint { constraint, .. } => {
            constraint_of(look, table, constraint)
        }
        Action::AddConstraint(constraint) => added(look, table, constraint),
        Action::ReplicaIdentity { index: Some(index), .. } => index_of(look, table, index),
        Action::Trigger { trigger: Some(trigger), .. } => part_of(look, Kind::Trigger, table, trigger),
        _ => None,
    }
}

fn added<'a>(look: &Look, table: &'a Name, constraint: &'a Constraint) -> Missing<'a> {
    match &constraint.kind {
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => match &key.index {
            Some(index) => index_of(look, table, index),
            None => column_of(look, table, key.columns.iter().chain(&key.included)),
        },
        ConstraintKind::Check(expr) => column_of(look, table, expr.sure_columns()),
        ConstraintKind::Foreign { columns, table: other, referenced, .. } => column_of(look, table, columns).or_else(|| column_of(look, other, referenced)),
        kind => column_of(look, table, kind.columns()),
    }
}

/// All columns that an index needs.
fn columns(index: &CreateIndex) -> impl Iterator<Item = &String> {
    let read = index.expressions.iter().flat_map(Expr::sure_columns);
    index.columns.iter().flatten().chain(&index.included).chain(read)
}

fn column_of<'a, 'b>(look: &Look, table: &'a Name, columns: impl IntoIterator<Item = &'b String>) -> Missing<'a> {
    let mut columns = columns.into_iter();
    let missing = columns.find(|column| columns::has(look, table, column) == Some(false))?;
    Some((table, format!("{table} has no column {}", quoted(missing))))
}

fn constraint_of<'a>(look: &Look, table: &'a Name, constraint: &str) -> Missing<'a> {
    let relation = look.whole(table).filter(|relation| knows_names(relation))?;
    // Since 18 every NOT NULL has a name.
    let is_missing = relation.constraint(constraint).is_none() && (look.server.version < 18 || !constraint.contains("_not_null"));
    is_missing.then(|| (table, format!("{table} has no constraint {}", quoted(constraint))))
}

fn index_of<'a>(look: &Look, table: &'a Name, index: &str) -> Missing<'a> {
    let relation = look.whole(table).filter(|relation| knows_names(relation))?;
    let is_missing = relation.indexes.named(index).is_none();
    is_missing.then(|| (table, format!("{table} has no index {}", quoted(index))))
}

/// Whether all its constraints and indexes are known, by the names that they have.
fn knows_names(relation: &Relation) -> bool {
    !relation.may_have_keys && !relation.has_unknown_names && relation.kind == RelationKind::Table
}
