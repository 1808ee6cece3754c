// The catalogue's shape and its choice. A language is one more file, one more entry in `catalogues`, and the questions'
// wording in internal/questionnaire.

import { english } from "./strings.en";
import { spanish } from "./strings.es";

export type Strings = typeof english;

const catalogues = [english, spanish];

/** The strings for the first BCP 47 tag whose language there is, by its first part; English when there is none. */
export const stringsFor = (tags: readonly (string | null | undefined)[]): Strings => {
  const languages = tags.map((tag) => tag?.toLowerCase().split("-")[0]);
  const first = languages.find((wish) => catalogues.some(({ language }) => language === wish));
  return catalogues.find(({ language }) => language === first) ?? english;
};

/** Puts values into a text's {names}. */
export const put = (text: string, values: Record<string, string | number>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
