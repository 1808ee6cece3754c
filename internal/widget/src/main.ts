// The script of the page: it knows the server by the address that it was itself loaded from.

import { Api } from "./api";
import { elementFor } from "./element";

const name = "halo-assessment";
const script = document.currentScript;

if (!(script instanceof HTMLScriptElement) || !script.src) {
  console.warn(`${name}: load widget.js by a classic <script src>.`);
} else if (!customElements.get(name)) {
  customElements.define(name, elementFor(new Api(new URL(script.src).origin)));
}
