# The server's restore_command: brings the file of WAL $1 to $2. The shell sees names of the
# server's own making only; where the archive is, and how its files are packed, is known to the
# process at the other end of the pipes.
#
# Status 1: there is no such file. Above 125: recovery must not go on.

printf '%s\n' "$1" >../wanted && read -r answer <../given || exit 200
case $answer in
here) exec mv "../wal/$1" "$2" ;;
none) exit 1 ;;
*) exit 200 ;;
esac
