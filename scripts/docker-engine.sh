#!/usr/bin/env bash
# Makes sure that a Docker Engine answers, and says in one line what it did.
#
#   scripts/docker-engine.sh [--pid-file FILE]
#
# An engine that answers is used. One that is installed but does not run is started (as root). On Debian and Ubuntu
# a missing one is installed with apt (as root). Anywhere else the message names the command to run; exit code 1.
# FILE gets the process id of a daemon that this script started itself, for whoever wants to stop it afterwards; one
# that systemd starts belongs to the system and is not written there.
set -euo pipefail

readonly DEFAULT_HOST=unix:///var/run/docker.sock
readonly HOST=${DOCKER_HOST:-$DEFAULT_HOST}
readonly LOG=/var/log/dockerd.log
readonly DEADLINE_SECONDS=60

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# Prints nothing and succeeds when the engine answers; else prints why not. Asks with node, which this project needs
# anyway, for neither curl nor the docker command is always there.
engine_trouble() {
  DOCKER_HOST=$HOST node --input-type=commonjs -e '
    const host = process.env.DOCKER_HOST;
    const done = (trouble) => { if (trouble) console.log(trouble); process.exit(trouble ? 1 : 0); };
    if (host.startsWith("ssh:") || process.env.DOCKER_TLS_VERIFY) {
      const docker = require("child_process").spawnSync("docker", ["version"], { encoding: "utf8", timeout: 20000 });
      done(docker.status === 0 ? "" : (docker.stderr || docker.error?.message || "no answer").trim());
    } else {
      const url = host.startsWith("unix://") ? null : new URL(host.replace(/^tcp:/, "http:"));
      const target = url ? { host: url.hostname, port: url.port || 2375 } : { socketPath: host.slice("unix://".length) };
      const request = require("http").get({ ...target, path: "/_ping", timeout: 5000 }, (reply) => {
        done(reply.statusCode === 200 ? "" : `status ${reply.statusCode}`);
      });
      request.on("timeout", () => done("no answer within 5 s"));
      request.on("error", (error) => done(error.code === "EACCES" ? "permission denied" : error.message));
    }'
}

is_root() { [[ $(id -u) -eq 0 ]]; }

runs_systemd() { [[ $(cat /proc/1/comm) == systemd ]] && command -v systemctl >/dev/null; }

# Whether the process id in file $1 is that of a live process called $2.
names_live() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [[ -n $pid && $(cat "/proc/$pid/comm" 2>/dev/null) == "$2" ]]
}

# A daemon refuses to start, or waits in vain, when the process id that a dead one left belongs to someone else now.
remove_stale_pid_file() {
  if [[ -e $1 ]] && ! names_live "$1" "$2"; then
    rm -f "$1"
  fi
}

# Waits until the engine answers; with a process id as argument, no longer than that process lives.
wait_for_engine() {
  local trouble end=$((SECONDS + DEADLINE_SECONDS))
  until trouble=$(engine_trouble); do
    if ((SECONDS >= end)) || { [[ -n ${1:-} ]] && ! kill -0 "$1" 2>/dev/null; }; then
      printf '%s\n' "$trouble"
      return 1
    fi
    sleep 0.2
  done
}

write_pid() {
  if [[ -n $pid_file ]]; then
    echo "$1" >"$pid_file"
  fi
}

start_engine() {
  local trouble pid
  if runs_systemd; then
    systemctl start docker || fail "systemd could not start Docker: see journalctl -u docker"
    trouble=$(wait_for_engine) || fail "Docker was started by systemd but does not answer ($trouble): see journalctl -u docker"
    echo "Docker Engine: started by systemd"
    return
  fi
  if names_live /var/run/docker.pid dockerd; then
    pid=$(cat /var/run/docker.pid)
    trouble=$(wait_for_engine "$pid") || fail "dockerd runs (process $pid) but does not answer at $HOST: $trouble"
    # A package installed just now has an init script that starts the daemon on systems without systemd.
    if [[ -n $installed ]]; then
      write_pid "$pid"
    fi
    echo "Docker Engine: dockerd (process $pid) was starting, answers now at $HOST"
    return
  fi
  remove_stale_pid_file /var/run/docker.pid dockerd
  remove_stale_pid_file /var/run/docker/containerd/containerd.pid containerd
  # No process for each published port: Docker before version 23 may end one whenever a thread of its own ends, and the
  # port is refused from then on.
  setsid dockerd --userland-proxy=false >>"$LOG" 2>&1 </dev/null &
  pid=$!
  if ! trouble=$(wait_for_engine "$pid"); then
    kill "$pid" 2>/dev/null || true
    fail "dockerd was started but does not answer at $HOST: $trouble" "The end of its log, $LOG:" "$(tail -n 20 "$LOG")"
  fi
  write_pid "$pid"
  echo "Docker Engine: started dockerd (process $pid, log $LOG), answers at $HOST"
}

is_debian() { [[ -r /etc/os-release ]] && grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release; }

install_engine() {
  local packages=(docker.io iptables)
  export DEBIAN_FRONTEND=noninteractive
  apt-get update >&2 || fail "apt-get could not read its package lists: see above"
  # Newer releases keep the docker command in a package of its own.
  if apt-cache show docker-cli >/dev/null 2>&1; then
    packages+=(docker-cli)
  fi
  echo "Docker Engine: not installed. Installing the packages ${packages[*]} with apt-get." >&2
  apt-get install -y --no-install-recommends "${packages[@]}" >&2 || fail "apt-get could not install them: see above"
}

pid_file=
installed=
case "$#:${1:-}" in
  0:) ;;
  2:--pid-file) pid_file=$2 ;;
  *)
    echo "usage: scripts/docker-engine.sh [--pid-file FILE]" >&2
    exit 2
    ;;
esac

if trouble=$(engine_trouble); then
  echo "Docker Engine: answers at $HOST"
  exit
fi
if [[ $HOST != "$DEFAULT_HOST" ]]; then
  fail "No Docker Engine answers at DOCKER_HOST=$HOST: $trouble" "Start that engine, or unset DOCKER_HOST to use this machine's."
fi
if [[ $trouble == "permission denied" ]]; then
  fail "Docker runs, but $(id -un) may not use it. Run, then log in again:  sudo usermod -aG docker $(id -un)"
fi
if [[ $(uname -s) != Linux ]]; then
  fail "No Docker Engine answers at $HOST: $trouble" "Start Docker Desktop (https://docs.docker.com/get-docker/), or set DOCKER_HOST."
fi

# The daemon lives in sbin, which is not on everyone's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
if [[ ! -x $(type -P dockerd) ]]; then
  if ! is_debian; then
    fail "Docker is not installed. Install it as https://docs.docker.com/engine/install/ says for this system, then run this again."
  fi
  is_root || fail "Docker is not installed. Run:  sudo apt-get update && sudo apt-get install -y --no-install-recommends docker.io iptables"
  install_engine
  installed=1
fi
is_root || fail "Docker is installed but does not run. Run:  sudo $0"
start_engine
