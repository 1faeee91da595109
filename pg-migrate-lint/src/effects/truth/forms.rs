//! The forms, and the tables that they are tried on.

/// A statement, what is done before it, and where it exists.
pub struct Form {
    pub before: &'static str,
    pub sql: &'static str,
    pub since: u32,
    pub until: u32,
    pub is_utc: bool,
}

const fn form(sql: &'static str) -> Form {
    Form {
        before: "",
        sql,
        since: 0,
        until: 99,
        is_utc: false,
    }
}

impl Form {
    const fn after(mut self, before: &'static str) -> Self {
        self.before = before;
        self
    }

    const fn since(mut self, version: u32) -> Self {
        self.since = version;
        self
    }

    const fn utc(mut self) -> Self {
        self.is_utc = true;
        self
    }
}

/// The tables: rows in all of them, since nothing is read of one that is empty.
pub const GROUND: &str = "
create function fv() returns int language plpgsql volatile as 'begin return 1; end';
create function fs() returns int language plpgsql stable as 'begin return 1; end';
create function trg() returns trigger language plpgsql as 'begin return new; end';
create type mood as enum ('a', 'b');
create domain free as int;
create domain positive as int check (value > 0);
create sequence sq;
create table p (id bigint primary key);
insert into p select generate_series(1, 500);
create table t (
    id bigint primary key, a int not null, b int, c varchar(20), d text, e timestamp, n numeric(12, 2),
    ip cidr, q char(5), j json, iv interval(3), ts3 timestamp(3), vb varbit(5), p_id bigint, m mood, ci text);
insert into t select g, g, g, 'c', 'd', now(), 1, '10.0.0.0/8', 'q', '{}', '1 day', now(), B'101', 1, 'a', 'ci'
    from generate_series(1, 500) g;
create index t_a_idx on t (a);
create unique index t_b_idx on t (b);
create table u (id bigint primary key, t_id bigint references t (id), x int);
insert into u select g, g, g from generate_series(1, 500) g;
create table nv (id bigint not null, x int, p_id bigint);
insert into nv select g, g, 1 from generate_series(1, 500) g;
alter table nv add constraint nv_ck check (x > 0) not valid;
alter table nv add constraint nv_fk foreign key (p_id) references p (id) not valid;
create table nn (x int);
insert into nn select generate_series(1, 500);
alter table nn add constraint nn_ck check (x is not null) not valid;
alter table nn validate constraint nn_ck;
create table ul (id bigint primary key, x text);
insert into ul select g, 'x' from generate_series(1, 500) g;
create table gen (x int, g int generated always as (x * 2) stored);
insert into gen select generate_series(1, 500);
create table dom (z free);
insert into dom select generate_series(1, 500);
create table ck (c varchar(20) constraint ck_c check (c <> ''));
insert into ck select 'c' from generate_series(1, 500);
create table pt (id bigint not null, k int not null) partition by range (k);
create table pt1 partition of pt for values from (0) to (1000);
create table pt2 partition of pt for values from (1000) to (2000);
insert into pt select g, g from generate_series(0, 1999) g;
create table ptn (id bigint not null, k int not null);
insert into ptn select g, g from generate_series(2000, 2500) g;
create table ptc (id bigint not null, k int not null, check (k >= 3000 and k < 4000));
insert into ptc select g, g from generate_series(3000, 3500) g;
create table pd (id bigint not null, k int not null) partition by range (k);
create table pd1 partition of pd for values from (0) to (1000);
create table pdd partition of pd default;
insert into pd select g, g from generate_series(500, 1500) g;
create table ty (x xml, o int, bt bit(3), tx text, va varchar[], v10 varchar(10)[], pi int[], w varchar(20), w2 varchar(20), k int);
insert into ty select '<a/>', 1, B'101', 'a', '{a}', '{a}', '{1}', 'w', 'w', 1 from generate_series(1, 500);
create index ty_w on ty (lower(w));
create index ty_w2 on ty (k) where w2 = 'w';
create table kp (id int primary key, code varchar(20) unique, s int references kp);
insert into kp select g, g, g from generate_series(1, 500) g;
create table kf (p_id int references kp, code varchar(20) references kp (code));
insert into kf select g, g from generate_series(1, 500) g;
create table pa (id int, v int references kp) partition by range (id);
create index pa_v on pa (v);
create table pan (id int, v int references kp, check (id >= 1 and id < 1000));
create index pan_v on pan (v);
create table pai (id int not null, v int references kp, check (id >= 1 and id < 1000));
create table paf (id int not null, v int, check (id >= 1 and id < 1000));
create index paf_v on paf (v);
insert into pan select g, g from generate_series(1, 500) g;
insert into pai select g, g from generate_series(1, 500) g;
insert into paf select g, g from generate_series(1, 500) g;
create table pk (k int not null) partition by range (k);
create table pk1 partition of pk for values from (0) to (1000);
create table pk2 (k int not null) partition by range (k);
create table pl (k int) partition by list (k);
create table pl1 partition of pl for values in (1, 2);
create table ph (k int not null) partition by hash (k);
create table ph0 partition of ph for values with (modulus 2, remainder 0);
create table ph2 (k int not null) partition by hash (k);
create table pr (k int, l int) partition by range (k, l);
create table pr1 partition of pr for values from (1, 1) to (9, 1);
insert into pk select generate_series(100, 500);
insert into pl select 1 from generate_series(1, 500);
insert into ph select k from generate_series(1, 1500) k where satisfies_hash_partition('ph'::regclass, 2, 0, k);
insert into pr select 5, 5 from generate_series(1, 500);
create view vw as select id, a from t;
create materialized view mv as select id from ul;
create unique index mv_id on mv (id);
create publication pub for table nv;
";

