/** The languages that labs are written in. */
export const languages = ["en", "zh"] as const;
export type Language = (typeof languages)[number];

/** A sentence in each language; plain text stands for all of them. */
export type Text = string | { readonly en: string; readonly zh: string };

/** The sentence in one language. */
export function inLanguage(text: Text, language: Language): string {
  return typeof text === "string" ? text : text[language];
}
