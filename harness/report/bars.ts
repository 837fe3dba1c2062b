import type { LiveTraffic, Share } from "./events.ts";
import { count, duration, type Paint } from "./style.ts";

const widest = 40;

/**
 * Traffic as lines: one bar a responder, as long as its share, with the interval in which the true share lies
 * marked below its end.
 */
export function drawTraffic(
  traffic: LiveTraffic,
  paint: Paint,
  columns: number,
): readonly string[] {
  const name = Math.min(32, Math.max(4, ...traffic.shares.map((share) => share.name.length)));
  const width = Math.max(10, Math.min(widest, columns - name - 34));
  const rate = traffic.elapsedMs > 0 ? (traffic.requests / traffic.elapsedMs) * 1000 : 0;
  const errors = traffic.errors === 0 ? "" : paint("red", ` · ${count(traffic.errors)} errors`);
  return [
    ...traffic.shares.map((share) => drawShare(share, name, width, paint)),
    paint(
      "dim",
      `    ${count(traffic.requests)} requests · ${count(Math.round(rate))}/s · ${duration(traffic.elapsedMs)}`,
    ) + errors,
  ];
}

function drawShare(
  { name, share, interval }: Share,
  nameWidth: number,
  width: number,
  paint: Paint,
): string {
  const label = name.length > nameWidth ? `…${name.slice(1 - nameWidth)}` : name.padEnd(nameWidth);
  const cells = Array.from({ length: width }, (_, cell) =>
    drawCell(cell, width, share, interval, paint),
  );
  const between = interval ? paint("dim", ` ${percent(interval[0])}–${percent(interval[1])}`) : "";
  return `    ${label} ${cells.join("")} ${percent(share).padStart(7)}${between}`;
}

function drawCell(
  cell: number,
  width: number,
  share: number,
  interval: Share["interval"],
  paint: Paint,
): string {
  const at = (cell + 0.5) / width;
  const uncertain = interval !== undefined && at >= interval[0] && at <= interval[1];
  if (at <= share) return uncertain ? paint("cyan", "▓") : paint("cyan", "█");
  return uncertain ? paint("cyan", "▒") : paint("dim", "·");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
