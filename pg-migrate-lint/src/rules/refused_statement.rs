//! What PostgreSQL refuses of these tables.

mod kind;
mod rows;
mod shape;

use super::{Example, Group, Rule};
use crate::catalogue::{Relation, RelationKind};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind, DomainAction, Generated, Kind};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "refused-statement",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a statement that fails because of what its table is: a second primary key, an INSERT without a value for a column that needs one, a key by an index that is none",
    explanation: "PostgreSQL refuses some statements for what the table has, and the migration fails there, perhaps on \
        production alone: an identity on a column that may be null; DROP EXPRESSION of a virtual column; a constraint \
        USING INDEX of an index that is not unique, leaves out rows or has expressions; a primary key over a NOT NULL \
        that is NOT VALID; to validate, or to enforce, what can't be; a number for a column that is GENERATED ALWAYS; REFRESH … CONCURRENTLY \
        without a unique index; statistics of an index's column that is no expression; a constraint of a domain of which a \
        table has arrays; a sequence that is OWNED BY a table of another schema; TRUNCATE of a table that a foreign key of \
        another one references, unless that is emptied too; a second primary key; DROP NOT NULL of a column of the primary \
        key; rows with more values than columns, or without a value for a column that may not be null and has no default; ON \
        CONFLICT of columns that no unique index is on; a foreign key whose two sides can't be compared, or have not as many \
        columns; a query in a CHECK, a default or an index; a column that is called as one of those that every table has; an index on \
        a type without an order, or on a view; DROP, and other statements, of another sort of thing than they are for; a default of a column that is \
        computed or an identity; an identity that is no whole number; ALTER CONSTRAINT of what is no foreign key.\n\n\
        The message says what stands in the way. Do that first: SET NOT NULL, VALIDATE CONSTRAINT, a proper index, \
        TRUNCATE of both tables.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;").after("CREATE TABLE users (n int);"),
        Example::new("ALTER TABLE users ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;").after("CREATE TABLE users (n int NOT NULL DEFAULT 5);"),
        Example::new("ALTER TABLE users ALTER COLUMN twice DROP EXPRESSION;").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) VIRTUAL);"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE users (n int); CREATE UNIQUE INDEX by_n ON users (n) WHERE n > 0;"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE users (n text); CREATE UNIQUE INDEX by_n ON users (lower(n));"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE users (n int); CREATE INDEX by_n ON users (n);"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY (n);").after("CREATE TABLE users (n int); ALTER TABLE users ADD CONSTRAINT there NOT NULL n NOT VALID;"),
        Example::new("ALTER TABLE users VALIDATE CONSTRAINT positive;").after("CREATE TABLE users (n int); ALTER TABLE users ADD CONSTRAINT positive CHECK (n > 0) NOT ENFORCED;"),
        Example::new("ALTER TABLE users ALTER CONSTRAINT positive ENFORCED;").after("CREATE TABLE users (n int); ALTER TABLE users ADD CONSTRAINT positive CHECK (n > 0) NOT ENFORCED;"),
        Example::new("TRUNCATE users;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("INSERT INTO users VALUES (5);").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY, n int);"),
        Example::new("INSERT INTO users (n, id) VALUES (1, DEFAULT), (2, 7);").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY, n int);"),
        Example::new("INSERT INTO users (id) SELECT 5;").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY, n int);"),
        Example::new("INSERT INTO users (n, twice) VALUES (1, 2);").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("REFRESH MATERIALIZED VIEW CONCURRENTLY sums;").after("CREATE MATERIALIZED VIEW sums AS SELECT 1 AS a; CREATE UNIQUE INDEX ON sums (a) WHERE a > 0;"),
        Example::new("ALTER TABLE users SET UNLOGGED;").after("CREATE TABLE users (n int); CREATE PUBLICATION feed FOR TABLE users;"),
        Example::new("ALTER INDEX by_n ALTER COLUMN 1 SET STATISTICS 500;").after("CREATE TABLE users (n int); CREATE INDEX by_n ON users (n);"),
        Example::new("ALTER DOMAIN positive ADD CHECK (VALUE > 1);").after("CREATE DOMAIN positive AS int; CREATE TABLE users (n positive[]);"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY (email);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users ADD COLUMN number serial PRIMARY KEY;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("CREATE TABLE plans (id int PRIMARY KEY, name text, PRIMARY KEY (name));").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users ALTER COLUMN id DROP NOT NULL;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users VALUES (1, 'a', 2);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users (id, email) VALUES (1);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users (id) VALUES (1, 'a');").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users (email) VALUES ('a');").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users DEFAULT VALUES;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO plans VALUES (1);").after("CREATE TABLE plans (id int, name text NOT NULL);"),
        Example::new("INSERT INTO users VALUES (1, 'a') ON CONFLICT (email) DO NOTHING;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users VALUES (1, 'a') ON CONFLICT (email) DO NOTHING;").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE UNIQUE INDEX ON users (email) WHERE email > '';"),
        Example::new("MERGE INTO users USING news ON news.n = users.n WHEN MATCHED AND news.m > 1 THEN UPDATE SET twice = DEFAULT, n = 1 WHEN MATCHED THEN UPDATE SET twice = m;")
            .after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED); CREATE TABLE news (n int, m int);"),
        Example::new("UPDATE users SET (n, twice) = (DEFAULT, 2);").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("UPDATE users SET twice = 2;").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("UPDATE users SET id = 2;").after("CREATE TABLE users (n int, id int GENERATED ALWAYS AS IDENTITY);"),
        Example::new("ALTER TABLE users ADD CHECK (id IN (SELECT id FROM users));").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users ADD CHECK (id > (SELECT 0));").after("CREATE TABLE users (id int);"),
        Example::new("CREATE TABLE plans (id int CHECK (id IN (SELECT id FROM users)));").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("CREATE INDEX ON users (id) WHERE id > (SELECT max(id) FROM users);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users ALTER COLUMN id SET DEFAULT (SELECT max(id) FROM users);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users ADD COLUMN ctid int;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("CREATE TABLE plans (tableoid int);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("CREATE TABLE orders (a int, b int, FOREIGN KEY (a, b) REFERENCES users (id));").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users ADD COLUMN boss int REFERENCES members;").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE TABLE members (a int, b int, PRIMARY KEY (a, b));"),
        Example::new("CREATE TABLE orders (user_id uuid REFERENCES users);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users ADD FOREIGN KEY (email) REFERENCES users (id);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("DROP TABLE names;").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("DROP VIEW IF EXISTS users;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("DROP INDEX users;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("CREATE INDEX ON names (id);").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("CREATE INDEX ON users (data);").after("CREATE TABLE users (data json);"),
        Example::new("ALTER TABLE users ADD COLUMN place point UNIQUE;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users ADD COLUMN more int GENERATED ALWAYS AS (twice + 1) STORED;").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("ALTER TABLE users REPLICA IDENTITY USING INDEX by_email;").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE UNIQUE INDEX by_email ON users (email);"),
        Example::new("ALTER TABLE users REPLICA IDENTITY USING INDEX by_id;").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE INDEX by_id ON users (id);"),
        Example::new("ALTER TABLE users ALTER COLUMN twice SET DEFAULT 1;").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("ALTER TABLE users ALTER COLUMN id DROP DEFAULT;").after("CREATE TABLE users (n int, id int GENERATED ALWAYS AS IDENTITY);"),
        Example::new("ALTER TABLE users ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;").after("CREATE TABLE users (id uuid NOT NULL);"),
        Example::new("ALTER TABLE users ALTER CONSTRAINT users_email_key DEFERRABLE;").after("CREATE TABLE users (email text UNIQUE);"),
        Example::new("ALTER TABLE names ADD COLUMN n int;").after("CREATE TABLE users (id int); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("ALTER TABLE names ALTER COLUMN id SET NOT NULL;").after("CREATE TABLE users (id int); CREATE MATERIALIZED VIEW names AS SELECT id FROM users;"),
        Example::new("INSERT INTO names VALUES (1);").after("CREATE TABLE users (id int); CREATE MATERIALIZED VIEW names AS SELECT id FROM users;"),
        Example::new("UPDATE names SET id = 1;").after("CREATE TABLE users (id int); CREATE MATERIALIZED VIEW names AS SELECT id FROM users;"),
        Example::new("TRUNCATE users, names;").after("CREATE TABLE users (id int); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("REFRESH MATERIALIZED VIEW names;").after("CREATE TABLE users (id int); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("ALTER TABLE users ADD FOREIGN KEY (id) REFERENCES names (id);").after("CREATE TABLE users (id int); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("CREATE TABLE orders (name int REFERENCES names (id));").after("CREATE TABLE users (id int); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("DO $$ BEGIN INSERT INTO users (id, email) VALUES (1); END $$;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("DO $$ DECLARE n int; BEGIN EXECUTE 'UPDATE users SET id = 2'; END $$;").after("CREATE TABLE users (n int, id int GENERATED ALWAYS AS IDENTITY);"),
        Example::new("ALTER TABLE users ALTER COLUMN id DROP NOT NULL;").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY);"),
        Example::new("ALTER TABLE users ALTER COLUMN n DROP IDENTITY;").after("CREATE TABLE users (n int NOT NULL);"),
        Example::new("ALTER TABLE users ADD CONSTRAINT named NOT NULL n;").after("CREATE TABLE users (n int NOT NULL);").on(18),
        Example::new("ALTER TABLE users SET UNLOGGED;").after("CREATE TABLE users (n int) PARTITION BY LIST (n);").on(18),
        Example::new("CREATE UNLOGGED TABLE plans (n int) PARTITION BY LIST (n);").after("CREATE TABLE users (n int);").on(18),
        Example::new("ALTER TABLE users SET UNLOGGED;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("ALTER TABLE orders SET LOGGED;").after("CREATE UNLOGGED TABLE users (id int PRIMARY KEY); CREATE UNLOGGED TABLE orders (user_id int REFERENCES users);"),
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;").after("CREATE UNLOGGED TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int);"),
        Example::new("CREATE TABLE orders (user_id int REFERENCES users);").after("CREATE UNLOGGED TABLE users (id int PRIMARY KEY);"),
        Example::new("ALTER TABLE users ADD COLUMN n int DEFAULT 1;").after("CREATE TABLE users (id int); CREATE TABLE old (before users);"),
        Example::new("ALTER TABLE users ALTER COLUMN id TYPE bigint;").after("CREATE TABLE users (id int); CREATE TABLE old (before users[]);"),
        Example::new("CREATE INDEX ON users (twice);").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) VIRTUAL);").on(18),
        Example::new("ALTER TABLE users ADD UNIQUE (twice);").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) VIRTUAL);").on(18),
        Example::new("ALTER TABLE users ADD COLUMN state text DEFAULT active;").after("CREATE TABLE users (n int);"),
        Example::new("CREATE TABLE plans (a int, b int DEFAULT a);").after("CREATE TABLE users (n int);"),
        Example::new("ALTER TABLE users ALTER COLUMN n SET DEFAULT n + 1;").after("CREATE TABLE users (n int);"),
        Example::new("ALTER TABLE users ADD COLUMN mood mood DEFAULT 'bad';").after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE users (n int);"),
        Example::new("CREATE POLICY own ON users FOR INSERT USING (n > 0);").after("CREATE TABLE users (n int);"),
        Example::new("CREATE POLICY own ON users FOR SELECT USING (true) WITH CHECK (n > 0);").after("CREATE TABLE users (n int);"),
        Example::new("ALTER SEQUENCE numbers OWNED BY app.users.id;").after("CREATE SCHEMA app; CREATE TABLE app.users (id int); CREATE SEQUENCE numbers;"),
        Example::new("CREATE SEQUENCE numbers OWNED BY app.users.id;").after("CREATE SCHEMA app; CREATE TABLE app.users (id int);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ADD COLUMN n int; ALTER TABLE old ALTER COLUMN before TYPE text;").after("CREATE TABLE users (id int); CREATE TABLE old (before users);"),
        Example::new("ALTER TABLE users ALTER COLUMN id DROP IDENTITY, ALTER COLUMN id DROP NOT NULL;").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY);"),
        Example::new("CREATE UNLOGGED TABLE orders (user_id int REFERENCES users); CREATE TEMP TABLE news (id int PRIMARY KEY, n int REFERENCES news);").after("CREATE UNLOGGED TABLE users (id int PRIMARY KEY);"),
        Example::new("ALTER TABLE users SET UNLOGGED;").after("CREATE TABLE users (id int PRIMARY KEY, boss int REFERENCES users);"),
        Example::new("ALTER TABLE users ADD COLUMN at timestamptz DEFAULT CURRENT_TIMESTAMP, ADD COLUMN who text DEFAULT current_user;").after("CREATE TABLE users (n int);"),
        Example::new("CREATE POLICY own ON users FOR UPDATE USING (true) WITH CHECK (n > 0); CREATE POLICY new ON users FOR INSERT WITH CHECK (n > 0);").after("CREATE TABLE users (n int);"),
        Example::new("ALTER SEQUENCE numbers OWNED BY users.id; CREATE SEQUENCE app.numbers OWNED BY app.users.id;")
            .after("CREATE SCHEMA app; CREATE TABLE app.users (id int); CREATE TABLE users (id int); CREATE SEQUENCE numbers;"),
        Example::new("SET search_path = app; CREATE SEQUENCE numbers OWNED BY users.id;").after("CREATE SCHEMA app; CREATE TABLE app.users (id int);"),
        Example::new("ALTER TABLE users ALTER COLUMN twice DROP EXPRESSION, ALTER COLUMN twice SET DEFAULT 1, ALTER COLUMN n SET DEFAULT 1;")
            .after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("ALTER TABLE users ALTER COLUMN id DROP IDENTITY, ALTER COLUMN id SET DEFAULT 1;").after("CREATE TABLE users (n int, id int GENERATED ALWAYS AS IDENTITY);"),
        Example::new("ALTER TABLE users ALTER COLUMN id TYPE bigint, ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;").after("CREATE TABLE users (id smallint NOT NULL);"),
        Example::new("ALTER VIEW names ALTER COLUMN id SET DEFAULT 1; INSERT INTO names VALUES (1); ALTER TABLE names OWNER TO CURRENT_USER;")
            .after("CREATE TABLE users (id int); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("DO $$ BEGIN INSERT INTO users (id, email) VALUES (1); EXCEPTION WHEN others THEN NULL; END $$;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("DO $$ BEGIN IF now() < 'epoch' THEN INSERT INTO users (id, email) VALUES (1, 2, 3); END IF; END $$;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users VALUES (DEFAULT, 5);").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY, n int);"),
        Example::new("INSERT INTO users OVERRIDING SYSTEM VALUE VALUES (5);").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY, n int);"),
        Example::new("INSERT INTO users VALUES (5);").after("CREATE TABLE users (id int GENERATED BY DEFAULT AS IDENTITY, n int);"),
        Example::new("INSERT INTO users VALUES (5);").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY, n int); ALTER TABLE users ALTER id SET GENERATED BY DEFAULT;"),
        Example::new("INSERT INTO users (n) SELECT 5;").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY, n int);"),
        Example::new("REFRESH MATERIALIZED VIEW CONCURRENTLY sums;").after("CREATE MATERIALIZED VIEW sums AS SELECT 1 AS a; CREATE UNIQUE INDEX ON sums (a);"),
        Example::new("ALTER TABLE users SET UNLOGGED;").after("CREATE TABLE users (n int); CREATE PUBLICATION feed FOR TABLE users; ALTER PUBLICATION feed DROP TABLE users;"),
        Example::new("ALTER INDEX by_n ALTER COLUMN 2 SET STATISTICS 500;").after("CREATE TABLE users (n int); CREATE INDEX by_n ON users (n, (n + 1));"),
        Example::new("ALTER DOMAIN positive ADD CHECK (VALUE > 1) NOT VALID;").after("CREATE DOMAIN positive AS int; CREATE TABLE users (n positive[]);"),
        Example::new("ALTER TABLE users ALTER COLUMN n SET NOT NULL, ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;").after("CREATE TABLE users (n int);"),
        Example::new("ALTER TABLE users ALTER COLUMN twice DROP EXPRESSION;").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE users (n int); CREATE UNIQUE INDEX by_n ON users (n);"),
        Example::new("TRUNCATE users, orders;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("TRUNCATE users CASCADE;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("TRUNCATE users;").after("CREATE TABLE users (id int PRIMARY KEY, boss int REFERENCES users);"),
        Example::new("ALTER TABLE users ALTER CONSTRAINT boss ENFORCED;")
            .after("CREATE TABLE users (id int PRIMARY KEY, n int); ALTER TABLE users ADD CONSTRAINT boss FOREIGN KEY (n) REFERENCES users NOT ENFORCED;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (email);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_pkey, ALTER COLUMN id DROP NOT NULL;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users VALUES (1);").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users (id) SELECT 1;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO plans (id) VALUES (1);").after("CREATE TABLE plans (id int, name text NOT NULL); ALTER TABLE plans ALTER name SET DEFAULT '';"),
        Example::new("INSERT INTO plans (id) SELECT 1 WHERE false;").after("CREATE TABLE plans (id int, name text NOT NULL);"),
        Example::new("INSERT INTO plans (id) VALUES (1);").after("CREATE DOMAIN word AS text DEFAULT 'a'; CREATE TABLE plans (id int, name word NOT NULL);"),
        Example::new("INSERT INTO plans (id) VALUES (1);").after("CREATE TABLE plans (id int, name text NOT NULL); CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS 'begin new.name = 1; return new; end'; CREATE TRIGGER fills BEFORE INSERT ON plans FOR EACH ROW EXECUTE FUNCTION fill();"),
        Example::new("INSERT INTO plans (id) VALUES (1);").after("CREATE TABLE plans (id int, name text NOT NULL); CREATE RULE nothing AS ON INSERT TO plans DO INSTEAD NOTHING;"),
        Example::new("INSERT INTO plans VALUES ((ROW (1, 'a')::plans).*);").after("CREATE TABLE plans (id int, name text);"),
        Example::new("INSERT INTO users VALUES (1, 'a') ON CONFLICT (email) DO NOTHING;").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE UNIQUE INDEX ON users (email) INCLUDE (id);"),
        Example::new("INSERT INTO users VALUES (1, 'a') ON CONFLICT (email) WHERE email > '' DO NOTHING;").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE UNIQUE INDEX ON users (email) WHERE email > '';"),
        Example::new("INSERT INTO members VALUES (1, 2) ON CONFLICT (b, a) DO NOTHING;").after("CREATE TABLE members (a int, b int, PRIMARY KEY (a, b));"),
        Example::new("INSERT INTO members VALUES (1, 2) ON CONFLICT (a, b, a) DO NOTHING;").after("CREATE TABLE members (a int, b int, PRIMARY KEY (a, b));"),
        Example::new("MERGE INTO users USING news ON news.n = users.n WHEN MATCHED AND news.m > 1 THEN UPDATE SET n = 1, twice = DEFAULT WHEN MATCHED THEN UPDATE SET n = m;")
            .after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED); CREATE TABLE news (n int, m int);"),
        Example::new("UPDATE users SET (n, twice) = (1, DEFAULT); UPDATE users SET (twice, n) = ROW (DEFAULT, 1);").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("UPDATE users SET id = DEFAULT, n = 1;").after("CREATE TABLE users (n int, id int GENERATED ALWAYS AS IDENTITY);"),
        Example::new("CREATE TABLE orders (user_id bigint REFERENCES users, email varchar(9) REFERENCES plans (email));").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE TABLE plans (email text UNIQUE);"),
        Example::new("DROP VIEW names; DROP TABLE users;").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("CREATE INDEX ON names (id);").after("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE MATERIALIZED VIEW names AS SELECT id FROM users;"),
        Example::new("CREATE INDEX ON users (data); CREATE INDEX ON users USING gist (place);").after("CREATE TABLE users (data jsonb, place point);"),
        Example::new("ALTER TABLE users REPLICA IDENTITY USING INDEX by_email;").after("CREATE TABLE users (email text NOT NULL); CREATE UNIQUE INDEX by_email ON users (email);"),
        Example::new("ALTER TABLE users ADD COLUMN more int GENERATED ALWAYS AS (n + 1) STORED;").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
    ],
    check,
};

