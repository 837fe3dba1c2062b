import { arch, availableParallelism, platform, release, totalmem, version } from "node:os";
import { createHash } from "node:crypto";
import type { Lease } from "kubernetes-types/coordination/v1";
import type { ContainerImage, Node, NodeCondition } from "kubernetes-types/core/v1";
import type { Clock } from "../../time/clock.ts";
import type { Client } from "../client.ts";
import { leases, nodes } from "../resources.ts";
import { isStatus } from "../status-error.ts";
import { toMicroTime, toTime } from "../timestamps.ts";
import type { ImageStore } from "./images/image-store.ts";

export interface NodeOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly hostIP: string;
  readonly kubeletVersion: string;
  readonly maxPods: number;
  readonly containerRuntime: string;
  readonly images: ImageStore;
}

const leaseSeconds = 40;
const goArch: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };
const goOs: Readonly<Record<string, string>> = { win32: "windows" };

/** Creates the Node, or takes over the one that is there, and says that it is ready. */
export async function registerNode(options: NodeOptions): Promise<Node> {
  const { client, nodeName } = options;
  const node = toNode(options);
  try {
    await client.create(nodes, node);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
  const patch = { type: "merge", body: { status: node.status, spec: node.spec } } as const;
  return client.patch(nodes, { name: nodeName }, patch, {
    subresource: "status",
    fieldManager: "kubelet",
  });
}

/** Renews the node's lease: the sign of life that a node controller waits for. */
export async function renewLease({ client, clock, nodeName }: NodeOptions): Promise<void> {
  const key = { namespace: "kube-node-lease", name: nodeName };
  const spec = {
    holderIdentity: nodeName,
    leaseDurationSeconds: leaseSeconds,
    renewTime: toMicroTime(clock.now()),
  };
  const lease: Lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: key, spec };
  try {
    await client.patch(leases, key, { type: "merge", body: { spec } });
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    await client.create(leases, lease);
  }
}

function toNode(options: NodeOptions): Node {
  const { nodeName, hostIP, clock, maxPods } = options;
  const os = goOs[platform()] ?? platform();
  const cpuArch = goArch[arch()] ?? arch();
  const amounts = {
    cpu: String(availableParallelism()),
    "ephemeral-storage": "64Gi",
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: String(maxPods),
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: nodeName,
      annotations: {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
      },
      labels: {
        "beta.kubernetes.io/arch": cpuArch,
        "beta.kubernetes.io/os": os,
        "kubernetes.io/arch": cpuArch,
        "kubernetes.io/hostname": nodeName,
        "kubernetes.io/os": os,
      },
    },
    spec: { podCIDR: "10.244.0.0/16", podCIDRs: ["10.244.0.0/16"] },
    status: {
      addresses: [
        { type: "InternalIP", address: hostIP },
        { type: "Hostname", address: nodeName },
      ],
      allocatable: amounts,
      capacity: amounts,
      conditions: conditions(clock.now()),
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      images: imagesOf(options.images),
      nodeInfo: nodeInfo(options, os, cpuArch),
    },
  };
}

function nodeInfo(
  { nodeName, kubeletVersion, containerRuntime }: NodeOptions,
  os: string,
  cpuArch: string,
): NonNullable<Node["status"]>["nodeInfo"] & object {
  const id = createHash("sha256").update(nodeName).digest("hex").slice(0, 32);
  return {
    architecture: cpuArch,
    bootID: id,
    containerRuntimeVersion: containerRuntime,
    kernelVersion: release(),
    kubeProxyVersion: "",
    kubeletVersion,
    machineID: id,
    operatingSystem: os,
    osImage: version(),
    systemUUID: id,
  };
}

function conditions(nowMs: number): NodeCondition[] {
  const now = toTime(nowMs);
  const times = { lastHeartbeatTime: now, lastTransitionTime: now };
  const fine = [
    ["MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
    ["DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
    ["PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ] as const;
  return [
    ...fine.map(([type, reason, message]) => ({
      ...times,
      message,
      reason,
      status: "False",
      type,
    })),
    {
      ...times,
      message: "kubelet is posting ready status",
      reason: "KubeletReady",
      status: "True",
      type: "Ready",
    },
  ];
}

function imagesOf(images: ImageStore): ContainerImage[] {
  return images.all().map(({ reference, bytes }) => ({ names: [reference], sizeBytes: bytes }));
}
