import { describe, expect, test } from "vitest";
import { engineOrReason, LabCommand } from "./docker/engine.fixture.ts";
import { buildK3sStandIn } from "./docker/k3s-stand-in/build.ts";

const found = await engineOrReason();
const labs = ["deploy-app", "configmap-file", "service-types", "ingress-hosts", "istio-canary"];

describe.skipIf(!found.engine)(`labs on k3s (${found.reason ?? "an engine answers"})`, () => {
  test(`${labs.join(", ")} pass, their add-ons installed as on every real cluster`, async () => {
    const env = { KUBELAB_K3S_IMAGE: await buildK3sStandIn() };
    const command = new LabCommand([...labs, "--cluster", "k3s"], { env });
    expect({ code: await command.ended, output: command.output }).toMatchObject({ code: 0 });
    for (const lab of labs) expect(command.output).toContain(`${lab} passed in`);
    expect(command.output).toContain("· add-ons: istio");
  }, 300_000);
});
