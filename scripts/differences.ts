import { readFileSync, writeFileSync } from "node:fs";
import {
  differencesPage,
  renderDifferences,
} from "../harness/embedded/parity/render-differences.ts";

// Writes harness/embedded/differences.md. With --check it writes nothing and fails where the page is stale.
const page = renderDifferences();
if (!process.argv.includes("--check")) writeFileSync(differencesPage, page);
else if (readFileSync(differencesPage, "utf8") !== page) {
  process.stderr.write(
    "harness/embedded/differences.md is stale: run node scripts/differences.ts\n",
  );
  process.exitCode = 1;
}