/// What is refused, and why.
type Refused<'a> = Option<(&'a Name, String)>;

fn check(look: &Look, found: &mut Vec<Finding>) {
    // A block may catch the error, or never come here.
    if look.is_in_doubt {
        return;
    }
    let refused = match look.change {
        Change::Truncate { tables, cascade: false } => truncated(look, tables),
        Change::Alter(Alter { table, kind: Kind::Index, action: Action::IndexStatistics(place), .. }) => {
            of_index(look, table, *place).map(|why| (table, why))
        }
        Change::Alter(Alter { table, action, .. }) => {
            let why = look.relation(table).and_then(|relation| altered(look, table, relation, action));
            why.map(|why| (table, why))
        }
        Change::Insert(insert) => rows::inserted(look, insert).map(|why| (&insert.table, why)),
        Change::Update(write) => rows::updated(look, write).map(|why| (&write.table, why)),
        Change::Policy(policy) => policy.refused.map(|why| (&policy.table, why.to_string())),
        Change::Refresh { view, concurrently: true, no_data: false } => refreshed(look, view).map(|why| (view, why)),
        Change::AlterDomain { name, action } => of_domain(look, name, action).map(|why| (name, why)),
        Change::CreateSequence { name, temporary: false, owner: Some((table, _)), .. } => {
            of_owner(look, &look.catalogue.place(name), table).map(|why| (name, why))
        }
        Change::AlterSequence { name, owner: Some((table, _)), .. } if look.catalogue.sure(name).is_some() => {
            of_owner(look, &look.catalogue.resolve(name), table).map(|why| (name, why))
        }
        _ => None,
    };
    let refused = refused.or_else(|| shape::of(look)).or_else(|| kind::of(look));
    if let Some((table, why)) = refused {
        found.push(look.finding(&RULE, format!("PostgreSQL refuses this: {why}")).on(table));
    }
}

