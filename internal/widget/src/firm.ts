// How the firm shows itself at the top: by its logo, or by its name.

import type { Tenant } from "./contract";
import { h } from "./dom";

/** Draws a picture from a data: URI onto a canvas: an image element would fall under the page's policy. */
const draw = async (uri: string): Promise<HTMLCanvasElement> => {
  const [head, data] = uri.split(",") as [string, string];
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: head.slice(5, -7) }));
  const canvas = h("canvas", { width: picture.width, height: picture.height });
  canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(picture);
  return canvas;
};

/** The firm's name, until and unless its logo can be drawn; the place has the logo's height from the start. */
export const firm = ({ name, logo }: Tenant): HTMLElement => {
  const node = h("p", { class: logo ? "firm logo" : "firm" }, name);
  if (logo)
    draw(logo).then(
      (canvas) => {
        canvas.role = "img";
        canvas.ariaLabel = name;
        node.replaceChildren(canvas);
      },
      () => {}, // a picture that this browser cannot read: the name stays
    );
  return node;
};
