import type { Namespace } from "kubernetes-types/core/v1";
import { namespaces, serviceAccounts } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import type { Informer } from "../../informer.ts";
import { isNamespaceTerminating } from "../pods/pod-control.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { parseKey } from "../loop/key.ts";

/** Gives every namespace the ServiceAccount "default", and gives it back when it is deleted. */
export class ServiceAccountController implements Controller {
  readonly name = "service-account";
  readonly #context: ControllerContext;
  readonly #namespaces: Informer<Namespace>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#namespaces = context.caches.of(namespaces);
  }

  watch(enqueue: Enqueue): void {
    const enqueueNamespace = ({ metadata }: Namespace): void => enqueue(metadata?.name ?? "");
    this.#namespaces.on({ added: enqueueNamespace, updated: enqueueNamespace });
    this.#context.caches.of(serviceAccounts).on({
      deleted: ({ metadata }) => enqueue(metadata?.namespace ?? ""),
    });
  }

  async reconcile(key: string): Promise<Result> {
    const { name: namespace } = parseKey(key);
    const active = this.#namespaces.get({ name: namespace })?.status?.phase === "Active";
    if (!active) return "done";
    if (this.#context.caches.of(serviceAccounts).get({ namespace, name: "default" })) return "done";
    try {
      const metadata = { namespace, name: "default" };
      await this.#context.client.create(serviceAccounts, { metadata });
    } catch (error) {
      if (!isStatus(error, "AlreadyExists") && !isNamespaceTerminating(error)) throw error;
    }
    return "done";
  }
}
