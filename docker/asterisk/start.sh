#!/bin/sh
# Starts Asterisk on the configuration that the application wrote, and again when it wrote another one that no reload
# takes over (etc/generation). Ends with Asterisk's own exit code.
set -u
folder=/genvoice/instance
etc=$folder/etc

generation() { cat "$etc/generation" 2>/dev/null || true; }

if [ -z "$(generation)" ]; then
  echo 'Waiting for the application to write the configuration …'
  while [ -z "$(generation)" ]; do sleep 0.2; done
fi

child=
trap 'trap - TERM INT; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT

while :; do
  started=$(generation)
  rm -rf "$folder/run"
  mkdir -p "$folder/run" "$folder/spool/recording" "$folder/spool/tmp" "$folder/log" "$folder/lib/keys" "$folder/cache"
  asterisk -f -C "$etc/asterisk.conf" &
  child=$!
  while kill -0 "$child" 2>/dev/null && [ "$(generation)" = "$started" ]; do sleep 1 & wait $!; done
  if [ "$(generation)" = "$started" ]; then
    wait "$child"
    exit $?
  fi
  echo 'The application wrote another configuration: Asterisk starts again.'
  kill -TERM "$child" 2>/dev/null
  wait "$child"
done
