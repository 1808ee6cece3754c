// The visitor's years as one bar: working, retired, assisted, lost. Drawn node by node.

import type { Outlook } from "./contract";
import { h, svg } from "./dom";
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

const hatch = (): SVGElement =>
  svg(
    "defs",
    {},
    svg(
      "pattern",
      { id: "hatch", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 3, height: 7, class: "line" }),
    ),
  );

const mark = (x: number, age: number): SVGElement =>
  svg("text", { x: `${x}%`, y: 62, "text-anchor": x < 2 ? "start" : x > 98 ? "end" : "middle" }, String(Math.round(age)));

/** Draws the bar and its legend; the legend says in words all that the bar shows. */
export const chart = (outlook: Outlook, strings: Strings, format: (years: number) => string): HTMLElement => {
  const spans = spansOf(outlook);
  const total = spans.reduce((sum, { years }) => sum + years, 0) || 1;
  const lived = total - outlook.years_lost;
  const from = outlook.life_expectancy_age - lived;
  const words = strings.result;
  const said = ({ years }: Span): string => put(words.years, { years: format(years) });
  const label = put(words.chart, {
    from: Math.round(from),
    to: Math.round(from + total),
    spans: spans.map((span) => `${words[span.kind]} ${said(span)}`).join(", "),
  });
  const drawing = svg("svg", { class: "bars", role: "img", "aria-label": label, height: 68, width: "100%" }, hatch(), mark(0, from));
  const bar = drawing.appendChild(svg("g"));
  let x = 0;
  let marked = 0;
  for (const { kind, years } of spans) {
    const width = (100 * years) / total;
    bar.append(svg("rect", { class: kind, x: `${x}%`, y: 6, width: `${width}%`, height: 36 }));
    x += width;
    const end = x > 99.5;
    if (end || (x - marked > room && 100 - x > room)) {
      drawing.append(mark(x, from + (total * x) / 100));
      marked = x;
    }
  }
  const legend = spans.map((span) =>
    h("div", { "data-span": span.kind }, h("dt", {}, h("i", { class: span.kind }), words[span.kind]), h("dd", {}, said(span))),
  );
  return h("div", {}, drawing, h("dl", { class: "legend" }, ...legend));
};
