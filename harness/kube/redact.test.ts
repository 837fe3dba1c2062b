import { expect, test } from "vitest";
import { redactObject, redactText, secretValues } from "./redact.ts";

const secret = {
  kind: "Secret",
  metadata: {
    name: "db",
    annotations: {
      "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"password":"aHVudGVyMg=="}}',
    },
  },
  data: { password: Buffer.from("hunter22").toString("base64") },
};

test("an object's Secret values and the copy of them that kubectl keeps are hidden", () => {
  const shown = JSON.stringify(redactObject(secret));
  expect(shown).not.toContain("aHVudGVy");
  expect(shown).toContain('"password"');
});

test("secret values are hidden in text, encoded and plain", () => {
  const text = `login with hunter22 (${secret.data.password})`;
  expect(redactText(text, secretValues(secret))).toBe("login with ‹hidden› (‹hidden›)");
});

test("tokens are hidden wherever they stand", () => {
  const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
  expect(redactText(`Authorization: Bearer abc.def and ${token}`)).toBe(
    "Authorization: Bearer ‹hidden› and ‹hidden›",
  );
});
