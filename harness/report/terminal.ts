import { systemClock, type Clock } from "../time/clock.ts";
import { drawTraffic } from "./bars.ts";
import type { LabEvent, LiveTraffic, Observer } from "./events.ts";
import { linesOf } from "./lines.ts";
import { createPaint, takesColours } from "./style.ts";
import type { Language } from "./text.ts";

/** Where a page is written: standard output, or a test's collector. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface TerminalOptions {
  readonly screen: Screen;
  readonly language: Language;
  /** @default what the screen and NO_COLOR say */
  readonly colours?: boolean;
  /** Lines name their lab: several run at once. @default false */
  readonly named?: boolean;
  readonly clock?: Clock;
}

/** Shows a run as it happens: on a terminal with traffic drawn live, elsewhere as plain lines. */
export function createTerminal(
  options: TerminalOptions,
): Observer & { readonly close: () => void } {
  const { screen, language, clock = systemClock } = options;
  const paint = createPaint(options.colours ?? takesColours(screen));
  const live = screen.isTTY === true ? createLiveArea(screen) : undefined;
  let traffic: LiveTraffic | undefined;
  let progress = "";
  let progressAt = Number.NEGATIVE_INFINITY;

  function draw(): void {
    if (!live) return;
    const bars = traffic ? drawTraffic(traffic, paint, screen.columns || 80) : [];
    const head = traffic ? [`   ${traffic.title}`] : [];
    live.show([...head, ...bars, ...(progress ? [paint("dim", `   … ${progress}`)] : [])]);
  }

  function tellProgress(text: string, lab: string): void {
    progress = text;
    if (live) return draw();
    // Without a terminal long waits still say every two seconds what they wait for.
    if (clock.now() - progressAt < 2_000) return;
    progressAt = clock.now();
    write([`   … ${text}`], lab);
  }

  function write(lines: readonly string[], lab: string | undefined): void {
    const prefix = options.named && lab !== undefined ? `${lab} │ ` : "";
    if (lines.length > 0) screen.write(`${lines.map((line) => prefix + line).join("\n")}\n`);
  }

  const observer = (event: LabEvent) => {
    if (event.type === "traffic") {
      traffic = event.traffic;
      progress = "";
      return draw();
    }
    if (event.type === "progress") return tellProgress(event.text, event.lab);
    live?.clear();
    const last =
      event.type === "check" && live && traffic
        ? drawTraffic(traffic, paint, screen.columns || 80)
        : [];
    traffic = undefined;
    progress = "";
    write(
      [...last, ...linesOf(event, { paint, language, columns: screen.columns || undefined })],
      labOf(event),
    );
  };
  return Object.assign(observer, { close: () => live?.clear() });
}

function labOf(event: LabEvent): string | undefined {
  return event.type === "lab-end" ? event.record.lab : event.lab;
}

/** The last lines of a terminal, drawn over and over. */
function createLiveArea(screen: Screen) {
  let drawn = 0;
  const clear = () => {
    if (drawn > 0) screen.write(`\u001B[${drawn}A\u001B[J`);
    drawn = 0;
  };
  return {
    clear,
    show(lines: readonly string[]) {
      const fitting = lines.slice(0, Math.max(1, (screen.rows || 24) - 2));
      const up = drawn > 0 ? `\u001B[${drawn}A` : "";
      // Line over line and in one piece: to clear first would flicker.
      const text = fitting.map((line) => `${line}\u001B[K\n`).join("");
      // Lines must not wrap, or going up again would miss some of them.
      screen.write(`${up}\u001B[?7l${text}\u001B[?7h\u001B[J`);
      drawn = fitting.length;
    },
  };
}
