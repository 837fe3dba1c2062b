import { createHttpClient, readKubeConfig } from "../../../embedded/http-client.ts";
import { deployments, services } from "../../../embedded/resources.ts";

const labels = { "k8s-app": "kube-dns" };

const deployment = {
  metadata: { namespace: "kube-system", name: "coredns", labels },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [
          {
            name: "coredns",
            image: "rancher/mirrored-coredns-coredns:1.14.6",
            imagePullPolicy: "IfNotPresent",
            readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
};

const service = {
  metadata: { namespace: "kube-system", name: "kube-dns", labels },
  spec: {
    selector: labels,
    ports: [{ name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 }],
  },
};

/** Deploys what k3s deploys as cluster DNS, so that whoever waits for it really waits. */
export async function deployCoreDns(kubeConfigPath: string): Promise<void> {
  const client = createHttpClient(readKubeConfig(kubeConfigPath));
  try {
    await client.create(services, service);
    await client.create(deployments, deployment);
  } finally {
    client.close();
  }
}
