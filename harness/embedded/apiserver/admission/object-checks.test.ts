import { expect, test } from "vitest";
import { virtualServices } from "../../resources.ts";
import { createApiServer } from "../api-server.ts";

const rule = {
  metadata: { name: "logic", namespace: "default" },
  spec: { hosts: ["logic"], http: [] },
};

test("refuses an object that its group's check finds fault with, naming the field", async () => {
  const { client } = createApiServer({
    checks: { "networking.istio.io": () => [{ field: "spec.tls", reason: "is not supported" }] },
  });
  await expect(client.create(virtualServices, rule)).rejects.toMatchObject({
    code: 422,
    message:
      'VirtualService.networking.istio.io "logic" is invalid: spec.tls: Forbidden: is not supported',
  });
});

test("takes an object that its group's check finds well, and asks again on a change", async () => {
  let wrong = false;
  const { client } = createApiServer({
    checks: { "networking.istio.io": () => (wrong ? [{ field: "spec", reason: "is wrong" }] : []) },
  });
  await client.create(virtualServices, rule);
  wrong = true;
  const key = { namespace: "default", name: "logic" };
  const patch = { type: "merge", body: { spec: { hosts: ["other"] } } } as const;
  await expect(client.patch(virtualServices, key, patch)).rejects.toMatchObject({ code: 422 });
  await expect(client.get(virtualServices, key)).resolves.toMatchObject({
    spec: { hosts: ["logic"] },
  });
});
