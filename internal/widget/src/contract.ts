// The shapes that the server sends and takes. docs/architecture.md is their source.

export type Value = string | number | boolean | string[] | Record<string, number>;

export interface Choice {
  value: string;
  label: string;
}

/** One question. `text` and `consent` are the widget's own, for the visitor's name, address and consent. */
export interface Question {
  id: string;
  section: string;
  wording: string;
  type: "choice" | "choices" | "boolean" | "integer" | "number" | "shares" | "text" | "consent";
  required?: boolean;
  choices?: Choice[];
  min?: number;
  max?: number;
  unit?: string;
  /** The question that must be answered when this one is. */
  with?: string;
  default?: Value;
  hint?: string;
  /** What a browser may fill in; of `text` only. */
  autocomplete?: string;
}

export interface Section {
  id: string;
  title: string;
}

export interface Tenant {
  name: string;
  /** Of light and of dark pages: the firm's colour made readable, and what goes with it, each as #rrggbb by its part. */
  colors?: Record<"light" | "dark", Record<"accent" | "on" | "second" | "tint", string>>;
  /** A picture as a data: URI in base64. */
  logo?: string;
}

export interface Session {
  token: string;
  /** RFC 3339 */
  expires: string;
  tenant: Tenant;
  advisor: { id: string; name: string };
  /** Of the questionnaire, as a BCP 47 tag. */
  language?: string;
  questionnaire: { model_version: string; sections: Section[]; questions: Question[] };
}

export interface Submission {
  advisor: string;
  person: { first_name: string; last_name: string; email: string };
  consent: boolean;
  answers: Record<string, Value>;
}

export interface Tip {
  id: string;
  years_gained: number;
}

/** What the visitor may see. Ages and spans in years, chances in percent, all rounded by the server. */
export interface Outlook {
  status: "ok";
  life_expectancy_age: number;
  prob_90_pct: number;
  prob_95_pct: number;
  prob_100_pct: number;
  active_working_years: number;
  active_retirement_years: number;
  assisted_years: number;
  years_lost: number;
  tips: Tip[];
}

export type View = Outlook | { status: "not_applicable" };

/** What is wrong with one answer: `field` is a question's id, `person.…` or `consent`. */
export interface FieldError {
  field: string;
  code: string;
}
