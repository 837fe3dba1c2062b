import type { IncomingMessage } from "node:http";
import type { User } from "../rest/request-context.ts";
import type { Authorizer } from "./authorizer.ts";

const accountName = /^system:serviceaccount:(?<namespace>[^:]+):(?<name>[^:]+)$/;
const authenticated = "system:authenticated";
const unauthenticated = "system:unauthenticated";

/** Whom the request acts as: `kubectl --as` and `--as-group`, for those who may impersonate. */
export function impersonated(
  { headersDistinct: headers }: IncomingMessage,
  user: User,
  authorizer: Authorizer,
): User {
  const name = headers["impersonate-user"]?.[0];
  if (name === undefined) return user;
  const groups = headers["impersonate-group"] ?? [];
  const account = accountName.exec(name)?.groups;
  const mustAllow = (resource: string, target: string, namespace?: string): void =>
    authorizer.mustAllow(user, {
      verb: "impersonate",
      group: "",
      resource,
      subresource: "",
      namespace,
      name: target,
    });
  if (account) mustAllow("serviceaccounts", account["name"] ?? "", account["namespace"]);
  else mustAllow("users", name);
  for (const group of groups) mustAllow("groups", group);
  return { name, groups: withImplied(name, groups, account?.["namespace"]) };
}

/** A service account's groups where none were named, and the one that tells who has signed in. */
function withImplied(name: string, named: readonly string[], namespace?: string): string[] {
  const groups = [...named];
  if (groups.length === 0 && namespace !== undefined) {
    groups.push("system:serviceaccounts", `system:serviceaccounts:${namespace}`);
  }
  if (groups.includes(authenticated) || groups.includes(unauthenticated)) return groups;
  return [...groups, name === "system:anonymous" ? unauthenticated : authenticated];
}
