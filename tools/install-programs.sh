#!/usr/bin/env bash
# Debian programs that tests start; nothing is done where they are there already, and nothing but a word said where they cannot be had.
# debootstrap: PostgreSQL 17 and 18 of newer releases. redis-server: a Redis of the tests' own, which they kill. chromium: the dashboard's
# pages are tested in it. prometheus: its promtool reads what the server exports; with prometheus-alertmanager the alert rules are
# tried out. nginx: in front of three replicas.
set -euo pipefail

missing=0
for program in debootstrap redis-server chromium promtool prometheus-alertmanager nginx; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing=1
done
if [ "$missing" = 0 ]; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo 'some of debootstrap, redis-server, chromium, prometheus, prometheus-alertmanager and nginx are missing: tests that need them are skipped or fail'
  exit 0
fi
apt-get update -qq
apt-get install -y -qq debootstrap redis-server chromium fonts-dejavu-core prometheus prometheus-alertmanager nginx >/dev/null
