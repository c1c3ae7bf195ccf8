#!/bin/sh
# A preStop hook for images without curl: needs a shell and wget, as busybox has them.
#
# SLUICE_URL, SLUICE_SECRET, POD_IP, POD_NAMESPACE and INGRESS say whom to ask for what; MAX_DELAY (330) how long at most.
# Without a good answer it waits out what is left of MAX_DELAY, so terminationGracePeriodSeconds = MAX_DELAY + 15 + what the
# process itself needs after SIGTERM. MAX_DELAY is at most 840: wget itself gives up after 900 s, and its option for that
# crashes in Debian's busybox 1.35.
max_delay=${MAX_DELAY:-330}
began=$(date +%s)
url="$SLUICE_URL/drain-delay?max-delay=$max_delay&ip=$POD_IP&namespace=$POD_NAMESPACE&ingress=$INGRESS"
if wget -q -O /dev/null --header "Authorization: Bearer $SLUICE_SECRET" "$url"; then
  exit 0
fi
left=$((max_delay - ($(date +%s) - began)))
if [ "$left" -gt 0 ]; then
  echo "no good answer from $SLUICE_URL: waiting $left s" >&2
  sleep "$left"
fi
exit 0
