#!/usr/bin/env bash
# Runs all tests in two processes: those on Docker mostly wait, and what they leave of the processor is enough for those of
# decisions, simulations and the database, which are reported after them. What failed on Docker is told again at the end.
set -uo pipefail
cd "$(dirname "$0")/.."

beside='test/{control,controllers,manifest,plan,simulation,source,store}/**/*.test.ts'
reports=$(mktemp -d)
colour=--no-color
[[ -t 1 ]] && colour=--color
# Whoever gets only what is left may take long.
nice -n 19 npx mocha "$colour" --timeout 300000 "$beside" >"$reports/computing" 2>&1 </dev/null &
computing=$!
trap 'kill "$computing" 2>/dev/null; rm -rf "$reports"' EXIT

npx mocha "$colour" 'test/**/*.test.ts' --ignore "$beside" 2>&1 | tee "$reports/waiting"
waiting_failed=${PIPESTATUS[0]}
wait "$computing"
computing_failed=$?
cat "$reports/computing"
if ((waiting_failed != 0)); then
  printf '\nFailed on Docker, as told above:\n'
  sed -E '1,/^(\x1b[^m]*m)? *[0-9]+ failing/d' "$reports/waiting"
fi
((waiting_failed == 0 && computing_failed == 0))
