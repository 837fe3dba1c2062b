import type { LabDefinition } from "../lab/definition.ts";
import { inLanguage, type Language } from "../report/text.ts";

const words = {
  en: {
    title: "Labs",
    about:
      "Each lab is one step of a tutorial that runs. Its page is written from the lab itself, so page and test say the same. `npm run lab NAME` runs one.",
    head: ["Lab", "What it shows", "Tutorial", "Needs"],
    nothing: "nothing",
  },
  zh: {
    title: "实验",
    about:
      "每个实验都是教程中可以运行的一步。页面由实验本身生成，所以页面与测试说的是同一件事。`npm run lab NAME` 运行其中一个。",
    head: ["实验", "展示什么", "教程", "需要"],
    nothing: "无",
  },
} as const satisfies Record<Language, unknown>;

/** The list of all labs, as Markdown. */
export function indexPage(labs: readonly LabDefinition[], language: Language): string {
  const { title, about, head, nothing } = words[language];
  const other =
    language === "en" ? "[中文](../zh/labs/README.md)" : "[English](../../labs/README.md)";
  const rows = labs.map(({ name, options }) => {
    const needs = [...(options.addons ?? []), ...(options.requires ?? [])].join(", ");
    return [
      `[${name}](${name}.md)`,
      inLanguage(options.shows, language),
      options.tutorial,
      needs || nothing,
    ];
  });
  const table = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  return `<!-- Written by \`npm run pages\`. -->\n\n# ${title}\n\n${about} ${other}\n\n${table.join("\n")}\n`;
}
