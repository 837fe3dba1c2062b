import { K3sContainer } from "@testcontainers/k3s";

/** The NodePorts a lab's cluster has: few, so that each can be published when the container is made. */
export const nodePorts = { first: 30_000, last: 30_019 } as const;

const registriesPath = "/etc/rancher/k3s/registries.yaml";

export interface LabK3sOptions {
  readonly image: string;
  /** The host that clients will really use: it has to be in the server's certificate. */
  readonly host: string;
  readonly cgroupVersion: "1" | "2";
  /** "host" suits Docker Desktop; "private" suits OrbStack and Colima. */
  readonly cgroupNamespace: "host" | "private";
  /** Port of this machine for the API server. @default any free one */
  readonly apiPort?: number | undefined;
  /** A registries.yaml that names mirrors. @default none */
  readonly registries?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly onLog: (line: string) => void;
  /** The server has ended, and its log with it. */
  readonly onEnd: () => void;
}

/** A K3sContainer made for labs: no parts they do not use, and a way in to every NodePort. */
export class LabK3sContainer extends K3sContainer {
  constructor(options: LabK3sOptions) {
    super(options.image);
    if (options.cgroupNamespace === "private") this.#useOwnCgroups();
    this.withCommand(serverCommand(options))
      .withExposedPorts(...range(nodePorts.first, nodePorts.last))
      .withLabels({ ...options.labels })
      .withStartupTimeout(180_000)
      // A container that does not become ready is removed at once: its log has to be read as it comes.
      .withLogConsumer((stream) => {
        stream.on("data", (chunk: Buffer) => {
          for (const line of chunk.toString().split("\n")) if (line !== "") options.onLog(line);
        });
        stream.once("end", options.onEnd);
      });
    if (options.apiPort !== undefined)
      this.withExposedPorts({ container: 6443, host: options.apiPort });
    if (options.registries !== undefined)
      this.withCopyFilesToContainer([{ source: options.registries, target: registriesPath }]);
  }

  /** The module binds the host's cgroups, which some virtual machines do not let k3s use. */
  #useOwnCgroups(): void {
    Object.assign(this.hostConfig, { CgroupnsMode: "private", Binds: [] });
  }
}

function serverCommand(options: LabK3sOptions): string[] {
  return [
    "server",
    "--disable=traefik,metrics-server,local-storage,servicelb",
    `--tls-san=${options.host}`,
    "--flannel-backend=host-gw",
    `--service-node-port-range=${nodePorts.first}-${nodePorts.last}`,
    // Kubernetes 1.35 and later refuse cgroup v1 unless told (kubernetes/kubernetes#134298).
    ...(options.cgroupVersion === "1" ? ["--kubelet-arg=fail-cgroupv1=false"] : []),
  ];
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
