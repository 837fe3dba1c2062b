import type { Paint } from "./style.ts";

/** One line of the table. */
export interface SabotageRow {
  readonly lab: string;
  readonly sabotage: string;
  readonly check: string;
  readonly caught: boolean;
  readonly detail: string;
}

/** The table of sabotages: lab, sabotage, the check that had to fail, caught or MISSED and why. */
export function sabotageTable(rows: readonly SabotageRow[], paint: Paint): string {
  const heads = ["lab", "sabotage", "check that had to fail", "result"] as const;
  const cells = rows.map((row) => [
    row.lab,
    row.sabotage,
    row.check,
    row.caught ? "caught" : "MISSED",
  ]);
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const body = rows.flatMap((row, index) => {
    const text = line(cells[index] ?? []);
    return row.caught
      ? [text.replace(/caught$/, paint("green", "caught"))]
      : [
          text.replace(/MISSED$/, paint("red", "MISSED")),
          paint("red", `    instead: ${row.detail}`),
        ];
  });
  return [paint("bold", line(heads)), ...body].join("\n");
}
