# The container's environment, without what puts the process on the pod's network.
if [ $# -gt 0 ]; then exec /usr/bin/env "$@"; fi
/usr/bin/env | grep -v -E '^(KUBELAB_|NODE_OPTIONS=|NODE_COMPILE_CACHE=|TMPDIR=)'
