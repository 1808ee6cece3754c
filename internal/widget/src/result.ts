// What the visitor sees at the end.

import { chart, piece } from "./chart";
import type { Outlook, Session, View } from "./contract";
import { h } from "./dom";
import { firm } from "./firm";
import { put, type Strings } from "./strings";

type Format = (value: number) => string;

const chance = (age: number, percent: number, strings: Strings, format: Format): HTMLElement =>
  h(
    "div",
    { "data-chance": age },
    h("dt", {}, put(strings.result.chance, { age })),
    h("dd", {}, h("b", {}, `${format(percent)}%`), h("span", { class: "meter", "aria-hidden": "true" }, piece(percent))),
  );

const tips = (outlook: Outlook, strings: Strings, format: Format): HTMLElement => {
  const words = strings.result;
  if (!outlook.tips.length) return h("p", {}, words.noTips);
  return h(
    "ol",
    { class: "tips" },
    ...outlook.tips.map(({ id, years_gained }) =>
      h(
        "li",
        { "data-tip": id },
        h("span", {}, words.tip[id] ?? id.replaceAll("_", " ")),
        h("b", {}, put(words.gain, { years: format(years_gained) })),
      ),
    ),
  );
};

const outlookView = (outlook: Outlook, session: Session, strings: Strings): Node[] => {
  const words = strings.result;
  const format = new Intl.NumberFormat(`${strings.language}-US`, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format;
  const names = { advisor: session.advisor.name, tenant: session.tenant.name };
  return [
    h(
      "div",
      { class: "hero" },
      h("p", {}, words.hero),
      h("p", {}, h("b", { "data-life-expectancy": true }, format(outlook.life_expectancy_age)), ` ${words.heroUnit}`),
      h("p", {}, words.heroText),
    ),
    h("h3", {}, words.chances),
    h(
      "dl",
      { class: "chances" },
      chance(90, outlook.prob_90_pct, strings, format),
      chance(95, outlook.prob_95_pct, strings, format),
      chance(100, outlook.prob_100_pct, strings, format),
    ),
    h("h3", {}, words.spans),
    chart(outlook, strings, format),
    h("h3", {}, words.tips),
    tips(outlook, strings, format),
    h("p", { class: "report" }, put(words.report, names)),
    h("p", { class: "hint" }, words.disclaimer),
  ];
};

/** Makes the result; its heading is meant to take the focus. */
export const resultView = (view: View, session: Session, strings: Strings): { node: HTMLElement; heading: HTMLElement } => {
  const applies = view.status === "ok";
  const heading = h("h2", { tabindex: -1 }, applies ? strings.result.title : strings.notApplicable.title);
  const rest = applies
    ? outlookView(view, session, strings)
    : [h("p", { class: "lead" }, put(strings.notApplicable.text, { advisor: session.advisor.name }))];
  const top = h("header", {}, firm(session.tenant));
  return { node: h("article", { "data-result": view.status }, top, heading, ...rest), heading };
};
