import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { Control } from "./control.ts";
import { installPodAgent } from "./pod-agent.ts";
import { decodePodEnvironment, networkVariable } from "./pod-environment.ts";
import { installConnect } from "./preload/connect.ts";
import { installHost } from "./preload/host.ts";
import { installListen } from "./preload/listen.ts";
import { installNames } from "./preload/names.ts";
import { methodOf } from "./preload/node-internals.ts";
import { createSidecarAgent } from "./preload/sidecar.ts";
import { installViews } from "./preload/views.ts";

/** Loaded with --import into every Node process of a pod: puts it on the pod's network, before its own code runs. */
function installNetwork(text: string): void {
  const pod = decodePodEnvironment(text);
  const connect = methodOf(net.Socket.prototype, "connect");
  const control = new Control({
    path: pod.socket,
    credential: { identity: pod.identity, mac: pod.mac },
    connect: (socket, path) => void connect.call(socket, path),
  });
  installViews(pod.ip);
  // Before the names: connect keeps Node's own lookup for names outside the cluster.
  installConnect(pod, control);
  installListen(pod, control);
  installNames(control);
  installHost(pod);
  installPodAgent(createSidecarAgent(control));
}

const text = process.env[networkVariable];
if (text) installNetwork(text);
syncBuiltinESMExports();
