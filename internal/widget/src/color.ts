// A firm's colour, made readable: WCAG 2.2 asks for a contrast of 4.5 between text and what is behind it.

type Rgb = readonly [number, number, number];

const white: Rgb = [255, 255, 255];
const ink: Rgb = [17, 24, 32];
/** The surfaces of style.css; the darkest and the lightest that the colour is put on. */
const lightSurface: Rgb = [246, 248, 249];
const darkSurface: Rgb = [32, 39, 47];

const parse = (hex: string): Rgb => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as unknown as Rgb;

const format = (color: Rgb): string => "#" + color.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("");

const mix = (from: Rgb, to: Rgb, part: number): Rgb =>
  from.map((value, i) => value + (to[i]! - value) * part) as unknown as Rgb;

const luminance = (color: Rgb): number => {
  const [r, g, b] = color.map((part) => (part <= 10.3 ? part / 3295 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const contrast = (a: Rgb, b: Rgb): number => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

/** The pale ground of what is chosen, and of the result. */
const tint = (color: Rgb, surface: Rgb): Rgb => mix(color, surface, 0.9);

/** Moves a colour towards an end, in steps, until it reads well on the surface and on its own tint. */
const readable = (color: Rgb, surface: Rgb, end: Rgb): Rgb => {
  for (let part = 0; part < 1; part += 0.05) {
    const candidate = mix(color, end, part);
    if (Math.min(contrast(candidate, surface), contrast(candidate, tint(candidate, surface))) >= 4.6) return candidate;
  }
  return end;
};

const properties = (suffix: string, color: Rgb, surface: Rgb, end: Rgb): string => {
  const accent = readable(color, surface, end);
  const on = contrast(accent, white) >= contrast(accent, ink) ? white : ink;
  return `--a${suffix}:${format(accent)};--o${suffix}:${format(on)};--s${suffix}:${format(mix(accent, surface, 0.4))};--t${suffix}:${format(tint(accent, surface))};`;
};

/**
 * The custom properties of a firm's colour for a light page (--al accent, --ol text on it, --sl softer, --tl a tint) and
 * for a dark one (--ad …). What is no #rrggbb gives the house colour: no text of the server gets into a style sheet.
 */
export const brand = (hex = ""): string => {
  const color = parse(/^#[0-9a-f]{6}$/i.test(hex) ? hex : "#1f5f8b");
  return `:host{${properties("l", color, lightSurface, ink)}${properties("d", color, darkSurface, white)}}`;
};
