#!/bin/sh
# Stands in for iscsiadm 2.1.8 and for the targets behind it: keeps records as it does, in the same files, takes and
# gives the same exit codes, and writes down what it was asked. All in the folder that it lies in:
#     trace            one line for each time it was run: its arguments
#     offered          the targets that any portal offers, one a line
#     password         of the user eucalyptus
#     nodes/           the records, as in /etc/iscsi
#     sessions/        a file for each session
#     by-path/         what udev makes of them: a link to the block device that the link `device` leads to
#     exit-<action>    the exit code to fail an action with
#     hang-<action>    an action that never ends
#     hold-<action>    an action that does not begin while this is there
umask 077
here=${0%/*}
echo "$*" >> "$here/trace"

mode= target= portal= operation= name= value=
while [ $# -gt 0 ]; do
    case $1 in
    -m) mode=$2; shift 2 ;;
    -t) shift 2 ;;
    -T) target=$2; shift 2 ;;
    -p) portal=$2; shift 2 ;;
    -o) operation=$2; shift 2 ;;
    -n) name=$2; shift 2 ;;
    -v) value=$2; shift 2 ;;
    --login | --logout) operation=${1#--}; shift ;;
    *) echo "iscsiadm: unrecognized option '$1'" >&2; exit 7 ;;
    esac
done
[ "$mode" = discovery ] && operation=discovery
address=${portal%:3260}

[ -e "$here/hang-$operation" ] && exec sleep 1000
while [ -e "$here/hold-$operation" ]; do sleep 0.1; done
[ -e "$here/exit-$operation" ] && { echo "iscsiadm: as planned" >&2; exit "$(cat "$here/exit-$operation")"; }

record=$here/nodes/$target/$address,3260,1/default
value_of() { sed -n "s/^$1 = //p" "$record"; }
case $operation in
discovery)
    while read -r offered; do
        record=$here/nodes/$offered/$address,3260,1
        [ -e "$record" ] && continue
        mkdir -p "$record"
        printf '# BEGIN RECORD 2.1.8\nnode.startup = automatic\nnode.session.auth.authmethod = None\n# END RECORD\n' \
            > "$record/default"
    done < "$here/offered"
    ;;
update)
    [ -e "$record" ] || { echo "iscsiadm: No records found" >&2; exit 21; }
    { grep -v -e "^$name = " -e '^# END' "$record"; echo "$name = $value"; echo '# END RECORD'; } > "$here/new"
    mv "$here/new" "$record"
    ;;
login)
    [ -e "$record" ] || { echo "iscsiadm: No records found" >&2; exit 21; }
    [ -e "$here/sessions/$target" ] && { echo "iscsiadm: session exists" >&2; exit 15; }
    [ "$(value_of node.startup) $(value_of node.session.auth.authmethod)" = 'manual CHAP' ] || exit 24
    [ "$(value_of node.session.auth.username)" = eucalyptus ] || exit 24
    [ "$(value_of node.session.auth.password)" = "$(cat "$here/password")" ] || exit 24
    : > "$here/sessions/$target"
    [ -L "$here/device" ] && cp -P "$here/device" "$here/by-path/ip-$address:3260-iscsi-$target-lun-1"
    ;;
logout)
    [ -e "$here/sessions/$target" ] || { echo "iscsiadm: No matching sessions found" >&2; exit 21; }
    rm -f "$here/sessions/$target" "$here/by-path/"*"-iscsi-$target-lun-1"
    ;;
delete)
    [ -d "$here/nodes/$target" ] || { echo "iscsiadm: No records found" >&2; exit 21; }
    rm -r "$here/nodes/$target"
    ;;
esac
exit 0
