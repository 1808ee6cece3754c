// What a visitor typed becomes a value of the questionnaire or a problem. Pure.

import type { Question, Value } from "./contract";

/** A value, a problem's code, or neither: the question was left out. */
export interface Reading {
  value?: Value;
  problem?: string;
}

/** A decimal number as people type it: point or comma, spaces around. Undefined for anything else. */
const decimal = (text: string): number | undefined =>
  /^\d{1,9}([.,]\d{1,9})?$/.test(text) ? Number(text.replace(",", ".")) : undefined;

/** Reads a question of type `integer` or `number`. */
export const readNumber = (question: Question, typed: string): Reading => {
  const text = typed.trim();
  if (!text) return {};
  const value = decimal(text);
  if (value === undefined || (question.type === "integer" && !/^\d+$/.test(text))) return { problem: "type" };
  const { min = 0, max = Infinity } = question;
  return value < min || value > max ? { problem: "range" } : { value };
};

export interface Shares extends Reading {
  /** Of what can be read so far. */
  sum: number;
}

/** Reads percentages by their choice; empty ones count as nothing. All empty: left out. */
export const readShares = (typed: Record<string, string>): Shares => {
  const value: Record<string, number> = {};
  let sum = 0;
  let problem: string | undefined;
  for (const [choice, raw] of Object.entries(typed)) {
    const text = raw.trim();
    if (!text) continue;
    const share = decimal(text);
    if (share === undefined || share > 100) {
      problem = "shares";
      continue;
    }
    value[choice] = share;
    sum += share;
  }
  sum = Math.round(sum * 100) / 100;
  if (problem) return { problem, sum };
  if (!Object.keys(value).length) return { sum };
  return Math.abs(sum - 100) > 0.01 ? { problem: "sum", sum } : { value, sum };
};

/** Reads a line of text about the visitor. */
export const readText = (question: Question, typed: string): Reading => {
  const value = typed.trim();
  if (!value) return {};
  return question.autocomplete === "email" && !/^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(value) ? { problem: "email" } : { value };
};
