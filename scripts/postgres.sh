#!/usr/bin/env bash
# Makes sure that a PostgreSQL of the distribution is installed, beside the embedded one: tests run what has to work on
# two versions, and make a standby, on it. Says in one line what it did.
#
# On Debian and Ubuntu a missing one is installed with apt (as root); no server of it is started, now or at boot.
# Anywhere else the message names the command to run; exit code 1.
set -euo pipefail

readonly CREATE_CLUSTER=/etc/postgresql-common/createcluster.conf

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# The directory of the oldest version that has the server and what makes a standby.
programs() {
  local directory
  while read -r directory; do
    if [[ -x $directory/initdb && -x $directory/pg_basebackup ]]; then
      echo "$directory"
      return
    fi
  done < <(compgen -G '/usr/lib/postgresql/*/bin' | sort -V)
  return 1
}

is_debian() { [[ -r /etc/os-release ]] && grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release; }

install() {
  export DEBIAN_FRONTEND=noninteractive
  echo "PostgreSQL: not installed. Installing the package postgresql with apt-get." >&2
  apt-get update >&2 || fail "apt-get could not read its package lists: see above"
  if [[ ! -e $CREATE_CLUSTER ]]; then
    apt-get install -y --no-install-recommends postgresql-common >&2 || fail "apt-get could not install it: see above"
    # Else the package makes a server for the whole machine and starts it.
    sed -i 's/^#\?create_main_cluster = .*/create_main_cluster = false/' "$CREATE_CLUSTER"
  fi
  apt-get install -y --no-install-recommends postgresql >&2 || fail "apt-get could not install it: see above"
}

if ! directory=$(programs); then
  is_debian || fail "The tests need a PostgreSQL server in /usr/lib/postgresql, as the packages of Debian and Ubuntu have it."
  [[ $(id -u) -eq 0 ]] || fail "PostgreSQL is not installed. Run:  sudo apt-get update && sudo apt-get install -y postgresql"
  install
  directory=$(programs) || fail "The package postgresql is installed, but there is no server in /usr/lib/postgresql"
fi
echo "PostgreSQL: $("$directory/postgres" --version), in $directory"
