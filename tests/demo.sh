# Takes a real backup of the sample database, proves it, and shows that a
# damaged copy is caught. Run by `make demo`.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/backups"
cd "$folder" || exit 1
failures=0

# Prints a command, runs it, and expects its status.
run() {
	printf '$ %s\n' "$2"
	sh -c "$2"
	status=$?
	if [ "$status" != "$1" ]; then
		echo "demo: status $status where $1 was expected" >&2
		failures=1
	fi
}

run 0 'pg-dump-rotate -d app --dir backups --keep-daily 7 | tee taken.json | pg-restore-verify - > proof.json'
run 0 'jq -r "[.action, .format, .reason] | join(\", \")" taken.json'
run 0 'jq -c "select(.object == \"app.orders\")" proof.json | jq "{check, status, expected, actual}"'
run 0 'jq -r "select(.check == \"verdict\") | .status, .message" proof.json'
run 0 'cp -r backups damaged'
run 0 'printf X | dd of="$(ls damaged/*.dump)" bs=1 seek=150000 conv=notrunc status=none'
run 1 'pg-restore-verify -q --latest damaged > damage.json'
run 0 'jq -r "select(.status == \"failed\") | .check, .message" damage.json'

exit "$failures"
