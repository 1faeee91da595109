#!/bin/sh
# Deploys migrations to a database that is in use: looks at them first, tries them on last moment's backup, runs them
# while somebody watches the locks, and goes back if they fail.
#
#   deploy-gate.sh DATABASE MIGRATIONS BACKUPS COMMAND...
#   deploy-gate.sh app migrations /backups migrate -path migrations -database "$DATABASE_URL" up
#
# COMMAND is the runner, whose framework the folder MIGRATIONS is of. The server is libpq's (PGHOST, PGUSER, ~/.pgpass),
# and the role the database's owner or a superuser. Which role the application connects as says APPLICATION (DATABASE
# if not given): it is shut out while the way back is gone. Nobody keeps others waiting for longer than PATIENCE (10s)
# while the migrations run. What each step saw is in the folder RECORDS (./deploy).
#
# Status 0: deployed. 1: stopped before anything was changed, or gone back. 2: neither; stderr says what is left to do.
set -u

[ $# -ge 4 ] || { sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2; }
database=$1 migrations=$2 backups=$3
shift 3
application=${APPLICATION:-$database}
records=${RECORDS:-deploy}
mkdir -p "$records" && rm -f "$records"/*.jsonl || exit 2
copied='' watched='' shut=''

say() { echo "deploy-gate: $*" >&2; }
stop() { say "$*: nothing was changed"; exit 1; }
sql() { psql -X -q -v ON_ERROR_STOP=1 -v database="$database" -v application="$application" -d postgres "$@"; }

# However it ends: the copy and the watch are gone, and the application may come in.
finish() {
	[ -z "$copied" ] || { kill "$copied"; wait "$copied"; } 2>/dev/null
	[ -z "$watched" ] || { kill "$watched"; wait "$watched"; } 2>/dev/null
	rm -f "$records/proof"
	[ -z "$shut" ] || echo 'ALTER ROLE :"application" LOGIN' | sql || say "ALTER ROLE $application LOGIN is left to do"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# The way back needs to know whom to shut out.
[ "$(echo "SELECT 1 FROM pg_roles WHERE rolname = :'application'" | sql -At)" = 1 ] ||
	{ say "there is no role $application: APPLICATION names the one that the application connects as"; exit 2; }

# What is next, and whether it may be: 1 is a finding, or a history that does not fit the folder.
pg-migrate-lint -q --status -d "$database" "$migrations" > "$records/status.jsonl" || stop "the history of $database is not that of $migrations"
pg-migrate-lint -q --pending -d "$database" "$migrations" > "$records/pending.jsonl" || stop "what is pending can not be run"
[ -s "$records/pending.jsonl" ] || { say "nothing is pending"; exit 0; }
jq -r .file "$records/pending.jsonl" |
	pg-migrate-lint -q -d "$database" --files-from - > "$records/lint.jsonl" || stop "pg-migrate-lint found errors"

# A server that is not well is no place for a migration.
checks=connections,lock_waits,idle_in_transaction,long_transactions,invalid_indexes
pg-stat-report -d "$database" --only "$checks" > "$records/before.jsonl" || stop "the server is not well"

# The way back, proved; what was restored stays for the rehearsal, on a private server.
pg-dump-rotate -q -d "$database" --dir "$backups" --label pre-migration --keep-last 5 > "$records/backups.jsonl" || stop "there is no backup"
jq -c 'select(.action == "created")' "$records/backups.jsonl" > "$records/backup.jsonl"
rm -f "$records/proof"
mkfifo "$records/proof" || exit 2
pg-restore-verify -q --keep --for 1h - < "$records/backup.jsonl" > "$records/proof" 2> "$records/proof.txt" &
copied=$!
exec 3< "$records/proof"
kept=''
while [ -z "$kept" ] && IFS= read -r record <&3; do
	printf '%s\n' "$record"
	case $record in *'"check":"kept"'*) kept=$record ;; esac
done > "$records/proof.jsonl"
copy=$(printf '%s\n' "$kept" | jq -r 'select(.status == "ok").actual')
[ -n "$copy" ] || { cat "$records/proof.txt" >&2; stop "the backup does not restore"; }
pg-migrate-lint -q --rehearse --yes-disposable-server -d "$copy" "$migrations" > "$records/rehearsal.jsonl" || stop "the rehearsal failed"
kill "$copied"
cat <&3 >> "$records/proof.jsonl"
wait "$copied" 2>/dev/null
copied=''
jq -es 'all(.[]; .status != "failed")' "$records/proof.jsonl" > /dev/null || stop "the backup does not prove"

# For real. Who keeps others waiting for that long is cancelled, and ended if that does not help, be it the migration.
pg-lock-kill -q -d postgres --database "$database" --watch 1s --for 1d --blocking-for "${PATIENCE:-10s}" --escalate 5s --max 3 > "$records/locks.jsonl" 2> "$records/locks.txt" &
watched=$!
trap : HUP INT TERM # a runner that was interrupted has failed, and what it began is taken back
if "$@"; then
	pg-stat-report -d "$database" --only "$checks" > "$records/after.jsonl" || say "deployed, but the server is not well: see $records/after.jsonl"
	exit 0
fi

# Half of it may be there. What the application wrote since the backup stays in the database that is put aside.
aside=${database}_failed_$(date -u +%Y%m%dT%H%M%SZ)
say "the migration failed: going back to the backup; what failed is kept as $aside"
trap '' HUP INT TERM
shut=yes
echo 'ALTER ROLE :"application" NOLOGIN' | sql || exit 2
# Who was about to come in when the door was shut is ended in the next round.
for round in 1 2 3 4 5 6 7 8 9 10; do
	pg-lock-kill -q -d postgres --database "$database" --sessions --terminate --max 10000 >> "$records/ended.jsonl"
	echo 'ALTER DATABASE :"database" RENAME TO :"aside"' | sql -v aside="$aside" 2> "$records/renamed.txt" && break
	[ "$round" -lt 10 ] || { cat "$records/renamed.txt" >&2; say "nothing was gone back: $database is as the migration left it"; exit 2; }
done
if sh -c "$(jq -r .recreate_command "$records/backup.jsonl")"; then
	exit 1
fi
echo 'DROP DATABASE IF EXISTS :"database"; ALTER DATABASE :"aside" RENAME TO :"database"' | sql -v aside="$aside" || exit 2
say "the backup could not be restored: $database is as the migration left it"
exit 2
