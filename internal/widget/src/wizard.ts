// Walking through the steps: forward when a step is right, back at any time, to the step of an answer that the server refused.

import { check, sentence } from "./checking";
import type { FieldError, Session, Submission } from "./contract";
import { h } from "./dom";
import { firm } from "./firm";
import type { Field } from "./fields";
import { ended, makeSteps, route, submission, type Step } from "./steps";
import { put, type Strings } from "./strings";

export interface Hooks {
  /** The visitor has answered something for the first time. */
  started(): void;
  /** The visitor has come as far as a step for the first time, or past it. */
  step(detail: { step: string; number: number; of: number }): void;
  submit(submission: Submission): void;
}

export class Wizard {
  readonly node: HTMLFormElement;
  readonly #session: Session;
  readonly #strings: Strings;
  readonly #hooks: Hooks;
  readonly #steps: Step[];
  readonly #count = h("p", { class: "count" });
  readonly #bar = h("div", { class: "bar", "aria-hidden": "true" });
  readonly #alert = h("p", { class: "alert", role: "alert" });
  readonly #back: HTMLButtonElement;
  readonly #forward = h("button", { type: "submit", class: "main" });
  #step: Step;
  #started = false;
  #reached = 0;

  constructor(session: Session, strings: Strings, privacy: string | undefined, hooks: Hooks) {
    this.#session = session;
    this.#strings = strings;
    this.#hooks = hooks;
    this.#steps = makeSteps(session, strings, privacy);
    this.#step = this.#steps[0]!;
    this.#back = h("button", { type: "button", "data-action": "back", click: () => this.#go(-1) }, strings.back);
    const top = h("header", {}, firm(session.tenant), this.#count, this.#bar);
    const foot = h("footer", {}, this.#back, this.#forward);
    this.node = h("form", { novalidate: true }, top, this.#alert, ...this.#steps.map(({ node }) => node), foot);
    this.node.addEventListener("submit", (event) => this.#submitted(event));
    this.node.addEventListener("input", () => this.#changed());
  }

  /** Shows the first step, without taking the focus from the page. */
  begin(): void {
    this.#show(this.#step, false);
  }

  /** Keeps the form from being changed while its answers are on their way, and gives the focus back after. */
  busy(busy: boolean): void {
    this.node.inert = busy;
    this.#forward.textContent = busy ? this.#strings.sending : this.#forwardText();
    this.node.toggleAttribute("data-busy", busy);
    if (!busy) this.#forward.focus();
  }

  /** Shows what the server found wrong, at its place. What has no place is said above the step. */
  refuse(errors: FieldError[]): void {
    const bad: Field[] = [];
    for (const { fields } of route(this.#steps))
      for (const field of fields) {
        const error = errors.find((candidate) => candidate.field === field.question.id);
        field.mark(error && sentence(field.question, error.code, this.#strings));
        if (error) bad.push(field);
      }
    const step = this.#steps.find(({ fields }) => fields.some((field) => bad.includes(field)));
    if (step && step !== this.#step) this.#show(step, true);
    this.say(bad.length ? this.#strings.check : this.#strings.failed);
    bad[0]?.focus();
  }

  /** Says something above the step, read out at once. */
  say(text: string): void {
    this.#alert.textContent = text;
  }

  #changed(): void {
    if (this.#started) return;
    this.#started = true;
    this.#hooks.started();
  }

  #submitted(event: Event): void {
    event.preventDefault();
    this.say("");
    const way = route(this.#steps);
    const soFar = way.slice(0, way.indexOf(this.#step) + 1).flatMap(({ fields }) => fields);
    const [first] = check(this.#step.fields, soFar, this.#strings);
    if (first) {
      this.say(this.#strings.check);
      first.focus();
    } else if (this.#last()) this.#hooks.submit(submission(this.#steps, this.#session.advisor.id));
    else this.#go(1);
  }

  #last(): boolean {
    return this.#step === this.#steps.at(-1);
  }

  #go(by: number): void {
    const way = route(this.#steps);
    const next = way[way.indexOf(this.#step) + by];
    if (next) this.#show(next, true);
  }

  #forwardText(): string {
    const { next, submit, contact } = this.#strings;
    if (!this.#last()) return next;
    return ended(this.#steps) ? contact.endedSubmit : submit;
  }

  #show(step: Step, focus: boolean): void {
    this.#step.node.hidden = true;
    this.#step = step;
    step.node.hidden = false;
    const way = route(this.#steps);
    const number = way.indexOf(step) + 1;
    const of = way.length;
    this.say("");
    this.#count.textContent = put(this.#strings.step, { number, of });
    this.#bar.replaceChildren(...way.map((_, i) => h("i", { class: i < number ? "done" : "" })));
    this.#back.hidden = number === 1;
    this.#forward.textContent = this.#forwardText();
    this.#forward.setAttribute("data-action", this.#last() ? "submit" : "next");
    if (this.#last()) step.node.querySelector(".lead")!.textContent = this.#strings.contact[ended(this.#steps) ? "ended" : "note"];
    if (focus) step.heading.focus();
    this.#tell(step);
  }

  /**
   * Tells of every step up to this one, each once and whether or not it was skipped: what the page hears is the same
   * whatever was answered.
   */
  #tell(step: Step): void {
    const steps = this.#steps;
    for (const last = steps.indexOf(step); this.#reached <= last; )
      this.#hooks.step({ step: steps[this.#reached]!.id, number: ++this.#reached, of: steps.length });
  }
}
