#!/bin/sh
# On each database node (leave-full-disk.service): a primary whose disk is all but full hands over
# to a standby that may have room. Without it it stays the primary and takes nothing: PostgreSQL
# refuses every write, and to Patroni a server that refuses is well.
#
# Once an hour at most: where all three are full, no hand-over helps, and each costs seconds.
# DATA is PostgreSQL's folder, LEAST_MB what must be free; the rest is in patroni.env.
set -u
at="http://$PATRONI_RESTAPI_CONNECT_ADDRESS"

while sleep "${LOOK_S:-2}"; do
    free=$(df --output=avail -m "$DATA" | tail -n 1)
    [ "$free" -lt "${LEAST_MB:-256}" ] || continue
    curl --silent --fail --max-time 3 --output /dev/null "$at/primary" || continue
    echo "only $free MB are free: handing over"
    # The password goes in by a pipe: a command line can be read by everybody on the machine.
    printf 'user = "%s:%s"\n' "$PATRONI_RESTAPI_USERNAME" "$PATRONI_RESTAPI_PASSWORD" |
        curl --silent --fail --show-error --max-time 60 --config - \
            --header 'Content-Type: application/json' \
            --data "{\"leader\": \"$PATRONI_NAME\"}" "$at/switchover" || continue
    sleep "${AGAIN_AFTER_S:-3600}"
done
