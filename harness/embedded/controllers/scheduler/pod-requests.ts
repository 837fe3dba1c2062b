import type { Container, Pod } from "kubernetes-types/core/v1";
import { toThousandths } from "../../quantity.ts";

/** Resource name to thousandths of its unit. */
export type Amounts = Readonly<Record<string, number>>;

/** What the pod asks of its node: its containers together, or more where an init container needs more. */
export function podRequests({ spec }: Pod): Amounts {
  let running = sum((spec?.containers ?? []).map(containerRequests));
  let most: Amounts = {};
  let sidecars: Amounts = {};
  for (const container of spec?.initContainers ?? []) {
    const own = containerRequests(container);
    if (isSidecar(container)) {
      sidecars = sum([sidecars, own]);
      most = max(most, sidecars);
    } else most = max(most, sum([sidecars, own]));
  }
  running = sum([running, sidecars]);
  return sum([max(running, most), amounts(spec?.overhead ?? {})]);
}

/** What the node has to give. */
export function amounts(quantities: Readonly<Record<string, string | number>>): Amounts {
  return Object.fromEntries(
    Object.entries(quantities).map(([name, quantity]) => [name, toThousandths(quantity)]),
  );
}

/** The sum, resource by resource. */
export function sum(all: readonly Amounts[]): Amounts {
  const total: Record<string, number> = {};
  for (const one of all)
    for (const [name, amount] of Object.entries(one)) total[name] = (total[name] ?? 0) + amount;
  return total;
}

function max(one: Amounts, other: Amounts): Amounts {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries(
    [...names].map((name) => [name, Math.max(one[name] ?? 0, other[name] ?? 0)]),
  );
}

function containerRequests({ resources }: Container): Amounts {
  return amounts(resources?.requests ?? {});
}

function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}
