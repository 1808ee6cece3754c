// One question as form controls: made, read, marked. Which control a question gets follows from its type and length alone.

import type { Question, Value } from "./contract";
import { h } from "./dom";
import { readNumber, readShares, readText, type Reading } from "./reading";
import { put, type Strings } from "./strings";

export interface Field {
  readonly question: Question;
  readonly node: HTMLElement;
  read(): Reading;
  /** Shows a message beside the controls, or takes it away. */
  mark(message?: string): void;
  focus(): void;
}

/** The controls of a question, before they get their wording and their place for messages. */
interface Controls {
  body: HTMLElement;
  /** The first one takes the focus. */
  inputs: (HTMLInputElement | HTMLSelectElement)[];
  read(): Reading;
  clear?(): void;
}

/** More choices than this go into a list that opens. */
const mostCards = 8;

const card = (input: HTMLInputElement, label: string): HTMLElement => h("label", { class: "card" }, input, h("span", {}, label));

const radios = (question: Question, options: { label: string; value: Value }[]): Controls => {
  const inputs = options.map(({ value }) =>
    h("input", { type: "radio", name: question.id, value: String(value), checked: question.default === value }),
  );
  const longest = Math.max(...options.map(({ label }) => label.length));
  const size = longest > 16 ? "" : longest > 7 ? " short" : " tiny";
  return {
    body: h("div", { class: "cards" + size }, ...options.map(({ label }, i) => card(inputs[i]!, label))),
    inputs,
    read: () => {
      const at = inputs.findIndex((input) => input.checked);
      return at < 0 ? {} : { value: options[at]!.value };
    },
    clear: () => inputs.forEach((input) => (input.checked = false)),
  };
};

const list = (question: Question, strings: Strings): Controls => {
  const select = h("select", { name: question.id }, h("option", { value: "" }, strings.choose));
  for (const { value, label } of question.choices ?? [])
    select.append(h("option", { value, selected: question.default === value }, label));
  return { body: h("div", { class: "box" }, select), inputs: [select], read: () => (select.value ? { value: select.value } : {}) };
};

const boxes = (question: Question, strings: Strings): Controls => {
  const options = [...(question.choices ?? []), { value: "", label: strings.none }];
  const inputs = options.map(({ value }) => h("input", { type: "checkbox", name: question.id, value }));
  const none = inputs.at(-1)!;
  const body = h("div", { class: "cards short" }, ...options.map(({ label }, i) => card(inputs[i]!, label)));
  body.addEventListener("change", ({ target }) =>
    inputs.forEach((input) => {
      if ((target === none) !== (input === none)) input.checked = false;
    }),
  );
  const read = (): Reading => {
    const value = inputs.filter((input) => input.checked && input !== none).map((input) => input.value);
    return value.length || none.checked ? { value } : {};
  };
  return { body, inputs, read };
};

const line = (question: Question, attributes: Record<string, string | undefined>, read: (typed: string) => Reading): Controls => {
  const input = h("input", { name: question.id, value: question.default as string | undefined, ...attributes });
  const unit = question.unit ? [h("span", { class: "unit", id: `${question.id}-unit` }, question.unit)] : [];
  return { body: h("div", { class: "box" }, input, ...unit), inputs: [input], read: () => read(input.value) };
};

const number = (question: Question): Controls =>
  line(
    question,
    { type: "text", autocomplete: "off", inputmode: question.type === "integer" ? "numeric" : "decimal", maxlength: "12" },
    (typed) => readNumber(question, typed),
  );

const text = (question: Question): Controls => {
  const mail = question.autocomplete === "email";
  return line(
    question,
    { type: mail ? "email" : "text", autocomplete: question.autocomplete, maxlength: mail ? "254" : "100" },
    (typed) => readText(question, typed),
  );
};

