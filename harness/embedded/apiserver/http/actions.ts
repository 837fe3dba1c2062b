import type { Authorizer, Attributes } from "../auth/authorizer.ts";
import type { ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import { methodNotAllowed } from "../errors/api-errors.ts";
import type { User } from "../rest/request-context.ts";
import { isJsonObject, type JsonObject } from "../storage/stored-object.ts";
import type { Exchange } from "./answer.ts";
import type { ActionKind } from "./discovery.ts";
import { readObject } from "./request-body.ts";
import type { ResourcePath } from "./resource-path.ts";

const whoAmI: Answer = (_spec, user) => ({ userInfo: toUserInfo(user) });

type Answer = (spec: JsonObject, user: User, namespace: string | undefined) => JsonObject;

/** Reviews: resources that answer a question by POST and are not kept. */
export class Actions {
  readonly kinds: readonly ActionKind[];
  readonly #answers: ReadonlyMap<string, Answer>;
  readonly #authorizer: Authorizer;
  readonly #tokens: ServiceAccountTokens;

  constructor(authorizer: Authorizer, tokens: ServiceAccountTokens) {
    this.#authorizer = authorizer;
    this.#tokens = tokens;
    const authentication = { group: "authentication.k8s.io", version: "v1", namespaced: false };
    const authorization = { group: "authorization.k8s.io", version: "v1", namespaced: false };
    const token: Answer = (spec) => this.#reviewToken(spec);
    const self: Answer = (spec, user) => this.#reviewAccess(spec, user);
    const rules: Answer = (spec, user) => this.#reviewRules(spec, user);
    const other: Answer = (spec) => this.#reviewAccess(spec, namedUser(spec));
    const local: Answer = (spec, _user, namespace) => {
      const asked = isJsonObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
      return this.#reviewAccess(
        { ...spec, resourceAttributes: { ...asked, namespace } },
        namedUser(spec),
      );
    };
    const rows: [ActionKind, Answer][] = [
      [{ ...authentication, kind: "SelfSubjectReview", plural: "selfsubjectreviews" }, whoAmI],
      [{ ...authentication, kind: "TokenReview", plural: "tokenreviews" }, token],
      [
        { ...authorization, kind: "SelfSubjectAccessReview", plural: "selfsubjectaccessreviews" },
        self,
      ],
      [
        {
          ...authorization,
          kind: "LocalSubjectAccessReview",
          plural: "localsubjectaccessreviews",
          namespaced: true,
        },
        local,
      ],
      [{ ...authorization, kind: "SubjectAccessReview", plural: "subjectaccessreviews" }, other],
      [
        { ...authorization, kind: "SelfSubjectRulesReview", plural: "selfsubjectrulesreviews" },
        rules,
      ],
    ];
    this.kinds = rows.map(([kind]) => kind);
    this.#answers = new Map(
      rows.map(([{ group, plural }, answer]) => [`${group}/${plural}`, answer]),
    );
  }

  /** Whether the path was one of ours; if so it has been answered. */
  async handle(exchange: Exchange, path: ResourcePath, verb: string, user: User): Promise<boolean> {
    const answer = this.#answers.get(`${path.group}/${path.plural}`);
    if (!answer || path.version !== "v1") return false;
    if (verb !== "create") throw methodNotAllowed();
    const body = await readObject(exchange.request, path.plural);
    const review = isJsonObject(body) ? body : {};
    const spec = isJsonObject(review.spec) ? review.spec : {};
    const status = answer(spec, user, path.namespace);
    exchange.sendJson(201, { ...review, metadata: { creationTimestamp: null }, status });
    return true;
  }

  #reviewToken(spec: JsonObject): JsonObject {
    const user = this.#tokens.authenticate(String(spec.token));
    if (!user) return { user: {}, error: "[invalid bearer token]" };
    return { authenticated: true, user: toUserInfo(user) };
  }

  #reviewAccess(spec: JsonObject, user: User): JsonObject {
    const { allowed, reason } = this.#authorizer.decide(user, attributesOf(spec));
    return { allowed, ...(reason === undefined ? {} : { reason }) };
  }

  #reviewRules(spec: JsonObject, user: User): JsonObject {
    const all = this.#authorizer.rulesOf(user, textOf(spec.namespace)).map((rule) => ({ ...rule }));
    return {
      resourceRules: all.filter(({ nonResourceURLs }) => !nonResourceURLs),
      nonResourceRules: all.filter(({ nonResourceURLs }) => nonResourceURLs),
      incomplete: false,
    };
  }
}

function attributesOf(spec: JsonObject): Attributes {
  const asked = isJsonObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const path = isJsonObject(spec.nonResourceAttributes) ? spec.nonResourceAttributes : undefined;
  const text = (field: string): string => textOf((path ?? asked)[field]);
  const namespace = text("namespace");
  return {
    verb: text("verb"),
    ...(path ? { path: text("path") } : {}),
    group: text("group"),
    resource: text("resource"),
    subresource: text("subresource"),
    namespace: namespace === "" ? undefined : namespace,
    name: text("name"),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function namedUser(spec: JsonObject): User {
  const groups = Array.isArray(spec.groups) ? spec.groups.map(String) : [];
  return { name: textOf(spec.user), groups };
}

function toUserInfo({ name, uid, groups, extra }: User): JsonObject {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    groups,
    ...(extra ? { extra } : {}),
  };
}
