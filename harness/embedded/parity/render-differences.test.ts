import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { acceptedDifferences } from "./accepted-differences.ts";
import { differencesPage, renderDifferences } from "./render-differences.ts";

test("the page of differences is what would be written now", () => {
  expect(readFileSync(differencesPage, "utf8")).toBe(renderDifferences());
});

test("every difference that the comparison accepts is on the page, with its reason", () => {
  const page = renderDifferences();
  for (const { title, reason } of acceptedDifferences) {
    expect(page).toContain(`### ${title}\n`);
    expect(page).toContain(reason);
  }
});
