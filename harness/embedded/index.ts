export {
  spawnEmbeddedCluster,
  stopEmbeddedCluster,
  type SpawnedCluster,
  type SpawnOptions,
} from "./spawn.ts";
export { runningClusters, uniqueClusterName } from "./state/state-folder.ts";
