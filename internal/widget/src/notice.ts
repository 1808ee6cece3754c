// A message in the visitor's way, and trying again what the network swallowed.

import type { Outcome } from "./api";
import { h } from "./dom";
import type { Strings } from "./strings";

/** A box that says what is the matter, read out at once, with a button when the visitor can do something about it. */
export class Notice {
  readonly #title = h("h2");
  readonly #text = h("p");
  readonly #button: HTMLButtonElement;
  readonly #box: HTMLElement;
  readonly node: HTMLElement;
  #pressed: () => void = () => {};

  /** `takesFocus`: the visitor was busy right here, so the focus may move to the button. */
  constructor(button: string, private readonly takesFocus = false) {
    this.#button = h("button", { type: "button", class: "main", "data-action": "again", click: () => this.#pressed() }, button);
    this.#box = h("div", { class: "notice", "data-notice": true, hidden: true }, this.#title, this.#text, this.#button);
    this.node = h("div", { role: "alert" }, this.#box);
  }

  show(title: string, text: string, button: boolean): void {
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#button.hidden = !button;
    this.#box.hidden = false;
    if (button && this.takesFocus) this.#button.focus();
  }

  hide(): void {
    this.#box.hidden = true;
  }

  /** Ends when the visitor presses the button or, if a time is given, after so many milliseconds. */
  pressed(limit?: number): Promise<void> {
    return new Promise((resolve) => {
      this.#pressed = resolve;
      if (limit !== undefined) setTimeout(resolve, limit);
    });
  }
}

/** The waits between tries that nobody has to ask for, in milliseconds. */
const waits = [1000, 3000, 8000];

/**
 * Repeats an attempt until it comes to something: by itself a few times, then whenever the visitor asks, who reads `state`
 * meanwhile. `settled` is asked after as many failures without any answer, and may end it with what it gives back.
 */
export const persist = async <Body>(
  attempt: () => Promise<Outcome<Body>>,
  notice: Notice,
  words: Strings["away"],
  state: string,
  settled: (silences: number) => Promise<Outcome<Body> | undefined>,
): Promise<Outcome<Body>> => {
  let silences = 0;
  for (let failures = 1; ; failures++) {
    const outcome = await attempt();
    if (outcome.kind === "away") silences = outcome.silent ? silences + 1 : 0;
    const end = outcome.kind === "away" ? await settled(silences) : outcome;
    if (end) {
      notice.hide();
      return end;
    }
    const wait = waits[failures - 1];
    const after = outcome.kind === "away" ? outcome.after : undefined;
    notice.show(words.title, `${state} ${wait === undefined ? words.gaveUp : words.waiting}`, true);
    await notice.pressed(wait === undefined ? undefined : Math.max(wait, after ?? 0));
  }
};
