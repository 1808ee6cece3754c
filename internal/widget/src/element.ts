// <halo-assessment advisor="…">: from loading the questions to showing the result.

import type { Api, Outcome } from "./api";
import type { Session, Submission, Tenant, View } from "./contract";
import { h } from "./dom";
import { Notice, persist } from "./notice";
import { resultView } from "./result";
import { stringsFor, type Strings } from "./strings";
import style from "./style.css";
import { Wizard } from "./wizard";

/** A token with less life than this, in milliseconds, is not worth sending. */
const margin = 60_000;

/** Of all elements on the page; constructed, which no content security policy of the page forbids. */
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

/** Sets the firm's colours as --light-accent and so on. Values that are no colours are no colours here either. */
const paint = ({ style }: HTMLElement, tenant?: Tenant): void => {
  for (const [mode, parts] of Object.entries(tenant?.colors ?? {}))
    for (const [part, color] of Object.entries(parts)) style.setProperty(`--${mode}-${part}`, color);
};

const webAddress = (text: string | null): string | undefined => (text && /^https?:\/\//.test(text) ? text : undefined);

/** Makes the element's class for the server that the script came from. */
export const elementFor = (api: Api): CustomElementConstructor =>
  class HaloAssessment extends HTMLElement {
    static observedAttributes = ["advisor"];

    #root = this.attachShadow({ mode: "open" });
    #advisor: string | undefined;
    #strings: Strings = stringsFor([]);

    connectedCallback(): void {
      this.#start();
    }

    attributeChangedCallback(): void {
      if (this.isConnected) this.#start();
    }

    /** Begins for the advisor in the attribute; once for each. */
    async #start(): Promise<void> {
      const advisor = this.getAttribute("advisor") ?? "";
      if (advisor === this.#advisor) return;
      this.#advisor = advisor;
      const near = this.closest("[lang]")?.getAttribute("lang");
      this.#strings = stringsFor([near, document.documentElement.lang, ...navigator.languages]);
      const { language, loading, away } = this.#strings;
      const notice = new Notice(away.again);
      this.#place(undefined, h("p", { role: "status", class: "loading" }, loading), notice.node);
      const load = (): Promise<Outcome<Session>> => api.session(advisor, language);
      const outcome = await persist(load, notice, away, away.unloaded, async (silences) => {
        if (silences < 2 || !(await api.answers())) return undefined;
        // The server answers others: one more try tells a refusal from a line that was bad a moment ago.
        const last = await load();
        return last.kind === "away" && last.silent ? { kind: "refused" } : last.kind === "away" ? undefined : last;
      });
      if (advisor !== this.#advisor) return;
      if (outcome.kind === "ok") this.#ask(outcome.body);
      else this.#unavailable(outcome);
    }

    #place(tenant: Tenant | undefined, ...nodes: Node[]): void {
      const box = h("div", { class: "card-box", lang: this.#strings.language }, ...nodes);
      paint(box, tenant);
      this.#root.replaceChildren(box);
      this.#root.adoptedStyleSheets = [sheet];
    }

    #emit(name: string, detail: object = {}): void {
      this.dispatchEvent(new CustomEvent(`halo:${name}`, { bubbles: true, composed: true, detail }));
    }

    #ask(session: Session): void {
      this.#strings = stringsFor([session.language]);
      const notice = new Notice(this.#strings.away.again, true);
      const wizard = new Wizard(session, this.#strings, webAddress(this.getAttribute("privacy")), {
        started: () => this.#emit("started"),
        step: (detail) => this.#emit("step", detail),
        submit: (submission) => void this.#send(session, submission, wizard, notice),
      });
      this.#place(session.tenant, wizard.node, notice.node);
      wizard.begin();
    }

    async #send(session: Session, submission: Submission, wizard: Wizard, notice: Notice): Promise<void> {
      const { away, failed } = this.#strings;
      wizard.busy(true);
      const outcome = await persist(this.#attempt(session, submission), notice, away, away.safe, async () => undefined);
      wizard.busy(false);
      if (outcome.kind === "ok") this.#finish(outcome.body, session);
      else if (outcome.kind === "invalid") wizard.refuse(outcome.errors);
      else if (outcome.kind === "refused") this.#unavailable(outcome);
      else wizard.say(failed);
    }

    /**
     * One try of sending. All tries carry the same token, so that answers which arrived although the reply was lost are
     * not kept twice; a token that has run out is renewed by the server and goes on standing for the same answers.
     */
    #attempt(session: Session, submission: Submission): () => Promise<Outcome<View>> {
      let sent = false;
      let renewed = false;
      const renew = async (): Promise<boolean> => {
        renewed = true;
        const fresh = await api.session(submission.advisor, this.#strings.language, session.token);
        if (fresh.kind === "ok") Object.assign(session, { token: fresh.body.token, expires: fresh.body.expires });
        return fresh.kind === "ok";
      };
      return async () => {
        if (!sent && Date.parse(session.expires) - Date.now() < margin) await renew();
        sent = true;
        const outcome = await api.submit(session.token, submission);
        if (outcome.kind !== "refused" || renewed || !(await renew())) return outcome;
        return api.submit(session.token, submission);
      };
    }

    #finish(view: View, session: Session): void {
      const { node, heading } = resultView(view, session, this.#strings);
      this.#place(session.tenant, node);
      heading.focus();
      this.#emit("completed");
    }

    #unavailable(outcome: { kind: string; status?: number }): void {
      const { title, text } = this.#strings.unavailable;
      const notice = new Notice("");
      this.#place(undefined, notice.node);
      notice.show(title, text, false);
      const reason =
        outcome.kind === "refused"
          ? `${location.origin} is not among the tenant's allowedOrigins`
          : `the server answered ${outcome.status ?? outcome.kind}; check the advisor attribute`;
      console.warn(`halo-assessment: ${reason}.`);
    }
  };
