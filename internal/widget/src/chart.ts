// The visitor's years as one bar: working, retired, assisted, lost. Drawn node by node.

import type { Outlook } from "./contract";
import { h } from "./dom";
import { put, type Strings } from "./strings";

interface Span {
  kind: "working" | "retired" | "assisted" | "lost";
  years: number;
}

/** The spans that are not empty, in the order of life. */
export const spansOf = (outlook: Outlook): Span[] => {
  const spans: Span[] = [
    { kind: "working", years: outlook.active_working_years },
    { kind: "retired", years: outlook.active_retirement_years },
    { kind: "assisted", years: outlook.assisted_years },
    { kind: "lost", years: outlook.years_lost },
  ];
  return spans.filter(({ years }) => years > 0);
};

/** Age marks nearer than this, in percent of the bar, would run into one another. */
const room = 9;

const mark = (x: number, age: number): HTMLElement => {
  const text = h("span", {}, String(Math.round(age)));
  if (x > 98) text.style.right = "0";
  else text.style.left = `${x}%`;
  if (x > 2 && x <= 98) text.className = "middle";
  return text;
};

/** A piece of a bar. Its width is set by script on the node: a style attribute would fall under the page's policy. */
export const piece = (percent: number, name = ""): HTMLElement => {
  const node = h("i", { class: name });
  node.style.width = `${percent}%`;
  return node;
};

/** Draws the bar and its legend; the legend says in words all that the bar shows. */
export const chart = (outlook: Outlook, strings: Strings, format: (years: number) => string): HTMLElement => {
  const spans = spansOf(outlook);
  const total = spans.reduce((sum, { years }) => sum + years, 0) || 1;
  const from = outlook.life_expectancy_age - total + outlook.years_lost;
  const words = strings.result;
  const said = ({ years }: Span): string => put(words.years, { years: format(years) });
  const label = put(words.chart, {
    from: Math.round(from),
    to: Math.round(from + total),
    spans: spans.map((span) => `${words[span.kind]} ${said(span)}`).join(", "),
  });
  const bar = spans.map(({ kind, years }) => piece((100 * years) / total, kind));
  const marks = [mark(0, from)];
  let x = 0;
  let marked = 0;
  for (const { years } of spans) {
    x += (100 * years) / total;
    if (x > 99.5 || (x - marked > room && 100 - x > room)) {
      marks.push(mark(x, from + (total * x) / 100));
      marked = x;
    }
  }
  const legend = spans.map((span) =>
    h("div", { "data-span": span.kind }, h("dt", {}, h("i", { class: span.kind }), words[span.kind]), h("dd", {}, said(span))),
  );
  return h(
    "div",
    {},
    h("div", { class: "bars", role: "img", "aria-label": label }, ...bar),
    h("div", { class: "marks", "aria-hidden": "true" }, ...marks),
    h("dl", { class: "legend" }, ...legend),
  );
};