fn truncated<'a>(look: &Look, tables: &'a [Name]) -> Option<(&'a Name, String)> {
    let all: Vec<Name> = tables.iter().flat_map(|table| look.catalogue.with_children(table)).collect();
    tables.iter().find_map(|table| {
        let mut others = look.catalogue.referencing(table).iter();
        // Rows or none, it is the foreign key that counts.
        let other = others.find(|other| {
            let resolved = look.catalogue.resolve(table);
            !all.contains(other) && look.catalogue.referenced(other).any(|(_, of)| *of == resolved)
        })?;
        Some((table, format!("a foreign key of {other} references {table}: say both tables, or CASCADE")))
    })
}

fn altered(look: &Look, table: &Name, relation: &Relation, action: &Action) -> Option<String> {
    match action {
        Action::AddIdentity(column) => {
            let facts = relation.column(column).filter(|_| relation.is_complete)?;
            let is_set = look.siblings.iter().any(|change| {
                matches!(change, Change::Alter(Alter { action: Action::SetNotNull(of), .. }) if of == column)
            });
            let name = quoted(column);
            let drops = look.siblings.iter().any(|change| {
                matches!(change, Change::Alter(Alter { action: Action::Default { column: of, default: None }, .. }) if of == column)
            });
            let is_number = matches!(facts.type_.name.as_str(), "int2" | "int4" | "int8") && facts.type_.dimensions == 0;
            if look.catalogue.sure(table).is_some() && facts.type_.schema.is_none() && !is_number && !changes_type(look, column) {
                return Some(format!("{name} is {}, and an identity counts in smallint, integer or bigint", facts.type_));
            }
            if facts.has_default && !drops {
                return Some(format!("{name} has a default or an identity already"));
            }
            (!facts.not_null && !is_set).then(|| format!("{name} may be null, and an identity has to be NOT NULL before"))
        }
        Action::DropNotNull(column) if look.catalogue.sure(table)?.column(column)?.is_always && !frees(look, column) => {
            Some(format!("{} is an identity, which is never null", quoted(column)))
        }
        Action::DropNotNull(column) => {
            let key = look.catalogue.sure(table)?.primary_key()?;
            let stays = key.contains(column) && !drops_constraint(look);
            stays.then(|| format!("{} is part of the primary key", quoted(column)))
        }
        Action::DropExpression(column) => {
            let facts = relation.column(column)?;
            let name = quoted(column);
            (facts.generated == Some(Generated::Virtual)).then(|| format!("{name} is virtual: there are no values that it could keep"))
        }
        Action::Validate(name) => {
            let facts = relation.constraint(name)?;
            (!facts.is_enforced).then(|| format!("{} is NOT ENFORCED", quoted(name)))
        }
        Action::AlterConstraint { constraint, enforced } => {
            let facts = relation.constraint(constraint)?;
            let is_altered = match facts.kind {
                ConstraintKind::Foreign { .. } => true,
                // INHERIT is said of these.
                ConstraintKind::NotNull(_) => enforced.is_none(),
                _ => false,
            };
            (!is_altered).then(|| format!("{} is no foreign key: of others that can't be altered", quoted(constraint)))
        }
        Action::Default { column, .. } => {
            let facts = look.catalogue.sure(table)?.column(column)?;
            let name = quoted(column);
            match (facts.generated.is_some(), facts.is_always) {
                _ if frees(look, column) => None,
                (true, _) => Some(format!("{name} is computed, and has no default")),
                (_, true) => Some(format!("{name} is an identity, which is its default")),
                _ => None,
            }
        }
        Action::SetLogged(logged) if relation.is_partitioned() && look.catalogue.sure(table).is_some() => {
            let word = if *logged { "LOGGED" } else { "UNLOGGED" };
            (look.server.version >= 18).then(|| format!("{table} is partitioned, and SET {word} is said of its partitions"))
        }
        Action::SetLogged(true) => {
            let mut others = look.catalogue.referenced(table).map(|(_, other)| other);
            let other = others.find(|other| look.catalogue.sure(other).is_some_and(|other| other.is_unlogged) && !is_same(look, other, table))?;
            Some(format!("{table} references {other}, which is unlogged"))
        }
        Action::SetLogged(false) => {
            let mut others = look.catalogue.referencing(table).iter();
            let other = others.find(|other| look.catalogue.sure(other).is_some_and(|other| !other.is_unlogged) && !is_same(look, other, table));
            if let Some(other) = other {
                return Some(format!("{other}, which is logged, references {table}"));
            }
            let (name, published) = look.catalogue.published(table)?;
            let is_named = published.tables.contains(&look.catalogue.resolve(table));
            is_named.then(|| format!("{table} is in the publication {name}, which has no unlogged tables"))
        }
        Action::AddConstraint(constraint) => added(look, table, relation, constraint),
        Action::AddColumn { column, .. } if column.has_value() => row_of(look, table),
        Action::SetType { .. } => row_of(look, table),
        Action::Identity(column) => {
            let facts = look.catalogue.sure(table)?.column(column)?;
            (!facts.has_default && facts.generated.is_none()).then(|| format!("{} is no identity", quoted(column)))
        }
        _ => None,
    }
}

