import { join } from "node:path";
import { type Clock, systemClock } from "../../time/clock.ts";
import type { Client } from "../client.ts";
import type { NodeAgent } from "../node-agent.ts";
import type { PodNetwork } from "../pod-network.ts";
import type { Resource } from "../resource.ts";
import type { AdmissionStep } from "./admission/admission.ts";
import { createMutatingWebhooks } from "./admission/mutating-webhooks.ts";
import { createObjectChecks, type ObjectCheck } from "./admission/object-checks.ts";
import { createNamespaceLifecycle } from "./admission/namespace-lifecycle.ts";
import { podSchedulingDefaults } from "./admission/pod-scheduling-defaults.ts";
import { createRoleEscalation } from "./admission/role-escalation.ts";
import { createServiceAccountAdmission } from "./admission/service-account.ts";
import { createServiceAddresses, type PortRange } from "./admission/service-addresses.ts";
import { WebhookCaller } from "./admission/webhook-caller.ts";
import { Authenticator } from "./auth/authenticator.ts";
import { Authorizer } from "./auth/authorizer.ts";
import { CertificateAuthority } from "./auth/certificates.ts";
import { writeKubeConfig } from "./auth/kubeconfig.ts";
import { ServiceAccountTokens } from "./auth/service-account-tokens.ts";
import { createTokenRequest } from "./auth/token-request.ts";
import { createBootstrapObjects, publishApiServer } from "./bootstrap-objects.ts";
import { Actions } from "./http/actions.ts";
import { ApiHandler } from "./http/api-handler.ts";
import { Discovery } from "./http/discovery.ts";
import { type ListeningServer, startHttpsServer } from "./http/https-server.ts";
import { OpenApi } from "./http/open-api.ts";
import { ResourceHandler } from "./http/resource-handler.ts";
import { type InProcessBackend, InProcessClient } from "./in-process-client.ts";
import { allKinds } from "./kinds/all-kinds.ts";
import { createFieldOwnership } from "./patch/managed-fields.ts";
import { Patcher } from "./patch/patcher.ts";
import { createBinding } from "./rest/pod-binding.ts";
import { createEviction } from "./rest/pod-eviction.ts";
import { Registry } from "./rest/registry.ts";
import { ServedKinds } from "./rest/served-kinds.ts";
import { Subresources } from "./rest/subresources.ts";
import { decodeObject } from "./schema/object-decoder.ts";
import { PodStreams } from "./streaming/pod-streams.ts";
import { ObjectStore } from "./storage/object-store.ts";

/** How an API server is made. */
export interface ApiServerOptions {
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** Named in the kubeconfig. @default "kubelab" */
  readonly clusterName?: string;
  /** What an API group demands of its objects beyond their schema. @default nothing */
  readonly checks?: Readonly<Record<string, ObjectCheck>>;
  /** The ports that Services of type NodePort are given. @default 30000 to 32767 */
  readonly nodePorts?: PortRange | undefined;
  /** Told failures of the server itself. @default written to stderr */
  readonly onError?: (error: unknown) => void;
}

/** Where the HTTPS side listens. */
export interface ListenOptions {
  /** @default a free one */
  readonly port?: number | undefined;
  /** The address to listen on. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** Names and addresses that the server's certificate is good for besides the usual ones. @default none */
  readonly certificateHosts?: readonly string[] | undefined;
  /** The folder that gets a `kubeconfig` file, mode 0600. @default none is written */
  readonly stateDir?: string;
}

/** The listening API server; disposing it twice is harmless. */
export interface ListeningApiServer extends AsyncDisposable {
  /** "https://127.0.0.1:41234" */
  readonly url: string;
  readonly port: number;
  /** Where a stateDir was given. */
  readonly kubeConfigPath: string | undefined;
  stop(): Promise<void>;
}

/** Kubernetes' API, in memory. The in-process client works at once; HTTPS after `listen`. */
export interface ApiServer {
  readonly client: Client;
  /** A client whose writes managedFields tells from those of others. */
  clientOf(fieldManager: string): Client;
  /** PEM; what the ConfigMap kube-root-ca.crt holds. */
  readonly caCertificate: string;
  /** Every kind of object that the server holds, each in the group and version it is stored in. */
  readonly resources: readonly Resource[];
  listen(options?: ListenOptions): Promise<ListeningApiServer>;
  /** Gives pods/log, exec, attach and portforward somebody to ask. */
  useNodeAgent(agent: NodeAgent): void;
  /** Gives webhooks that name a Service a way to it. */
  usePodNetwork(network: PodNetwork): void;
}

const servingHosts = [
  "127.0.0.1",
  "::1",
  "10.96.0.1",
  "localhost",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
];

/** Makes an API server that holds what every new cluster holds. */
export function createApiServer(options: ApiServerOptions = {}): ApiServer {
  return new EmbeddedApiServer(options);
}

