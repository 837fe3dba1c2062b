# The pod's name and not the machine's.
case "${1-}" in
  "") printf '%s\n' "$HOSTNAME" ;;
  -s) printf '%s\n' "${HOSTNAME%%.*}" ;;
  # The first name that the container's hosts file has for the pod's address.
  -f)
    hosts=$(printf '%s' "$KUBELAB_MOUNTS" | sed -n 's|.*\["/etc/hosts","\([^"]*\)".*|\1|p')
    awk -v ip="$KUBELAB_POD_IP" '$1 == ip { print $2; exit }' "$hosts"
    ;;
  -i) printf '%s\n' "$KUBELAB_POD_IP" ;;
  *) echo "hostname: unrecognized option: $1" >&2; exit 1 ;;
esac
