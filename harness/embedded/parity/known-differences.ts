/** What a user should know that no recording shows. */
export interface KnownDifferences {
  readonly title: string;
  readonly facts: readonly string[];
}

/** By the part of Kubernetes that they concern; `differences.md` is written from this list. */
export const knownDifferences: readonly KnownDifferences[] = [
  {
    title: "Containers",
    facts: [
      "A container is a process of this machine and of the user who started the cluster. There are no users, groups, capabilities, seccomp or cgroups: `securityContext` is kept and shown, and changes nothing but that `runAsNonRoot` is checked against the image's user. `privileged`, host namespaces and a shared process namespace are refused.",
      "Node programs see the container's files under the container's paths. Other programs (`sh`, `ls`, `pwd`, `env`) get paths rewritten in their command line and script, but what they print are the folders of this machine; their `PATH` ends with the machine's own, `SHLVL` and the like are the shell's, and files belong to the user who runs the cluster. Nothing but that user's rights keeps them from writing to `/usr` or to the folder of their image, where a container would have a layer of its own: for the apps that folder is `fixtures` of this checkout.",
      "A memory limit is enforced on Linux only, by looking at the processes twice a second; a container that grows faster may exceed it for a moment. CPU limits and an emptyDir's `sizeLimit` are kept and shown, not enforced.",
      "A terminal (`-t`) is a pair of pipes: no size, no job control, no line editing.",
      "There are no ephemeral containers (`kubectl debug` of a running pod) and no devices. Volumes are ConfigMaps, Secrets, projected, downward API and emptyDir; others, `volumeClaimTemplates` among them, are refused.",
      "The processes of a container are killed as a group, also those that its first process left behind.",
    ],
  },
  {
    title: "Images",
    facts: [
      "An image is a folder with an `image.json`, there at once: pulling one takes a millisecond, whatever the pull policy. Image ids are digests of that folder. Any other image is not found, with the messages of a registry that cannot be reached.",
      "`nginx`, `redis`, `busybox`, `curl`, Istio and ingress-nginx are programs of our own that stand for the public images. Each knows a subset and refuses the rest in the words of the original; what it knows is in its README.",
    ],
  },
  {
    title: "The node and its kubelet",
    facts: [
      "There is one node, `kubelab`, with the address 127.0.0.1; its `containerRuntimeVersion` is `kubelab://processes`. It never becomes NotReady, and nothing is evicted.",
      "A back-off ends on time, where a real kubelet notices up to five seconds late (10 s were recorded as 10.3 to 12.8, 20 s as 24.3 to 26.7). There is no jitter in it.",
      "A first readiness or liveness probe that is refused waits up to 1.5 s for a program that still boots, before it counts; an httpGet postStart waits up to 5 s.",
      "After a crash, `kubectl logs --previous` shows the run before; a real kubelet may have removed that container already and says so.",
    ],
  },
  {
    title: "Network",
    facts: [
      "Addresses of pods and Services are names for ports on this machine's loopback. Node programs reach them by the cluster's names and addresses; other programs of the machine do not, but for `wget`, `nc`, `nslookup`, `httpd` and `curl`, which are stand-ins. `ping`, `dig`, `telnet` and the like, which would speak for the machine, are not found in containers.",
      "TCP only: a program that asks for UDP is refused, and a Service's UDP or SCTP port leads nowhere. There is no IPv6. `hostPort` is refused. NetworkPolicies are not served.",
      "A NodePort is a real port of 127.0.0.1; where it is taken, another one. A LoadBalancer's address is 127.0.0.1. The Service's annotation `kubelab.dev/outside` tells which port leads to which.",
      "A node port accepts before it knows whether a pod does: where none does, the connection is reset and not refused. `externalTrafficPolicy` changes nothing, since there is one node.",
      "Endpoints take effect as kube-proxy's iptables mode would make them: at once after a quiet second, else once a second.",
      "Off Linux a server sees the node's address as its client's, because only Linux answers on all of 127.0.0.0/8. macOS and Windows were not tried.",
    ],
  },
  {
    title: "Workloads and scheduling",
    facts: [
      "Not served, so that `kubectl apply` finds no such kind: CronJob, HorizontalPodAutoscaler, PodDisruptionBudget, NetworkPolicy, PersistentVolume and its claims, StorageClass, PriorityClass, ResourceQuota, LimitRange, CustomResourceDefinition, validating webhooks and admission policies.",
      "A Job with `podFailurePolicy`, `successPolicy`, `backoffLimitPerIndex` or `managedBy` does nothing and says so in an event.",
      "The scheduler knows node selectors, node and pod affinity, taints, resources and scheduling gates. It preempts nobody, and taints with `NoExecute` evict nobody. Preferences change nothing, since there is one node.",
      "`topologySpreadConstraints` are met by one node that has the key's label; one that lacks it is refused as in Kubernetes.",
      "Finished pods that nobody owns stay until they are deleted (Kubernetes removes them beyond 12,500).",
    ],
  },
  {
    title: "API",
    facts: [
      "Objects are kept in memory: they are gone when the cluster's process ends. Old versions of lists are kept for a while only, as in Kubernetes.",
      "kubectl 1.27 to 1.33 and @kubernetes/client-node were tried. Columns and messages are Kubernetes v1.36's; the descriptions of columns are our own.",
      "`system:masters` may do anything and service accounts are held to RBAC; other users are only those that an administrator impersonates. Certificates cannot be requested.",
      "Not here: the proxy subresources, `kubectl top`.",
      "`kubectl apply --prune` asks for kinds that are not served, unless `--prune-allowlist` names the kinds to prune (`core/v1/ConfigMap`) or `--applyset` is used.",
    ],
  },
  {
    title: "Mesh",
    facts: [
      "Istio's sidecar is injected by a webhook, as Istio does it, but there is no `istio-init` container: connections are redirected by the pod network itself. Programs that are not Node's are not redirected, because they are not on it.",
      "Proxies read the API server themselves; istiod sends them nothing. Fields of Istio's API that are not built are refused when the object is written, by name.",
    ],
  },
];