fn is_same(look: &Look, some: &Name, other: &Name) -> bool {
    look.catalogue.resolve(some) == look.catalogue.resolve(other)
}

/// Whether the statement makes an ordinary column of one that is computed or an identity.
fn frees(look: &Look, column: &str) -> bool {
    let frees = |change: &Change| matches!(change, Change::Alter(Alter { action: Action::DropExpression(of) | Action::Identity(of), .. }) if of == column);
    look.siblings.iter().any(frees)
}

/// A column of another table that has rows of this one as its values, which would not be written anew.
fn row_of(look: &Look, table: &Name) -> Option<String> {
    look.catalogue.sure(table)?;
    let others = look.catalogue.columns_of_type(table);
    let other = others.iter().find(|other| look.catalogue.sure(other).is_some() && !is_same(look, other, table))?;
    Some(format!("a column of {other} has rows of {table} as its values"))
}

fn changes_type(look: &Look, column: &str) -> bool {
    let changes = |change: &Change| matches!(change, Change::Alter(Alter { action: Action::SetType { column: of, .. }, .. }) if of == column);
    look.siblings.iter().any(changes)
}

/// Whether a constraint goes by the same statement: that comes first.
fn drops_constraint(look: &Look) -> bool {
    let drops = |change: &Change| {
        matches!(change, Change::Alter(Alter { action: Action::DropConstraint { .. } | Action::DropColumn { .. }, .. }))
    };
    look.siblings.iter().any(drops)
}

