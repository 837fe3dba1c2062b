import { expect, test } from "vitest";
import { LabError } from "../../errors/lab-error.ts";
import { explainEngineError } from "./engine-errors.ts";

const image = "rancher/k3s:v1.35.8-k3s1";

test.each([
  [
    "toomanyrequests: You have reached your unauthenticated pull rate limit.",
    "IMAGE_RATE_LIMITED",
    `the registry refuses to serve ${image} for now: its rate limit is reached`,
  ],
  [
    "write /var/lib/docker/tmp/x: no space left on device",
    "DISK_FULL",
    "the Docker engine's disk is full",
  ],
  [
    "driver failed programming external connectivity: Error starting userland proxy: listen tcp4 0.0.0.0:6443: bind: address already in use",
    "PORT_IN_USE",
    "a port the cluster needs is taken: 0.0.0.0:6443",
  ],
  [
    "Bind for 0.0.0.0:6443 failed: port is already allocated",
    "PORT_IN_USE",
    "a port the cluster needs is taken: 0.0.0.0:6443",
  ],
  [
    'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
    "IMAGE_UNAVAILABLE",
    `image ${image} is not here and cannot be pulled: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host`,
  ],
  [
    "connect ECONNREFUSED /var/run/docker.sock",
    "DOCKER_UNAVAILABLE",
    "the Docker engine stopped answering",
  ],
  ["socket hang up", "DOCKER_UNAVAILABLE", "the Docker engine stopped answering"],
])("%j is %s, in one sentence", (words, code, sentence) => {
  const explained = explainEngineError(
    new Error("(HTTP code 500)", { cause: new Error(words) }),
    image,
  );
  expect(explained).toMatchObject({ code, message: sentence });
  expect((explained as LabError).advice).not.toBe("");
});

test("what it does not know stays as it is", () => {
  const error = new Error("something else");
  expect(explainEngineError(error, image)).toBe(error);
  const known = new LabError("LAB_USAGE", "no such host");
  expect(explainEngineError(known, image)).toBe(known);
});
