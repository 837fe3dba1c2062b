import type { ClusterRole, PolicyRule } from "kubernetes-types/rbac/v1";
import { isDeepStrictEqual } from "node:util";
import type { Informer } from "../../informer.ts";
import { clusterRoles } from "../../resources.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { matchesSelector } from "../objects/selector.ts";

/** Keeps the rules of cluster roles that are made of others. */
export class ClusterRoleAggregationController implements Controller {
  readonly name = "clusterrole-aggregation";
  readonly #context: ControllerContext;
  readonly #roles: Informer<ClusterRole>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#roles = context.caches.of(clusterRoles);
  }

  watch(enqueue: Enqueue): void {
    // Any role may be, or may have been, a part of any that collects.
    const enqueueCollectors = (): void => {
      for (const { metadata, aggregationRule } of this.#roles.list()) {
        if (aggregationRule) enqueue(metadata?.name ?? "");
      }
    };
    this.#roles.on({
      added: enqueueCollectors,
      updated: enqueueCollectors,
      deleted: enqueueCollectors,
    });
  }

  async reconcile(name: string): Promise<Result> {
    const role = this.#roles.get({ name });
    if (!role?.aggregationRule) return "done";
    const rules = this.#collected(role);
    if (isDeepStrictEqual(rules, role.rules ?? [])) return "done";
    await this.#context.client.update(clusterRoles, { ...role, rules });
    return "done";
  }

  /** The rules of the selected roles, each once, in the order of the roles' names. */
  #collected({ metadata, aggregationRule }: ClusterRole): PolicyRule[] {
    const others = this.#roles
      .list()
      .filter((role) => role.metadata?.name !== metadata?.name)
      .toSorted((one, other) =>
        (one.metadata?.name ?? "") < (other.metadata?.name ?? "") ? -1 : 1,
      );
    const rules: PolicyRule[] = [];
    for (const selector of aggregationRule?.clusterRoleSelectors ?? []) {
      const parts = others.filter((role) => matchesSelector(selector, role.metadata?.labels ?? {}));
      for (const rule of parts.flatMap((part) => part.rules ?? [])) {
        if (!rules.some((known) => isDeepStrictEqual(known, rule))) rules.push(rule);
      }
    }
    return rules;
  }
}
