"use strict";
// Required first by every Node process of a container. Builtins only: it runs before the pod's network is there.
const http = require("node:http");
const { flushCompileCache } = require("node:module");
// harness/time would have to be loaded into every process of every container.
const { setTimeout: after } = require("node:timers");

// In a PID namespace the kernel drops signals that the first process has no handler for, so a program without one
// lives through SIGTERM until it is killed. Node's own default handler ends the process instead: replace it.
const parent = process.env.KUBELAB_INIT_PARENT;
if (parent !== undefined) {
  delete process.env.KUBELAB_INIT_PARENT;
  if (String(process.ppid) === parent)
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
}

// `import "node:http"` reads every export, and these three load all of undici: 11 MB a process, needed by few.
for (const name of ["WebSocket", "CloseEvent", "MessageEvent"]) {
  const global = () => globalThis[name];
  const value = new Proxy(function () {}, {
    construct: (_target, args) => Reflect.construct(global(), args),
    get: (_target, key) => Reflect.get(global(), key),
    has: (_target, key) => Reflect.has(global(), key),
    getPrototypeOf: () => Reflect.getPrototypeOf(global()),
  });
  Object.defineProperty(http, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

// Containers end by SIGKILL more often than by exit, which is when Node would write its compile cache.
after(() => flushCompileCache(), 1500).unref();
