#!/usr/bin/env bash
# Runs all tests in two processes: those on Docker mostly wait, and what they leave of the processor is enough for those of
# decisions, simulations and the database, which are reported at the end.
set -uo pipefail
cd "$(dirname "$0")/.."

beside='test/{control,controllers,manifest,plan,simulation,source,store}/**/*.test.ts'
report=$(mktemp)
# Whoever gets only what is left may take long.
nice -n 19 npx mocha --timeout 300000 "$beside" >"$report" 2>&1 </dev/null &
computing=$!
trap 'kill "$computing" 2>/dev/null; rm -f "$report"' EXIT

npx mocha 'test/**/*.test.ts' --ignore "$beside"
waiting_failed=$?
wait "$computing"
computing_failed=$?
cat "$report"
((waiting_failed == 0 && computing_failed == 0))
