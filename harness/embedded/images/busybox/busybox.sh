# `busybox wget …` is `wget …`.
exec "$@"
