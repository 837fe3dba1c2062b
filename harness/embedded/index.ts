export { keepCompiledCode } from "./state/compile-cache.ts";
export { spawnEmbeddedCluster, stopEmbeddedCluster, type SpawnedCluster } from "./spawn.ts";
export { identifyProcess, isRunning } from "./state/process-identity.ts";
export { runningClusters, uniqueClusterName } from "./state/state-folder.ts";
