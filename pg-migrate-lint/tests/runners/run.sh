#!/bin/sh
# What real runners leave in a database, and what --status says of it: sqlx, refinery, Drizzle, node-pg-migrate,
# graphile-migrate, dbmate. By hand, because their packages are fetched from crates.io and npm; needs cargo, node
# and npm beside what the other tests need:
#
#     cargo run --bin with-sample -- sh pg-migrate-lint/tests/runners/run.sh [FOLDER]
#
# Fetched packages are kept in FOLDER, if one is given.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cargo build --quiet --manifest-path "$root/Cargo.toml" --bin pg-migrate-lint
lint=$root/target/debug/pg-migrate-lint
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kept=${1:-$work/kept}
mkdir -p "$kept/rust/src" "$kept/node"
kept=$(cd "$kept" && pwd)
export PATH="$kept/node/node_modules/.bin:$PATH"

cp "$here/Cargo.toml" "$kept/rust/"
cp "$here/src/main.rs" "$kept/rust/src/"
cargo build --quiet --manifest-path "$kept/rust/Cargo.toml" --target-dir "$kept/rust/target"
rust=$kept/rust/target/debug/runners
cp "$here/drizzle.mjs" "$kept/node/"
(cd "$kept/node" && test -d node_modules/dbmate ||
    npm install --silent --no-audit --no-fund drizzle-orm pg node-pg-migrate graphile-migrate dbmate)

failed=0
# A folder and a database of its own, for the runner of this name.
begin() {
    name=$1
    mkdir -p "$work/$name/m"
    cd "$work/$name"
    createdb "$name"
    url="postgresql:///$name?host=$PGHOST&port=${PGPORT:-5432}&user=${PGUSER:-$(id -un)}"
}
# What --status says has to be this: words "version state", with commas between.
expect() {
    seen=$("$lint" -q --status --layout "$1" -d "$name" "${3:-m}" | jq -r '"\(.version) \(.state)"' | paste -sd, -)
    if [ "$seen" = "$2" ]; then
        echo "ok: $name: $seen"
    else
        echo "NOT OK: $name: $seen, instead of: $2"
        failed=1
    fi
}
table() { echo "create table $1 (id int);"; }

begin sqlx
table a >m/1_a.sql
table b >m/2_b.sql
"$rust" sqlx "$url" m
expect sqlx '1 applied,2 applied'
table c >m/1_a.sql
expect sqlx '1 edited,2 applied'
table a >m/1_a.sql
# What fails leaves no row.
{ table d; echo 'select 1/0;'; } >m/4_d.sql
"$rust" sqlx "$url" m && { echo 'NOT OK: sqlx went on'; failed=1; }
expect sqlx '1 applied,2 applied,4 pending'
table d >m/4_d.sql
"$rust" sqlx "$url" m
table e >m/3_e.sql
expect sqlx '1 applied,2 applied,3 out_of_order,4 applied'
"$rust" sqlx "$url" m
rm m/2_b.sql
expect sqlx '1 applied,3 applied,4 applied,2 missing_here'
"$rust" sqlx "$url" m && { echo 'NOT OK: sqlx went on'; failed=1; }
psql -qc 'update _sqlx_migrations set success = false where version = 4' "$name"
expect sqlx '1 applied,3 applied,4 failed,2 missing_here'
"$rust" sqlx "$url" m && { echo 'NOT OK: sqlx went on'; failed=1; }

begin refinery
table a >m/V1__a.sql
table b >m/V3__b.sql
"$rust" refinery "$url" m
expect refinery '1 applied,3 applied'
table c >m/V1__a.sql
table c >m/V2__c.sql
table d >m/V4__d.sql
expect refinery '1 edited,2 missing_there,3 applied,4 pending'
"$rust" refinery "$url" m && { echo 'NOT OK: refinery went on'; failed=1; }

begin drizzle
mkdir m/meta
journal() {
    jq -n --argjson tags "$1" '{version: "7", dialect: "postgresql",
        entries: [$tags[] | {idx: 0, version: "7", when: .[1], tag: .[0], breakpoints: true}]}' >m/meta/_journal.json
}
table a >m/0000_a.sql
table b >m/0001_b.sql
journal '[["0000_a", 1000], ["0001_b", 3000]]'
(cd "$kept/node" && PGDATABASE=$name node drizzle.mjs "$work/$name/m")
expect drizzle '0000_a applied,0001_b applied'
table c >m/0002_c.sql
table d >m/0003_d.sql
journal '[["0000_a", 1000], ["0001_b", 3000], ["0002_c", 2000], ["0003_d", 4000]]'
table e >m/0000_a.sql
expect drizzle '0000_a edited,0001_b applied,0002_c skipped,0003_d pending'
(cd "$kept/node" && PGDATABASE=$name node drizzle.mjs "$work/$name/m")
expect drizzle '0000_a edited,0001_b applied,0002_c skipped,0003_d applied'

begin nodepg
{ echo '-- Up Migration'; table a; } >m/1700000000000_a.sql
echo 'exports.up = (pgm) => pgm.sql("create table b (id int)");' >m/1700000000002_b.js
export PGDATABASE=$name
node-pg-migrate up -m m >/dev/null
expect node-pg-migrate '1700000000000_a applied,1700000000002_b applied'
{ echo '-- Up Migration'; table c; } >m/1700000000001_c.sql
expect node-pg-migrate '1700000000000_a applied,1700000000001_c missing_there,1700000000002_b applied'
node-pg-migrate up -m m >/dev/null 2>&1 && { echo 'NOT OK: node-pg-migrate went on'; failed=1; }
unset PGDATABASE

begin graphile
createdb graphile_shadow
mkdir -p migrations
jq -n --arg one "$url" '{connectionString: $one, shadowConnectionString: ($one | sub("/graphile"; "/graphile_shadow")),
    rootConnectionString: ($one | sub("/graphile"; "/postgres"))}' >.gmrc
for letter in a b; do
    graphile-migrate migrate >/dev/null
    table $letter >migrations/current.sql
    graphile-migrate commit >/dev/null
done
graphile-migrate migrate >/dev/null
expect graphile-migrate '000001 applied,000002 applied' migrations
sed -i 's/table a/table c/' migrations/committed/000001.sql
expect graphile-migrate '000001 edited,000002 applied' migrations

begin dbmate
for day in 1 3; do { echo '-- migrate:up'; table a$day; echo '-- migrate:down'; } >m/2024010${day}_a.sql; done
dbmate="postgres:///$name?socket=$PGHOST&port=${PGPORT:-5432}&user=${PGUSER:-$(id -un)}&sslmode=disable"
dbmate --url "$dbmate" -d m --no-dump-schema up >/dev/null
for day in 2 4; do { echo '-- migrate:up'; table a$day; echo '-- migrate:down'; } >m/2024010${day}_a.sql; done
expect dbmate '20240101 applied,20240102 out_of_order,20240103 applied,20240104 pending'
dbmate --url "$dbmate" -d m --no-dump-schema up >/dev/null
expect dbmate '20240101 applied,20240102 applied,20240103 applied,20240104 applied'

exit $failed