class EmbeddedApiServer implements ApiServer {
  readonly client: Client;
  readonly #clock: Clock;
  readonly #options: ApiServerOptions;
  readonly #authority: CertificateAuthority;
  readonly #tokens: ServiceAccountTokens;
  readonly #store = new ObjectStore();
  readonly #authorizer = new Authorizer(this.#store);
  readonly #kinds = new ServedKinds(allKinds);
  readonly #backend: InProcessBackend;
  #agent: NodeAgent | undefined;
  #network: PodNetwork | undefined;

  constructor(options: ApiServerOptions) {
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    this.#options = options;
    this.#authority = new CertificateAuthority("kubernetes", clock.now());
    this.#tokens = new ServiceAccountTokens(this.#store, clock);
    const registry = new Registry({
      store: this.#store,
      clock,
      admission: this.#admissionSteps(),
      decode: decodeObject,
      ownership: createFieldOwnership(clock),
    });
    this.#backend = {
      registry,
      kinds: this.#kinds,
      patcher: new Patcher(registry, clock),
      subresources: new Subresources(registry, {
        "pods/binding": createBinding(registry, clock),
        "pods/eviction": createEviction(registry),
        "serviceaccounts/token": createTokenRequest(this.#store, this.#tokens),
      }),
    };
    this.client = new InProcessClient(this.#backend);
    createBootstrapObjects(this.#store, clock.now());
    this.#store.forgetHistory();
  }

  clientOf(fieldManager: string): Client {
    return new InProcessClient(this.#backend, fieldManager);
  }

  get resources(): readonly Resource[] {
    return allKinds.map(({ resource }) => resource);
  }

  get caCertificate(): string {
    return this.#authority.certificate;
  }

  useNodeAgent(agent: NodeAgent): void {
    this.#agent = agent;
  }

  usePodNetwork(network: PodNetwork): void {
    this.#network = network;
  }

  async listen(options: ListenOptions = {}): Promise<ListeningApiServer> {
    const { port = 0, host = "127.0.0.1", certificateHosts = [], stateDir } = options;
    const authenticator = new Authenticator(this.#tokens);
    const authorizer = this.#authorizer;
    const agent = (): NodeAgent | undefined => this.#agent;
    const handler = this.#createHandler(authenticator, authorizer, agent);
    const store = this.#store;
    const streams = new PodStreams({ authenticator, authorizer, store, agent });
    const server = await startHttpsServer({
      serving: this.#authority.issue({
        commonName: "kube-apiserver",
        hosts: [...new Set([...servingHosts, ...certificateHosts])],
      }),
      caCertificate: this.caCertificate,
      port,
      host,
      onRequest: (request, response) => void handler.handle(request, response),
      onUpgrade: (request, socket, head) => streams.handleUpgrade(request, socket, head),
    });
    publishApiServer(this.#store, server.port, this.#clock.now());
    const url = `https://127.0.0.1:${server.port}`;
    const kubeConfigPath = stateDir === undefined ? undefined : join(stateDir, "kubeconfig");
    if (kubeConfigPath) await this.#writeKubeConfig(kubeConfigPath, url, server);
    const stop = (): Promise<void> => server.stop();
    return { url, port: server.port, kubeConfigPath, stop, [Symbol.asyncDispose]: stop };
  }

  async #writeKubeConfig(path: string, url: string, server: ListeningServer): Promise<void> {
    const client = this.#authority.issue({
      commonName: "kubernetes-admin",
      organizations: ["system:masters"],
    });
    const { clusterName = "kubelab" } = this.#options;
    const { caCertificate } = this;
    try {
      await writeKubeConfig(path, { clusterName, server: url, caCertificate, client });
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  #admissionSteps(): AdmissionStep[] {
    const store = this.#store;
    const caller = new WebhookCaller(store, () => this.#network);
    return [
      createNamespaceLifecycle(store),
      createRoleEscalation(this.#authorizer),
      podSchedulingDefaults,
      createServiceAccountAdmission(store),
      createMutatingWebhooks(store, caller),
      createServiceAddresses(store, this.#options.nodePorts),
      createObjectChecks(this.#options.checks ?? {}),
    ];
  }

  #createHandler(
    authenticator: Authenticator,
    authorizer: Authorizer,
    agent: () => NodeAgent | undefined,
  ): ApiHandler {
    const actions = new Actions(authorizer, this.#tokens);
    const served = (): ReturnType<ServedKinds["all"]> => this.#kinds.all();
    return new ApiHandler({
      authenticator,
      authorizer,
      kinds: this.#kinds,
      discovery: new Discovery(served, actions.kinds),
      openApi: new OpenApi(served),
      resources: new ResourceHandler(this.#backend, this.#clock, agent),
      actions,
      onError:
        this.#options.onError ??
        ((error) => process.stderr.write(`API server: ${String(error)}\n`)),
    });
  }
}
