// The questionnaire as steps: one for each section that has questions, and a last one for the visitor's name and consent.

import type { Question, Session, Submission, Value } from "./contract";
import { h } from "./dom";
import { makeField, type Field } from "./fields";
import { put, type Strings } from "./strings";

export interface Step {
  id: string;
  heading: HTMLElement;
  node: HTMLElement;
  fields: Field[];
}

/** A yes here ends the questionnaire: the model does not apply, so nobody in that state is asked twenty more questions. */
const endingQuestion = "serious_illness";

const makeStep = (id: string, title: string, questions: Question[], strings: Strings, lead?: Node): Step => {
  const heading = h("h2", { tabindex: -1 }, title);
  const fields = questions.map((question) => makeField(question, strings));
  const node = h("section", { hidden: true, "data-step": id }, heading, ...(lead ? [lead] : []), ...fields.map((field) => field.node));
  return { id, heading, node, fields };
};

const contactQuestions = (session: Session, strings: Strings): Question[] => {
  const { contact } = strings;
  const line = (name: "first_name" | "last_name" | "email", autocomplete: string): Question => ({
    id: `person.${name}`,
    section: "contact",
    wording: contact[name],
    type: "text",
    required: true,
    autocomplete,
  });
  const wording = put(contact.consent, { tenant: session.tenant.name, advisor: session.advisor.name });
  return [
    line("first_name", "given-name"),
    line("last_name", "family-name"),
    line("email", "email"),
    { id: "consent", section: "contact", wording, type: "consent", required: true },
  ];
};

/** Makes all steps, in the order of the page; `privacy` is the address of the firm's policy, if it gave one. */
export const makeSteps = (session: Session, strings: Strings, privacy?: string): Step[] => {
  const { sections, questions } = session.questionnaire;
  const steps = sections
    .map(({ id, title }) => ({ id, title, own: questions.filter(({ section }) => section === id) }))
    .filter(({ own }) => own.length)
    .map(({ id, title, own }, i) => makeStep(id, title, own, strings, i ? undefined : h("p", { class: "lead" }, strings.intro)));
  const contact = makeStep("contact", strings.contact.title, contactQuestions(session, strings), strings, h("p", { class: "lead" }));
  if (privacy) contact.node.append(h("p", {}, h("a", { href: privacy, target: "_blank", rel: "noopener" }, strings.contact.privacy)));
  return [...steps, contact];
};

const ends = (step: Step): boolean =>
  step.fields.some((field) => field.question.id === endingQuestion && field.read().value === true);

/** Whether an answer has ended the questionnaire. */
export const ended = (steps: Step[]): boolean => steps.some(ends);

/** The steps that this visitor goes through as their answers stand. */
export const route = (steps: Step[]): Step[] => {
  const end = steps.findIndex(ends);
  return end < 0 ? steps : steps.filter((_, i) => i <= end || i === steps.length - 1);
};

/** What is sent: the answers on the visitor's way, and nothing that they left out. */
export const submission = (steps: Step[], advisor: string): Submission => {
  const values: Record<string, Value> = {};
  for (const { fields } of route(steps))
    for (const { question, read } of fields) {
      const { value } = read();
      if (value !== undefined) values[question.id] = value;
    }
  const take = (id: string): Value => {
    const value = values[id]!;
    delete values[id];
    return value;
  };
  const text = (name: string): string => take(`person.${name}`) as string;
  const person = { first_name: text("first_name"), last_name: text("last_name"), email: text("email") };
  return { advisor, person, consent: take("consent") as boolean, answers: values };
};