fn added(look: &Look, table: &Name, relation: &Relation, constraint: &Constraint) -> Option<String> {
    let (key, is_primary) = match &constraint.kind {
        ConstraintKind::NotNull(column) => {
            let own = look.catalogue.sure(table).filter(|_| look.server.version >= 18 && !drops_constraint(look))?;
            let name = constraint.name.as_ref().filter(|_| !relation.has_unknown_names && own.column(column).is_some_and(|column| column.not_null))?;
            let same = own.constraints_on(column).filter(|known| matches!(known.kind, ConstraintKind::NotNull(_)));
            let is_named = same.into_iter().any(|known| known.name == *name) || look.catalogue.not_null_named(table, name).is_some();
            return (!is_named).then(|| format!("{} is NOT NULL already, by a constraint of another name", quoted(column)));
        }
        ConstraintKind::Primary(key) => (key, true),
        ConstraintKind::Unique(key) => (key, false),
        _ => return None,
    };
    if is_primary && look.catalogue.sure(table).is_some_and(|table| table.primary_key().is_some()) && !drops_constraint(look) {
        return Some(format!("{table} has a primary key already"));
    }
    let columns = match &key.index {
        None => key.columns.clone(),
        Some(name) => {
            let index = look.catalogue.index(&look.catalogue.resolve(table).beside(name.clone()))?;
            let name = quoted(name);
            if !index.is_unique {
                return Some(format!("the index {name} is not unique"));
            }
            if index.is_partial {
                return Some(format!("the index {name} leaves out rows"));
            }
            if index.columns.contains(&None) {
                return Some(format!("the index {name} has an expression"));
            }
            index.columns.iter().flatten().cloned().collect()
        }
    };
    let waiting = relation.constraints.iter().find(|constraint| match &constraint.kind {
        ConstraintKind::NotNull(column) => !constraint.is_valid && columns.contains(column),
        _ => false,
    });
    let waiting = waiting.filter(|_| is_primary)?;
    Some(format!("{} is NOT VALID: validate it first", quoted(&waiting.name)))
}

