// The catalogue's shape and its choice. A language is one more file and one more line in `catalogues`; questions come from
// the server, so a language is worth adding here once the server speaks it too.

import { english } from "./strings.en";

export type Strings = typeof english;

const catalogues: Record<string, Strings> = { en: english };

/** The strings for a BCP 47 language tag, by its first part; English when there are none. */
export const stringsFor = (language: string): Strings => catalogues[language.toLowerCase().split("-")[0]!] ?? english;

/** Puts values into a text's {names}. */
export const put = (text: string, values: Record<string, string | number>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
