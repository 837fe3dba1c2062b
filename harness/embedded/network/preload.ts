import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { Control } from "./control.ts";
import { MountTable, type MountEntry } from "./mount-table.ts";
import { installPodAgent } from "./pod-agent.ts";
import { decodePodEnvironment, mountsVariable, networkVariable } from "./pod-environment.ts";
import { installConnect } from "./preload/connect.ts";
import { installDatagrams } from "./preload/datagrams.ts";
import { installFiles } from "./preload/files.ts";
import { installHost } from "./preload/host.ts";
import { installListen } from "./preload/listen.ts";
import { installNames } from "./preload/names.ts";
import { methodOf } from "./preload/node-internals.ts";
import { createSidecarAgent } from "./preload/sidecar.ts";
import { installViews } from "./preload/views.ts";
import { installWorkingFolder } from "./preload/working-folder.ts";

/** Loaded with --require into every Node process of a pod, before its own code: puts it on the pod's network. */
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
  installDatagrams(control);
  installHost(pod);
  installPodAgent(createSidecarAgent(control));
}

/** Makes the process see its container's files. */
function installMounts(text: string): void {
  const mounts = new MountTable(JSON.parse(text) as MountEntry[]);
  installFiles(mounts);
  installWorkingFolder(mounts);
}

const { [networkVariable]: network, [mountsVariable]: mounts } = process.env;
if (network) installNetwork(network);
if (mounts) installMounts(mounts);
syncBuiltinESMExports();
