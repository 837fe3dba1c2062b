"use strict";
// In a PID namespace the kernel drops signals that the first process has no handler for, so a program without one
// lives through SIGTERM until it is killed. Node's own default handler ends the process instead: replace it.
const parent = process.env.KUBELAB_INIT_PARENT;
if (parent !== undefined) {
  delete process.env.KUBELAB_INIT_PARENT;
  if (String(process.ppid) === parent)
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
}
