# The pod's name and not the machine's.
case "${1-}" in
  "" | -f | -s) printf '%s\n' "$HOSTNAME" ;;
  -i) printf '%s\n' "$KUBELAB_POD_IP" ;;
  *) echo "hostname: unrecognized option: $1" >&2; exit 1 ;;
esac
