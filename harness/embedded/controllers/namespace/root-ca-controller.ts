import type { ConfigMap, Namespace } from "kubernetes-types/core/v1";
import { configMaps, namespaces } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import type { Informer } from "../../informer.ts";
import { isNamespaceTerminating } from "../pods/pod-control.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";

const name = "kube-root-ca.crt";
const description =
  "The certificate authority by which pods of this namespace know the API server.";

/** Keeps the ConfigMap by which pods know the API server in every namespace. */
export class RootCaController implements Controller {
  readonly name = "root-ca";
  readonly #context: ControllerContext;
  readonly #namespaces: Informer<Namespace>;
  readonly #configMaps: Informer<ConfigMap>;
  readonly #data: Readonly<Record<string, string>>;

  constructor(context: ControllerContext, caCertificate: string) {
    this.#context = context;
    this.#namespaces = context.caches.of(namespaces);
    this.#configMaps = context.caches.of(configMaps);
    this.#data = { "ca.crt": caCertificate };
  }

  watch(enqueue: Enqueue): void {
    const enqueueNamespace = ({ metadata }: Namespace): void => enqueue(metadata?.name ?? "");
    this.#namespaces.on({ added: enqueueNamespace, updated: enqueueNamespace });
    const enqueueOwn = ({ metadata }: ConfigMap): void => {
      if (metadata?.name === name) enqueue(metadata.namespace ?? "");
    };
    this.#configMaps.on({ updated: enqueueOwn, deleted: enqueueOwn });
  }

  async reconcile(namespace: string): Promise<Result> {
    if (this.#namespaces.get({ name: namespace })?.status?.phase !== "Active") return "done";
    const { client } = this.#context;
    const current = this.#configMaps.get({ namespace, name });
    const data = { ...this.#data };
    if (current?.data?.["ca.crt"] === data["ca.crt"]) return "done";
    const annotations = { "kubernetes.io/description": description };
    try {
      if (current) await client.update(configMaps, { ...current, data });
      else await client.create(configMaps, { metadata: { name, namespace, annotations }, data });
    } catch (error) {
      if (!isStatus(error, "AlreadyExists") && !isNamespaceTerminating(error)) throw error;
    }
    return "done";
  }
}