const shares = (question: Question, strings: Strings): Controls => {
  const choices = question.choices ?? [];
  const inputs = choices.map(({ value }) =>
    h("input", { type: "text", inputmode: "decimal", autocomplete: "off", maxlength: "8", name: `${question.id}.${value}` }),
  );
  const read = () => readShares(Object.fromEntries(choices.map(({ value }, i) => [value, inputs[i]!.value])));
  const total = h("output", { class: "total" });
  const rows = choices.map(({ label }, i) =>
    h("label", { class: "share" }, h("span", {}, label), h("span", { class: "box" }, inputs[i]!, h("span", { class: "unit" }, "%"))),
  );
  const body = h("div", {}, ...rows, total);
  body.addEventListener("input", () => {
    const { sum } = read();
    const left = Math.round((100 - sum) * 100) / 100;
    const rest = left && put(left > 0 ? strings.left : strings.over, { left: Math.abs(left) });
    total.textContent = sum ? put(strings.total, { sum }) + (rest ? ` · ${rest}` : " ✓") : "";
  });
  return { body, inputs, read };
};

const consent = (question: Question): Controls => {
  const input = h("input", { type: "checkbox", name: question.id, value: "true" });
  return { body: card(input, question.wording), inputs: [input], read: () => (input.checked ? { value: true } : {}) };
};

const controlsFor = (question: Question, strings: Strings): Controls => {
  switch (question.type) {
    case "choice": {
      const choices = question.choices ?? [];
      return choices.length > mostCards ? list(question, strings) : radios(question, choices);
    }
    case "boolean":
      return radios(question, [
        { label: strings.yes, value: true },
        { label: strings.no, value: false },
      ]);
    case "choices":
      return boxes(question, strings);
    case "shares":
      return shares(question, strings);
    case "consent":
      return consent(question);
    case "text":
      return text(question);
    default:
      return number(question);
  }
};

/** Radios cannot be unchosen by themselves: an optional question gets a button for it, shown once there is something to clear. */
const clearing = (controls: Controls, strings: Strings): HTMLElement => {
  const button = h("button", { type: "button", class: "clear", hidden: true }, strings.clear);
  button.addEventListener("click", () => {
    controls.clear?.();
    button.hidden = true;
    controls.inputs[0]?.focus();
  });
  controls.body.addEventListener("change", () => (button.hidden = false));
  return button;
};

/** Puts wording, hint and message around the controls: a fieldset for a group, a label for a single control. */
const frame = (question: Question, controls: Controls, message: HTMLElement, strings: Strings): HTMLElement => {
  const { id, type, required } = question;
  const [first] = controls.inputs;
  const bare = type === "consent";
  const single = controls.inputs.length === 1 && !bare;
  const wording = required ? [question.wording] : [question.wording + " ", h("small", {}, `(${strings.optional})`)];
  if (single) first?.setAttribute("id", id);
  const title: HTMLElement[] = bare ? [] : [single ? h("label", { class: "q", for: id }, ...wording) : h("legend", { class: "q" }, ...wording)];
  if (question.hint) title.push(h("p", { class: "hint", id: `${id}-hint` }, question.hint));
  const after = controls.clear && !required ? [clearing(controls, strings)] : [];
  const radio = type === "choice" || type === "boolean";
  const node = h(
    single || bare ? "div" : "fieldset",
    { class: "field", "data-question": id, role: radio && !single ? "radiogroup" : undefined },
    ...title,
    controls.body,
    ...after,
    message,
  );
  const target = single || bare ? first! : node;
  target.setAttribute("aria-describedby", ["hint", "unit", "problem"].map((part) => `${id}-${part}`).join(" "));
  if (required && (single || bare || radio)) target.setAttribute("aria-required", "true");
  return node;
};

/** Makes the field of a question. */
export const makeField = (question: Question, strings: Strings): Field => {
  const controls = controlsFor(question, strings);
  const message = h("p", { class: "problem", id: `${question.id}-problem`, hidden: true });
  const node = frame(question, controls, message, strings);
  const mark = (text = ""): void => {
    message.textContent = text;
    message.hidden = !text;
    node.toggleAttribute("data-invalid", !!text);
    for (const input of node.role ? [node] : controls.inputs) input.ariaInvalid = text ? "true" : null;
  };
  node.addEventListener("input", () => mark());
  const focus = (): void => (controls.inputs.find((input) => (input as HTMLInputElement).checked) ?? controls.inputs[0])?.focus();
  return { question, node, read: controls.read, mark, focus };
};
