interface CatalogueEntry {
  /** Exit code of a command that ends with this error: 1 a check failed, 2 bad input, 3 the environment. */
  readonly exitCode: 1 | 2 | 3;
  /** What the reader can do, where the error itself does not say. */
  readonly advice: string;
}

/** Every failure the harness can report. Codes are stable: scripts may match them. */
export const catalogue = {
  LAB_UNKNOWN: { exitCode: 2, advice: "npm run lab -- --list shows every lab." },
  LAB_USAGE: { exitCode: 2, advice: "Run the command with --help." },
  LAB_MANIFEST_INVALID: { exitCode: 2, advice: "Correct the manifest at the place named." },
  LAB_STEP_FAILED: { exitCode: 1, advice: "Read the evidence printed with the step." },
  LAB_VERDICT_FAILED: { exitCode: 1, advice: "Read the likeliest cause printed with the verdict." },
  LAB_VERDICT_INCONCLUSIVE: {
    exitCode: 1,
    advice: "Run it again on a quieter machine or raise the cap.",
  },
  LAB_RULE_NOT_IN_FORCE: {
    exitCode: 1,
    advice: "Check that the rule was applied and names the right host.",
  },
  LAB_EXPECTATION_FAILED: { exitCode: 1, advice: "Read the evidence printed with the step." },
  LAB_APPLY_REFUSED: { exitCode: 1, advice: "Read the server's words; correct what it names." },
  LAB_ROLLOUT_FAILED: {
    exitCode: 1,
    advice: "Correct the cause named; waiting longer won't help.",
  },
  LAB_EXEC_FAILED: { exitCode: 1, advice: "Look at the pod: kubectl describe pod." },
  LAB_SABOTAGE_INVALID: { exitCode: 2, advice: "Correct the sabotage in the lab's file." },
  LAB_SABOTAGE_MISSED: {
    exitCode: 1,
    advice: "The check cannot see this fault: make it sharper, or correct the sabotage.",
  },
  PAGES_STALE: { exitCode: 1, advice: "Write them anew: npm run pages." },
  LAB_INVALID: { exitCode: 2, advice: "Correct the lab's file." },
  LAB_WAIT_TIMEOUT: { exitCode: 1, advice: "Look at the object's events: kubectl describe." },
  LAB_VANTAGE_UNUSABLE: {
    exitCode: 1,
    advice: "Choose a vantage whose pod runs the kubelab/apps image.",
  },
  CLUSTER_START_FAILED: { exitCode: 3, advice: "Read the last lines of the cluster's log." },
  CLUSTER_UNREACHABLE: {
    exitCode: 3,
    advice: "Check that the cluster runs: npm run cluster status.",
  },
  CLUSTER_ALREADY_RUNNING: { exitCode: 2, advice: "Stop it first: npm run cluster down." },
  CLUSTER_NOT_RUNNING: { exitCode: 2, advice: "Start one first: npm run cluster up." },
  DOCKER_UNAVAILABLE: {
    exitCode: 3,
    advice: "Start Docker (or add your user to its group), or run with --cluster embedded.",
  },
  IMAGE_UNAVAILABLE: {
    exitCode: 3,
    advice:
      "Check the name and the network, load it with npm run images -- --load FILE, or run with --cluster embedded.",
  },
  IMAGE_RATE_LIMITED: {
    exitCode: 3,
    advice: "Wait, log in to the registry, use a mirror, or load the images from a file.",
  },
  DISK_FULL: { exitCode: 3, advice: "Free some space: docker system df shows what is taken." },
  TEMPORARY_FOLDER_UNUSABLE: {
    exitCode: 3,
    advice: "Set TMPDIR to a folder of your own that you may write to.",
  },
  RBAC_TOO_SMALL: {
    exitCode: 3,
    advice: "Ask for these rights, or use a context of a user who has them.",
  },
  CLUSTER_TOO_OLD: { exitCode: 3, advice: "Upgrade the cluster, or run on --cluster embedded." },
  KUBECONFIG_INVALID: { exitCode: 2, advice: "Correct the file, or point KUBECONFIG at another." },
  CONTEXT_NOT_NAMED: { exitCode: 2, advice: "Name the context to use: --context NAME." },
  CONTEXT_UNKNOWN: { exitCode: 2, advice: "kubectl config get-contexts lists them." },
  CONTEXT_LOOKS_LIKE_PRODUCTION: {
    exitCode: 2,
    advice: "If labs may really run there, say so with --yes.",
  },
  SERVICE_NOT_OUTSIDE: {
    exitCode: 1,
    advice: "Make the Service a NodePort or LoadBalancer, or ask from inside the cluster.",
  },
  PORT_IN_USE: { exitCode: 3, advice: "Stop the program that holds the port or choose another." },
  ADDON_MISSING: {
    exitCode: 3,
    advice: "Install it yourself, or let the run install it and remove it again: --install.",
  },
  ADDON_FAILED: { exitCode: 3, advice: "Read the add-on's pods and events." },
  NOT_SUPPORTED: {
    exitCode: 2,
    advice: "Use a cluster that supports it: --cluster k3s or a kubeconfig.",
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
