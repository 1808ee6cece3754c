// Whether a step may be left: every field's own problem, missing answers and pairs. The server checks everything again.

import type { Field } from "./fields";
import { put, type Strings } from "./strings";
import type { Question } from "./contract";

/** The sentence for a problem's code at a question. */
export const sentence = (question: Question, code: string, strings: Strings): string => {
  const texts: Record<string, string> = strings.problem;
  const { type, min = "", max = "" } = question;
  const numeric = type === "integer" || type === "number";
  let text = texts[code] ?? texts["other"]!;
  if (numeric && (code === "type" || code === "range")) text = texts[type]!;
  if (type === "shares" && code !== "sum" && code !== "required") text = texts["shares"]!;
  if (code === "required" && type === "text") text = texts["requiredText"]!;
  if (question.type === "consent") text = texts["requiredConsent"]!;
  if (question.autocomplete === "email" && code !== "required") text = texts["email"]!;
  return put(text, { min, max });
};

/** The problem's code of a field, or none. `others` are the fields that its partner may be among. */
const problemOf = (field: Field, others: Field[]): string | undefined => {
  const { problem, value } = field.read();
  if (problem) return problem;
  if (value !== undefined) return undefined;
  if (field.question.required) return "required";
  const { id, with: partnerId } = field.question;
  const partner = others.find(({ question }) => question.id === partnerId || question.with === id);
  const reading = partner?.read();
  return reading?.problem || reading?.value !== undefined ? "pair" : undefined;
};

/** Marks every field of a step and gives back those with a problem, in their order. */
export const check = (fields: Field[], soFar: Field[], strings: Strings): Field[] =>
  fields.filter((field) => {
    const code = problemOf(field, soFar);
    field.mark(code && sentence(field.question, code, strings));
    return code;
  });
