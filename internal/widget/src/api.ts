// The two calls to the server, with what came of them as a value: nothing here throws.

import type { FieldError, Session, Submission, View } from "./contract";

export type Outcome<Body> =
  | { kind: "ok"; body: Body }
  /**
   * Nothing was stored, or the answer was lost: the same request may be sent again, after so many milliseconds if told.
   * `silent`: no answer came at all.
   */
  | { kind: "away"; after?: number | undefined; silent?: boolean }
  /** This page, or this token, is not let in. */
  | { kind: "refused" }
  | { kind: "invalid"; errors: FieldError[] }
  | { kind: "failed"; status: number };

/** How long one request may take, in milliseconds: longer than the server's own limit. */
const patience = 20_000;

/** The longest wait that a server may ask for, in milliseconds. */
const longestWait = 60_000;

const outcome = async <Body>(response: Response): Promise<Outcome<Body>> => {
  if (response.ok) return { kind: "ok", body: await response.json() };
  const { status } = response;
  if (status === 403) return { kind: "refused" };
  if (status === 422) return { kind: "invalid", errors: (await response.json()).errors ?? [] };
  if (status !== 429 && status < 500) return { kind: "failed", status };
  const seconds = Number(response.headers.get("Retry-After"));
  return { kind: "away", after: seconds > 0 ? Math.min(seconds * 1000, longestWait) : undefined };
};

/** Sends one request. Cookies never go along. */
const request = async <Body>(url: string, init: RequestInit): Promise<Outcome<Body>> => {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), patience);
  try {
    const response = await fetch(url, { ...init, credentials: "omit", cache: "no-store", signal: limit.signal });
    return await outcome<Body>(response);
  } catch {
    return { kind: "away", silent: true };
  } finally {
    clearTimeout(timer);
  }
};

export class Api {
  constructor(private readonly origin: string) {}

  /** `expired` is the token of an earlier session: the new one's stands for the same answers. */
  session(advisor: string, language: string, expired?: string): Promise<Outcome<Session>> {
    const query = new URLSearchParams({ advisor, language });
    return request(`${this.origin}/api/v1/session?${query}`, expired ? { headers: { "Halo-Token": expired } } : {});
  }

  submit(token: string, submission: Submission): Promise<Outcome<View>> {
    return request(`${this.origin}/api/v1/assessments`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Halo-Token": token },
      body: JSON.stringify(submission),
    });
  }

  /**
   * Whether the server answers at all. A refusal without CORS headers looks to a script like a dead network; if the
   * server answers here, it was a refusal.
   */
  async answers(): Promise<boolean> {
    try {
      await fetch(`${this.origin}/widget.js`, { method: "HEAD", mode: "no-cors", credentials: "omit", cache: "no-store" });
      return true;
    } catch {
      return false;
    }
  }
}
