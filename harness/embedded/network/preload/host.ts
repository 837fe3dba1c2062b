import os from "node:os";
import type { PodEnvironment } from "../pod-environment.ts";

/** Makes the process see the pod's host name and its two interfaces. */
export function installHost(pod: PodEnvironment): void {
  const [, , third = 0, fourth = 0] = pod.ip.split(".").map(Number);
  const mac = ["0a", "58", "0a", "f4", hex(third), hex(fourth)].join(":");
  os.hostname = () => pod.hostname;
  os.networkInterfaces = () => ({
    lo: [
      {
        address: "127.0.0.1",
        netmask: "255.0.0.0",
        family: "IPv4",
        mac: "00:00:00:00:00:00",
        internal: true,
        cidr: "127.0.0.1/8",
      },
    ],
    eth0: [
      {
        address: pod.ip,
        netmask: "255.255.255.0",
        family: "IPv4",
        mac,
        internal: false,
        cidr: `${pod.ip}/24`,
      },
    ],
  });
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");