/// Each form that a rule speaks of, and those that no rule may speak of.
pub const FORMS: &[Form] = &[
    // ADD COLUMN
    form("alter table t add column x int"),
    form("alter table t add column x int default 5"),
    form("alter table t add column x int not null default 5"),
    form("alter table t add column x timestamptz default now()"),
    form("alter table t add column x timestamptz default now() + interval '1 day'"),
    form("alter table t add column x date default current_date"),
    form("alter table t add column x text default upper('x')"),
    form("alter table t add column x text[] default '{}'::text[]"),
    form("alter table t add column x timestamptz default clock_timestamp()"),
    form("alter table t add column x uuid default gen_random_uuid()"),
    form("alter table t add column x int default (random() * 10)::int"),
    form("alter table t add column x int default fv()"),
    form("alter table t add column x int default fs()"),
    form("alter table t add column x bigint default nextval('sq')"),
    form("alter table t add column x int generated always as (a * 2) stored"),
    form("alter table t add column x int generated always as (a * 2) virtual").since(18),
    form("alter table t add column x serial"),
    form("alter table t add column x int generated always as identity"),
    form("alter table t add column x free"),
    form("alter table t add column x free default 5"),
    form("alter table t add column x positive"),
    form("alter table t add column x positive default 5"),
    form("alter table t add column x bigint references p (id)"),
    form("alter table t add column x bigint default 1 references p (id)"),
    form("alter table t add column x int unique"),
    form("alter table t add column x int check (x > 0)"),
    form("alter table t add column x int default 5 check (x > 0)"),
    form("alter table t add column if not exists a int"),
    form("alter table pt add column x int"),
    form("alter table t add column x int default 5, alter column x set not null"),
    form(
        "alter table t add column x int, add constraint k check (a > 0) not valid, alter column d set default 'q'",
    ),
    // Columns
    form("alter table t drop column d"),
    form("alter table t drop column if exists nothing"),
    form("alter table u drop column t_id"),
    form("alter table u drop column x"),
    form("alter table t rename column d to d2"),
    form("alter table pt rename column id to id2"),
    form("alter table t alter column d set default 'x'"),
    form("alter table t alter column d drop default"),
    form("alter table t alter column b set not null"),
    form("alter table t alter column a set not null"),
    form("alter table t alter column b set not null, alter column d set not null"),
    form("alter table nn alter column x set not null"),
    form("alter table t alter column b set not null")
        .after("alter table t add constraint k check ((b, d) is not null)"),
    form("alter table t alter column d set not null")
        .after("alter table t add constraint k check (d is distinct from null)"),
    form("alter table t alter column a drop not null"),
    form("alter table pt alter column k drop not null"),
    form("alter table t alter column id add generated by default as identity"),
    form("alter table t alter column d set storage external"),
    form("alter table t alter column d set compression pglz").since(14),
    form("alter table t alter column b set statistics 200"),
    form("alter table t alter column b set (n_distinct = 5)"),
    form("alter table gen alter column g set expression as (x * 3)").since(17),
    form("alter table gen alter column g drop expression"),
    // Types
    form("alter table t alter column b type bigint"),
    form("alter table t alter column b type text"),
    form("alter table t alter column c type varchar(40)"),
    form("alter table t alter column c type varchar(10)"),
    form("alter table t alter column c type varchar"),
    form("alter table t alter column c type text"),
    form("alter table t alter column c type text").after("create index t_c on t (c)"),
    form("alter table t alter column c type varchar(40)").after("create index t_c on t (c)"),
    form("alter table t alter column c type varchar(20)"),
    form("alter table t alter column d type varchar(100)"),
    form("alter table t alter column d type varchar"),
    form("alter table t alter column d type text using d"),
    form("alter table t alter column d type text using upper(d)"),
    form("alter table t alter column d type varchar(200) using d::varchar(200)"),
    form("alter table t alter column n type numeric(14, 2)"),
    form("alter table t alter column n type numeric(14, 4)"),
    form("alter table t alter column n type numeric"),
    form("alter table t alter column e type timestamptz"),
    form("alter table t alter column e type timestamptz").utc(),
    form("alter table t alter column ts3 type timestamp(6)"),
    form("alter table t alter column ts3 type timestamp"),
    form("alter table t alter column ts3 type timestamp(2)"),
    form("alter table t alter column ip type inet"),
    form("alter table t alter column q type char(10)"),
    form("alter table t alter column q type text"),
    form("alter table t alter column j type jsonb"),
    form("alter table t alter column iv type interval(6)"),
    form("alter table t alter column vb type varbit(50)"),
    form("alter table t alter column m type text"),
    form("alter table t alter column d type mood using 'a'::mood"),
    form("alter table t alter column ci type text collate \"C\""),
    form("alter table t alter column ci type text collate \"C\"")
        .after("create index t_ci on t (ci)"),
    form("alter table ck alter column c type varchar(40)"),
    form("alter table dom alter column z type int"),
    form("alter table t alter column b type free"),
    form("alter table t alter column b type positive"),
    form("alter table ty alter column x type text"),
    form("alter table ty alter column o type oid"),
    form("alter table ty alter column o type bigint"),
    form("alter table ty alter column bt type bit varying"),
    form("alter table ty alter column tx type bpchar"),
    form("alter table ty alter column tx type char(5)"),
    form("alter table ty alter column va type text[]"),
    form("alter table ty alter column v10 type varchar(20)[]"),
    form("alter table ty alter column v10 type varchar[]"),
    form("alter table ty alter column pi type int[][]"),
    form("alter table ty alter column pi type bigint[]"),
    form("alter table ty alter column w type varchar(40)"),
    form("alter table ty alter column w2 type varchar(40)"),
    form("alter table ty alter column k type int"),
    form("alter table kp alter column id type bigint"),
    form("alter table kp alter column code type varchar(40)"),
    form("alter table kp alter column code type text"),
    form("alter table kf alter column p_id type bigint"),
    form("alter table kf alter column code type varchar(40)"),
    // Constraints
    form("alter table t add column x int generated always as (a * 2) virtual not null").since(18),
    form("alter table t add column x int generated always as (a * 2) virtual check (x > 0)").since(18),
    form("alter table u alter constraint u_t_id_fkey deferrable"),
    form("alter table u alter constraint u_t_id_fkey not enforced").since(18),
    form("alter table u alter constraint k enforced")
        .after("alter table u add constraint k foreign key (x) references p not enforced")
        .since(18),
    form("alter table nn alter column x set not null")
        .after("alter table nn drop constraint nn_ck, add constraint k check (x is not null) not enforced")
        .since(18),
    form("alter table t add constraint k check (a > 0)"),
    form("alter table t add constraint k check (a > 0) not valid"),
    form("alter table t add constraint k check (a > 0) not enforced").since(18),
    form("alter table pt add constraint k check (k >= 0)"),
    form("alter table nv validate constraint nv_ck"),
    form("alter table nv validate constraint nv_fk"),
    form("alter table nv validate constraint nv_ck, add column z int"),
    form("alter table t alter b set not null, drop constraint proof")
        .after("alter table t add constraint proof check (b is not null)"),
    form("alter table t add column z free default 1").after("create domain later as timestamptz default clock_timestamp()"),
    form("alter table t add column z later").after("create domain later as timestamptz default clock_timestamp()"),
    form("alter table t alter o type oid").after("alter table t add column o int default 1; create index on t (o)"),
    form("alter table t alter o type regclass").after("alter table t add column o oid default 1; create index on t (o)"),
    form("alter table t alter o type int").after("alter table t add column o regtype default 'int'::regtype"),
    form("alter table t alter o type varbit").after("alter table t add column o bit default B'1'; create index on t (o)"),
    form("alter table t alter e type timestamptz").after("create index on t (e)").utc(),
    form("alter table u alter at type timestamptz")
        .after("create table w (at timestamp primary key); insert into w values ('2024-01-01'), ('2024-01-02'); \
            alter table u add column at timestamp default '2024-01-02' references w; analyze u, w")
        .utc(),
    form("alter table u drop constraint f, add constraint f foreign key (x) references w")
        .after("create table w (id int primary key); insert into w select generate_series(1, 500); alter table u add constraint f foreign key (x) references w"),
    form("alter table dp detach partition dp1")
        .after("create table dp (n int primary key) partition by list (n); create table dp1 partition of dp for values in (1); \
            insert into dp values (1); create table dr (n int references dp); insert into dr select null from generate_series(1, 500)"),
    form("alter table u alter constraint f enforced")
        .after("create table w (id int primary key); insert into w select generate_series(1, 500); alter table u add constraint f foreign key (x) references w not enforced")
        .since(18),
    form("alter table t add constraint k not null b").since(18),
    form("alter table t add constraint k not null b not valid").since(18),
    form("alter table t validate constraint k")
        .after("alter table t add constraint k not null b not valid")
        .since(18),
    form("alter table t add constraint k foreign key (p_id) references p (id)"),
    form("alter table t add constraint k foreign key (p_id) references p (id) not valid"),
    form("alter table pt add constraint k foreign key (id) references p (id) not valid").since(18),
    form("alter table t add constraint k unique (a, b)"),
    form("alter table t add constraint k unique using index t_b_idx"),
    form("alter table nv add primary key (id)"),
    form("alter table nn add primary key using index nn_x")
        .after("create unique index nn_x on nn (x)"),
    form("alter table pt add primary key (id, k)"),
    form("alter table ptn add constraint k exclude using btree (id with =)"),
    form("alter table nv drop constraint nv_ck"),
    form("alter table u drop constraint u_t_id_fkey"),
    form("alter table ul drop constraint ul_pkey"),
    form("alter table t drop constraint t_pkey cascade"),
    form("alter table nv rename constraint nv_ck to nv_ck2"),
    // The table
    form("alter table t set (fillfactor = 80)"),
    form("alter table t cluster on t_a_idx"),
    form("alter table ul set unlogged"),
    form("alter table ul set logged"),
    form("alter table ul set unlogged").after("alter table ul set unlogged"),
    form("alter table nn set logged").after("alter table nn set unlogged"),
    form("alter table t replica identity full"),
    form("alter table t enable row level security"),
    form("alter table t owner to current_user"),
    form("alter table t disable trigger all"),
    form("alter table t enable trigger all"),
    form("alter table t set schema s2").after("create schema s2"),
    form("alter table t rename to t2"),
    form("alter view vw rename to vw2"),
    form("alter index t_a_idx rename to t_a_idx2"),
    form("alter table pt attach partition ptn for values from (2000) to (3000)"),
    form("alter table pt attach partition ptc for values from (3000) to (4000)"),
    form("alter table pa attach partition pan for values from (1) to (1000)"),
    form("alter table pa attach partition pai for values from (1) to (1000)"),
    form("alter table pa attach partition paf for values from (1) to (1000)"),
    form("alter table pd attach partition ptn for values from (2000) to (3000)"),
    form("alter table pk2 attach partition pkd default")
        .after("create table pkd (k int not null); insert into pkd select generate_series(1, 500)"),
    form("alter table pk attach partition pkd default")
        .after("create table pkd (k int not null); insert into pkd select generate_series(1001, 1500)"),
    form("alter table pt detach partition pt1"),
    // A CHECK proves the bounds, or less.
    form("alter table pk attach partition x for values from (2000) to (3000)")
        .after("create table x (k int not null check (k > 2000 and 2500 >= k)); insert into x select generate_series(2100, 2500)"),
    form("alter table pk attach partition x for values from (2000) to (3000)")
        .after("create table x (k int not null check (k between 2100 and 2999)); insert into x select generate_series(2100, 2500)"),
    form("alter table pk attach partition x for values from (2000) to (3000)")
        .after("create table x (k int not null check (k > 0), check (k < 3000)); insert into x select generate_series(2100, 2500)"),
    form("alter table pk attach partition x for values from (2000) to (3000)")
        .after("create table x (k int not null check (k >= 2000)); insert into x select generate_series(2100, 2500)"),
    form("alter table pk attach partition x for values from (2000) to (maxvalue)")
        .after("create table x (k int not null check (k >= 2000)); insert into x select generate_series(2100, 2500)"),
    form("alter table pk attach partition x for values from (2000) to (3000)")
        .after("create table x (k int not null check (k / 1000 = 2)); insert into x select generate_series(2100, 2500)"),
    form("alter table pk attach partition x for values from (2000) to (3000)")
        .after("create table x (k int not null check (k >= 2000 and k <= 3000)); insert into x select generate_series(2100, 2500)"),
    form("alter table pl attach partition x for values in (5, 6)")
        .after("create table x (k int not null check (k in (5, 6))); insert into x select 5 from generate_series(1, 500)"),
    form("alter table pl attach partition x for values in (5, 6, 7)")
        .after("create table x (k int not null check (k = any (array[5, 6]))); insert into x select 5 from generate_series(1, 500)"),
    form("alter table pl attach partition x for values in (5)")
        .after("create table x (k int not null check (k = 5)); insert into x select 5 from generate_series(1, 500)"),
    form("alter table pl attach partition x for values in (5)")
        .after("create table x (k int not null check (k in (5, 6))); insert into x select 5 from generate_series(1, 500)"),
    form("alter table pl attach partition x for values in (5, 6)")
        .after("create table x (k int not null check (k between 5 and 6)); insert into x select 5 from generate_series(1, 500)"),
    // The CHECK that is left says what the bounds were, and proves no others.
    form("alter table pk attach partition pk1 for values from (0) to (1000)")
        .after("alter table pk detach partition pk1 concurrently").since(14),
    form("alter table pk attach partition pk1 for values from (-5) to (2000)")
        .after("alter table pk detach partition pk1 concurrently").since(14),
    form("alter table pk attach partition pk1 for values from (50) to (1000)")
        .after("alter table pk detach partition pk1 concurrently").since(14),
    form("alter table pk attach partition pk1 for values from (0) to (600)")
        .after("alter table pk detach partition pk1 concurrently").since(14),
    form("alter table pk2 attach partition pk1 for values from (0) to (1000)")
        .after("alter table pk detach partition pk1 concurrently").since(14),
    form("alter table pk2 attach partition pk1 for values from (50) to (1000)")
        .after("alter table pk detach partition pk1 concurrently").since(14),
    form("alter table pl attach partition pk1 default").after("alter table pk detach partition pk1 concurrently").since(14),
    form("alter table pl attach partition pl1 for values in (1, 2, 3)")
        .after("alter table pl detach partition pl1 concurrently").since(14),
    form("alter table pl attach partition pl1 for values in (1)")
        .after("alter table pl detach partition pl1 concurrently").since(14),
    form("alter table ph attach partition ph0 for values with (modulus 2, remainder 0)")
        .after("alter table ph detach partition ph0 concurrently").since(14),
    form("alter table ph2 attach partition ph0 for values with (modulus 2, remainder 0)")
        .after("alter table ph detach partition ph0 concurrently").since(14),
    form("alter table pr attach partition pr1 for values from (1, 1) to (9, 1)")
        .after("alter table pr detach partition pr1 concurrently").since(14),
    form("alter table pr attach partition pr1 for values from (1, 0) to (9, 5)")
        .after("alter table pr detach partition pr1 concurrently")
        .since(14),
    form("alter table pr attach partition pr1 for values from (1, 1) to (9, 0)")
        .after("alter table pr detach partition pr1 concurrently")
        .since(14),
    form("alter table pr attach partition pr1 for values from (0, 1) to (9, 1)")
        .after("alter table pr detach partition pr1 concurrently").since(14),
    form("alter table inh inherit dom").after("create table inh (z free)"),
    // CREATE
    form("create table x (id bigint, p_id bigint references p (id))"),
    form("create table x (id bigint)"),
    form("create table x partition of pt for values from (2000) to (3000)"),
    form("create table if not exists pt1 partition of pt for values from (0) to (1000)"),
    form("create table x partition of pa for values from (2000) to (3000)"),
    form("alter table pa detach partition pax")
        .after("create table pax partition of pa for values from (3000) to (4000)"),
    form("create table x partition of pd for values from (2000) to (3000)"),
    form("create table x () inherits (nn)"),
    form("create table x (like t)"),
    form("create index x on t (d)"),
    form("create unique index x on t (id, d)"),
    form("create index x on only pt (k)"),
    form("create index x on pt (k)"),
    form("create view x as select * from t"),
    form("create or replace view vw as select id, a from t"),
    form("create trigger x before update on t for each row execute function trg()"),
    form("create trigger x before insert on pt for each row execute function trg()"),
    form("create rule x as on insert to t do also select 1"),
    form("create policy x on t using (true)"),
    form("create statistics x (dependencies) on a, b from t"),
    form("create publication x for table t"),
    form("alter publication pub add table t"),
    form("comment on table t is 'x'"),
    form("comment on column t.a is 'x'"),
    // DROP
    form("drop index t_a_idx"),
    form("drop table u"),
    form("drop table t cascade"),
    form("drop table pt1"),
    form("drop view vw"),
    form("drop materialized view mv"),
    form("drop trigger tg on t")
        .after("create trigger tg before update on t for each row execute function trg()"),
    form("drop policy po on t").after("create policy po on t using (true)"),
    // Others
    form("reindex table t"),
    form("reindex index t_a_idx"),
    form("refresh materialized view mv"),
    form("refresh materialized view concurrently mv"),
    form("refresh materialized view mv with no data"),
    form("cluster t using t_a_idx"),
    form("lock table t"),
    form("lock table vw in share mode"),
    form("alter table t set (user_catalog_table = true)"),
    form("alter view vw set (security_barrier = true)"),
    form("drop domain free cascade"),
    form("drop function trg() cascade")
        .after("create trigger tg before insert on t for each row execute function trg()"),
    form("drop function fs() cascade").after("alter table u alter x set default fs()"),
    form("alter table gen replica identity full"),
    form("alter sequence sq as smallint restart"),
    form("alter sequence sq restart with 9"),
    form("alter sequence sq maxvalue 9999"),
    form("drop sequence sq"),
    form("drop schema s2 cascade").after(
        "create schema s2; create table s2.x (id int primary key); create materialized view s2.z as select 1 as a;
         create view s2.y as select * from s2.x; create view outside as select * from s2.x;
         create table refers (x int references s2.x);",
    ),
    form("with x as (delete from u returning id) select count(*) from x"),
    form("merge into u using (select 1) s on true when matched then delete").since(15),
    form("create rule r as on insert to u do instead nothing"),
    form("lock table t in share row exclusive mode"),
    form("alter domain free add constraint k check (value > 0)"),
    form("alter domain free add constraint k check (value > 0) not valid"),
    form("alter domain free set not null"),
    form("alter domain free validate constraint k")
        .after("alter domain free add constraint k check (value > 0) not valid"),
    form("alter type mood add value 'c'"),
    form("alter type mood rename value 'a' to 'z'"),
    form("update t set d = 'z'"),
    form("delete from u"),
    form("analyze nn"),
    form("truncate ul"),
    form("truncate t cascade"),
    form("truncate t, u"),
    form("truncate pt"),
    form("alter table ul set tablespace tblspc"),
    form("alter index t_a_idx set tablespace tblspc"),
    form("alter materialized view mv set tablespace tblspc"),
    form("alter table pt set tablespace tblspc"),
    form("create materialized view x as select * from ul with no data"),
];

