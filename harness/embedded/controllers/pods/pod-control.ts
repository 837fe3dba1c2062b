import type { Pod, PodTemplateSpec } from "kubernetes-types/core/v1";
import type { Client } from "../../client.ts";
import { type EventRecorder, referenceTo } from "../../events.ts";
import type { KubeObject, Resource } from "../../resource.ts";
import { pods } from "../../resources.ts";
import { isStatus, StatusError } from "../../status-error.ts";
import { controllerReference } from "../objects/owners.ts";

/** What the new pod is called: exactly, or with a random end. */
export type PodName = { readonly name: string } | { readonly generateName: string };

/** Creates and deletes the pods of one kind of owner, and reports it as events on the owner. */
export class PodControl {
  readonly #client: Client;
  readonly #recorder: EventRecorder;
  readonly #ownerResource: Resource;

  constructor(client: Client, recorder: EventRecorder, ownerResource: Resource) {
    this.#client = client;
    this.#recorder = recorder;
    this.#ownerResource = ownerResource;
  }

  /** A pod from the template, owned by `owner`. */
  podFrom(template: PodTemplateSpec, owner: KubeObject, name: PodName): Pod {
    const { labels, annotations, finalizers } = template.metadata ?? {};
    return structuredClone({
      apiVersion: "v1" as const,
      kind: "Pod" as const,
      metadata: {
        ...name,
        ...(owner.metadata?.namespace ? { namespace: owner.metadata.namespace } : {}),
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
        ...(finalizers ? { finalizers } : {}),
        ownerReferences: [controllerReference(this.#ownerResource, owner)],
      },
      ...(template.spec ? { spec: template.spec } : {}),
    });
  }

  /** Creates the pod; a failure is an event on the owner too, but for a namespace that is going away. */
  async create(owner: KubeObject, pod: Pod): Promise<Pod> {
    const target = referenceTo(this.#ownerResource, owner);
    try {
      const created = await this.#client.create(pods, pod);
      const message = `Created pod: ${created.metadata?.name}`;
      this.#recorder.record(target, "Normal", "SuccessfulCreate", message);
      return created;
    } catch (error) {
      if (!isNamespaceTerminating(error))
        this.#recorder.record(target, "Warning", "FailedCreate", `Error creating: ${text(error)}`);
      throw error;
    }
  }

  /** Deletes the pod; one that is gone already is no failure. Returns whether it was there. */
  async delete(owner: KubeObject, pod: Pod): Promise<boolean> {
    const target = referenceTo(this.#ownerResource, owner);
    const { namespace, name = "" } = pod.metadata ?? {};
    try {
      await this.#client.delete(pods, { namespace, name });
    } catch (error) {
      if (isStatus(error, "NotFound")) return false;
      this.#recorder.record(target, "Warning", "FailedDelete", `Error deleting: ${text(error)}`);
      throw error;
    }
    this.#recorder.record(target, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
    return true;
  }
}

/** Whether a create failed because its namespace is being deleted, which nothing can help. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return (error.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
