#!/bin/sh
# One call; exit code 0 when it went as the scenario says and prompts were heard. SIPp counts the RTP it sends back.
set -u
TERM=dumb sipp -sf /scenarios/caller-hears-presses-expect-goodbye.xml -m 1 -l 1 -nostdin -rtp_echo \
  -i "$(hostname -i | cut -d' ' -f1)" -timeout 60s -timeout_error -trace_err -error_file errors.log -trace_screen -screen_file screen.log \
  asterisk:5060 >/dev/null 2>stderr.log
code=$?
cat screen.log
cat errors.log stderr.log 2>/dev/null
heard=$(sed -n 's/^ *\([0-9][0-9]*\) .*RTP echo.*/\1/p; s/.*Total echo RTP pckts 1st stream *\([0-9][0-9]*\).*/\1/p; s/^ *\([0-9][0-9]*\) Total echo RTP pckts 1st stream.*/\1/p' screen.log | sort -n | tail -n 1)
echo "RTP packets heard: ${heard:-0}"
[ "$code" -eq 0 ] || exit "$code"
# 20 ms each: prompts of six seconds and more lie on the way.
[ "${heard:-0}" -ge 300 ] || { echo 'The call went through, but the caller heard nothing.'; exit 1; }
