import type { IncomingMessage } from "node:http";
import type { User } from "../rest/request-context.ts";
import type { Authorizer } from "./authorizer.ts";

const serviceAccountPrefix = "system:serviceaccount:";

/** Whom the request acts as: `kubectl --as` and `--as-group`, for those who may impersonate. */
export function impersonated(
  { headersDistinct: headers }: IncomingMessage,
  user: User,
  authorizer: Authorizer,
): User {
  const name = headers["impersonate-user"]?.[0];
  if (name === undefined) return user;
  const groups = headers["impersonate-group"] ?? [];
  const mustAllow = (resource: string, target: string): void =>
    authorizer.mustAllow(user, {
      verb: "impersonate",
      group: "",
      resource,
      subresource: "",
      namespace: undefined,
      name: target,
    });
  mustAllow("users", name);
  for (const group of groups) mustAllow("groups", group);
  return { name, groups: [...groups, ...impliedGroups(name), "system:authenticated"] };
}

function impliedGroups(name: string): string[] {
  if (!name.startsWith(serviceAccountPrefix)) return [];
  const namespace = name.slice(serviceAccountPrefix.length).split(":")[0] ?? "";
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}
