#!/bin/sh
# One call; exit code 0 when it went as the scenario says and its prompts were heard.
set -u
python3 /scenarios/hear.py >heard 2>hear.log &
ear=$!
TERM=dumb sipp -sf /scenarios/caller-hears-presses-expect-goodbye.xml -m 1 -l 1 -nostdin \
  -i "$(hostname -i | cut -d' ' -f1)" -timeout 60s -timeout_error -trace_err -error_file errors.log -trace_screen -screen_file screen.log \
  asterisk:5060 >/dev/null 2>stderr.log
code=$?
kill -TERM "$ear"
wait "$ear"
cat screen.log errors.log stderr.log hear.log 2>/dev/null
heard=$(cat heard)
echo "Audible RTP packets heard: ${heard:-0}"
[ "$code" -eq 0 ] || exit "$code"
# 20 ms each: two seconds of the first prompt, the opening hours and the goodbye are far more than four seconds of speech.
[ "${heard:-0}" -ge 200 ] || { echo 'The call went through, but the caller did not hear the prompts.'; exit 1; }
