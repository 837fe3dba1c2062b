#!/bin/sh
# Labs look at a container's environment with it, and not every base image's busybox has it.
[ $# -gt 0 ] || exec env
for name; do
  eval "[ -n \"\${$name+set}\" ]" || exit 1
  eval "printf '%s\n' \"\$$name\""
done
