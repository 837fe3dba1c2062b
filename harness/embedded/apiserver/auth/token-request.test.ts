import { expect, test } from "vitest";
import { ServerUnderTest } from "../golden.fixture.ts";

const path = "/api/v1/namespaces/default/serviceaccounts/default/token";

test.each([
  [599, "may not specify a duration less than 10 minutes"],
  [4_294_967_297, "may not specify a duration larger than 2^32 seconds"],
])("a token is not made for %i s", async (expirationSeconds, why) => {
  await using server = await ServerUnderTest.start();
  const answer = await server.ask({ method: "POST", path, body: { spec: { expirationSeconds } } });
  expect(JSON.parse(answer.body)).toMatchObject({
    code: 422,
    message: `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${expirationSeconds}: ${why}`,
  });
});
