#!/bin/sh
# The night of a database: a backup that is proved to restore, sessions that leaked ended, the schema held against its
# migrations, the server judged. Whatever is wrong, the rest is done; cron mails what stderr says, which is nothing
# while all is well.
#
#   nightly.sh DATABASE MIGRATIONS BACKUPS
#   30 2 * * *  PATH=/usr/local/bin:/usr/bin:/bin nightly.sh app /srv/app/migrations /backups
#
# The server is libpq's (PGHOST, PGUSER, ~/.pgpass). What each step saw is in the folder RECORDS (./nightly); checks of
# pg-stat-report whose findings are known are named in SKIP, and IDLE (1h) is how long a transaction may be left open.
# Status 0: all is well. 1: something was found. 2: something could not be seen.
set -u

[ $# -eq 3 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
database=$1 migrations=$2 backups=$3
records=${RECORDS:-nightly}
mkdir -p "$records" || exit 2
worst=0

# step NAME WHAT COMMAND...: the records of the command, and a word if it is not content.
step() {
	name=$1 what=$2
	shift 2
	"$@" > "$records/$name.jsonl"
	status=$?
	[ $status -eq 0 ] || echo "nightly: $what (status $status; see $records/$name.jsonl)" >&2
	[ $status -le $worst ] || worst=$status
}

# What leaks holds locks, and keeps VACUUM from its work: before the backup, so that it waits for nobody.
step leaks 'sessions that leaked are still there' \
	pg-lock-kill -q -d postgres --database "$database" --sessions --idle-in-transaction "${IDLE:-1h}" --terminate --max 20 --max-percent 25

step backup 'there is no new backup' \
	pg-dump-rotate -q -d "$database" --dir "$backups" --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --keep-yearly 3
step proof 'the backup does not restore' \
	pg-restore-verify -q --latest "$backups" --database "$database"
step backups 'the backups are not what there has to be' \
	pg-dump-rotate -q -d "$database" --dir "$backups" --check --max-age 26h --max-shrink 50%

step history 'the history does not fit the migrations' \
	pg-migrate-lint -q --status -d "$database" "$migrations"
step drift 'the schema is not what the migrations make' \
	pg-migrate-lint -q --drift -d "$database" "$migrations"

step server 'the server is not well' \
	pg-stat-report -q -d "$database" ${SKIP:+--skip "$SKIP"} --state "$records/server.state"

exit $worst
