import { chmod, writeFile } from "node:fs/promises";
import type { KeyedCertificate } from "./certificates.ts";

/** What a kubeconfig names. */
export interface KubeConfigOptions {
  readonly clusterName: string;
  readonly server: string;
  readonly caCertificate: string;
  readonly client: KeyedCertificate;
}

/** A kubeconfig that holds its credentials within itself; JSON, which is YAML too. */
export function toKubeConfig(options: KubeConfigOptions): string {
  const { clusterName, server, caCertificate, client } = options;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: clusterName,
        cluster: { server, "certificate-authority-data": base64(caCertificate) },
      },
    ],
    users: [
      {
        name: `${clusterName}-admin`,
        user: {
          "client-certificate-data": base64(client.certificate),
          "client-key-data": base64(client.key),
        },
      },
    ],
    contexts: [
      { name: clusterName, context: { cluster: clusterName, user: `${clusterName}-admin` } },
    ],
    "current-context": clusterName,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes the file so that only its owner can ever read it. */
export async function writeKubeConfig(path: string, options: KubeConfigOptions): Promise<void> {
  await writeFile(path, toKubeConfig(options), { mode: 0o600 });
  // A file that was there before keeps its mode on writing.
  await chmod(path, 0o600);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
