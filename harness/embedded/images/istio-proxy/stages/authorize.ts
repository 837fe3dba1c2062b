import { replyLocally } from "../../data-plane/local-reply.ts";
import type { Stage } from "../../data-plane/stage.ts";
import { judgeAccess, policiesFor } from "../routing/authorization.ts";
import type { MeshSnapshot, ProxyIdentity } from "../routing/model.ts";

/** Refuses what the workload's AuthorizationPolicies do not allow. */
export function authorizeStage(
  snapshot: () => MeshSnapshot,
  workload: ProxyIdentity,
  port: number,
): Stage {
  return {
    name: "authorize",
    async run(exchange, next) {
      const policies = policiesFor(snapshot(), workload);
      if (policies.length === 0) return next(exchange);
      const details = judgeAccess(policies, {
        principal: exchange.downstream.peerIdentity?.replace(/^spiffe:\/\//, ""),
        sourceIp: exchange.downstream.remoteAddress,
        port,
        request: exchange,
      });
      if (details === undefined) return next(exchange);
      exchange.facts.cluster = `inbound|${port}||`;
      return replyLocally(exchange, { status: 403, body: "RBAC: access denied", details });
    },
  };
}
