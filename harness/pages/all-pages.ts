import { labNames, loadLab } from "../lab/find-labs.ts";
import { languages } from "../report/text.ts";
import { errorsPage } from "./errors-page.ts";
import { indexPage } from "./index-page.ts";
import { labPage } from "./lab-page.ts";

/** Where the labs' pages are, by language. */
export const labPagesFolder = { en: "docs/labs", zh: "docs/zh/labs" } as const;

/** Every page that is written from the code, by its path in the repository. */
export async function allPages(): Promise<ReadonlyMap<string, string>> {
  const labs = await Promise.all(labNames().map((name) => loadLab(name)));
  const pages = new Map<string, string>([["docs/errors.md", errorsPage()]]);
  for (const language of languages) {
    const folder = labPagesFolder[language];
    pages.set(`${folder}/README.md`, indexPage(labs, language));
    for (const lab of labs) pages.set(`${folder}/${lab.name}.md`, await labPage(lab, language));
  }
  return pages;
}
