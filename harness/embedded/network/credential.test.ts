import { expect, test } from "vitest";
import { issueCredential, verifyCredential, type Identity } from "./credential.ts";

const identity: Identity = { kind: "pod", ip: "10.244.0.5", uid: "u", proxy: false };
const good = issueCredential("secret", identity);

test("proves the identity that it was issued for", () => {
  expect(verifyCredential("secret", good)).toEqual(identity);
});

test.each([
  ["another cluster's", issueCredential("other", identity)],
  ["one whose identity was changed", { ...good, identity: good.identity.replace("false", "true") }],
  ["one that is cut short", { ...good, mac: good.mac.slice(2) }],
  ["one without a proof", { identity: good.identity, mac: undefined }],
])("%s is not accepted", (_what, credential) => {
  expect(verifyCredential("secret", credential)).toBeUndefined();
});
