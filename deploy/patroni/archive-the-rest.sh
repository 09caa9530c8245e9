#!/bin/sh
# Patroni runs it when a node has become the primary (patroni.yml, `callbacks`): it hands to the
# archive what the former primary had not, and may never.
#
# A standby receives every file of the log and marks it as done, since archiving is the primary's
# work. When that burns with files that are not in the archive yet, no backup could be brought past
# the hole, although nothing is lost. Newest first: the hole, if any, is at the end. A file that the
# archive has stays as it is; one that it has with other bytes (status 45) is not tried again. First
# the files that say where one timeline left another: without each of them a restore stops there.
set -u
data=$1 role=$3
[ "$role" = primary ] || exit 0
cd "$data/pg_wal/archive_status" || exit 1

histories=$(ls | grep -E '^[0-9A-F]{8}\.history\.done$')
segments=$(ls -r | grep -E '^[0-9A-F]{24}\.done$')
for mark in $histories $segments; do
    file=$data/pg_wal/${mark%.done}
    while [ -e "$file" ]; do
        nice pgbackrest --stanza=interlude --log-level-console=error archive-push "$file" && break
        [ $? -ne 45 ] || break
        sleep 10
    done
done
