import { isDeepStrictEqual } from "node:util";
import type { PodTemplateSpec } from "kubernetes-types/core/v1";

/** The label that tells a Deployment's ReplicaSets and their pods apart. */
export const podTemplateHashLabel = "pod-template-hash";

const safeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** A short name for a template: the same for the same template, another after a collision. */
export function templateHash(template: PodTemplateSpec, collisionCount?: number): string {
  const suffix = collisionCount === undefined ? "" : String(collisionCount);
  return safeEncode(String(fnv32a(canonicalJson(template) + suffix)));
}

/** Spells `text` in letters and digits that cannot form words. */
export function safeEncode(text: string): string {
  return Array.from(text, (char) => safeAlphabet[char.charCodeAt(0) % safeAlphabet.length]).join(
    "",
  );
}

/** Whether two templates differ in nothing but the hash label. */
export function sameTemplate(one: PodTemplateSpec, other: PodTemplateSpec): boolean {
  return isDeepStrictEqual(withoutHash(one), withoutHash(other));
}

function withoutHash(template: PodTemplateSpec): unknown {
  const { [podTemplateHashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return JSON.parse(JSON.stringify({ ...template, metadata: { ...template.metadata, labels } }));
}

/** JSON with sorted keys, so that the order in which a manifest is written does not matter. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