/// A statement that refuses to be run in a transaction, so that its locks are seen only while it waits.
pub struct Alone {
    pub sql: &'static str,
    /// What others do that it has to wait for, in the order in which it comes to them.
    pub others: &'static [&'static str],
    pub since: u32,
}

const fn alone(sql: &'static str, others: &'static [&'static str]) -> Alone {
    Alone {
        sql,
        others,
        since: 0,
    }
}

const WRITES_T: &[&str] = &["lock table t in row exclusive mode"];
const VACUUMS_UL: &[&str] = &["lock table ul in share update exclusive mode"];

/// Those forms.
pub const ALONE: &[Alone] = &[
    alone("create index concurrently x on t (d)", WRITES_T),
    alone("create unique index concurrently x on t (id, d)", WRITES_T),
    alone(
        "create index concurrently x on t (lower(d)) where a > 5",
        WRITES_T,
    ),
    alone("drop index concurrently t_a_idx", WRITES_T),
    alone("reindex index concurrently t_a_idx", WRITES_T),
    alone("reindex table concurrently t", WRITES_T),
    Alone {
        since: 14,
        ..alone(
            "alter table pt detach partition pt1 concurrently",
            &[
                "lock table only pt in row exclusive mode",
                "lock table pt1 in row exclusive mode",
            ],
        )
    },
    alone("vacuum ul", VACUUMS_UL),
    alone("vacuum analyze ul", VACUUMS_UL),
    alone("vacuum full ul", VACUUMS_UL),
    alone("vacuum (full) t", WRITES_T),
];
