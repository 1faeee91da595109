# Runs one PostgreSQL server for as long as somebody holds the other end of
# stdin open, then removes everything. Nobody has to tell it to: when the holder
# dies, however it dies, the kernel closes the pipe.
#
#   $1      the folder of the server, removed at the end
#   $2      the data directory to begin with, copied; if empty, a line on stdin
#           tells that the data is there
#   $3...   the server's command line
#
# stderr is a pipe: once the copy is made only the server holds it open, so that
# its closing tells that the server is gone. stdout holds a lock and stays silent.
#
# If the last line on stdin is "leave", the server is shut down and the folder
# stays; "ended" tells that the server has ended by itself.

umask 077
trap '' HUP INT TERM
folder=$1 template=$2 server= last=
shift 2

if [ -n "$template" ]; then
    cp -R "$template" "$folder/data"
else
    read -r _
fi && {
    "$@" 3>&2 </dev/null >>"$folder/log" 2>&1 &
    server=$!
}
exec 2>/dev/null

while read -r line; do last=$line; done

if [ -n "$server" ] && [ "$last" != ended ]; then
    # A server that was only just started would miss the signal.
    tries=0
    until [ -e "$folder/data/postmaster.pid" ] || [ "$tries" -ge 100 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    signal=QUIT
    [ "$last" = leave ] && signal=INT
    kill "-$signal" "$server"
    wait "$server"
fi
[ "$last" = leave ] || { cd / && rm -rf "$folder"; }