fn refreshed(look: &Look, view: &Name) -> Option<String> {
    let relation = look.catalogue.sure(view).filter(|relation| relation.kind == RelationKind::MaterializedView)?;
    let mut indexes = relation.indexes.iter();
    let is_there = indexes.any(|index| index.is_unique && !index.is_partial && !index.columns.contains(&None));
    (!is_there).then(|| format!("CONCURRENTLY needs a unique index of {view} on columns, without a condition, and it has none"))
}

fn of_index(look: &Look, index: &Name, place: usize) -> Option<String> {
    let known = look.catalogue.index(index)?;
    let column = known.columns.get(place.checked_sub(1)?)?.as_ref()?;
    Some(format!("column {place} of {index} is {}, and only of expressions an index has statistics of its own", quoted(column)))
}

/// Whether a sequence is to be owned by a table of another schema.
fn of_owner(look: &Look, sequence: &Name, table: &Name) -> Option<String> {
    look.catalogue.sure(table)?;
    let table = look.catalogue.resolve(table);
    let is_other = sequence.schema != table.schema;
    is_other.then(|| format!("a sequence has to be in the schema of the table that owns it, and {sequence} is not in that of {table}"))
}

fn of_domain(look: &Look, domain: &Name, action: &DomainAction) -> Option<String> {
    let reads = matches!(action, DomainAction::AddConstraint { validated: true } | DomainAction::SetNotNull | DomainAction::Validate);
    let tables = look.catalogue.columns_of_type(domain);
    let find = |table: &Name| {
        let relation = look.catalogue.sure(table)?;
        let mut columns = relation.columns.iter();
        let column = columns.find(|column| column.type_.name == domain.name && column.type_.dimensions > 0)?;
        Some(format!("{} of {table} is an array of {domain}, whose values are not looked at", quoted(&column.name)))
    };
    tables.iter().filter(|_| reads).find_map(find)
}
