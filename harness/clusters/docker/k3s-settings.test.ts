import { expect, test } from "vitest";
import { toK3sSettings } from "./k3s-settings.ts";

test("a call's value beats the environment's, and that the default", () => {
  const environment = { KUBELAB_K3S_CGROUPNS: "private", KUBELAB_K3S_PORT: "6443" };
  expect(toK3sSettings({}, {})).toMatchObject({ cgroupNamespace: "host", keep: false });
  expect(toK3sSettings({}, environment)).toMatchObject({
    cgroupNamespace: "private",
    apiPort: 6443,
  });
  expect(toK3sSettings({ cgroupNamespace: "host", apiPort: 1234 }, environment)).toMatchObject({
    cgroupNamespace: "host",
    apiPort: 1234,
  });
});

test.each([
  [{ KUBELAB_K3S_CGROUPNS: "shared" }, "KUBELAB_K3S_CGROUPNS=shared: expected host or private"],
  [{ KUBELAB_K3S_PORT: "0" }, "KUBELAB_K3S_PORT=0: expected a number from 1 to 65535"],
  [{ KUBELAB_REGISTRIES: "/no/such.yaml" }, "there is no file /no/such.yaml"],
])("refuses %j", (environment, message) => {
  expect(() => toK3sSettings({}, environment)).toThrow(message);
});
