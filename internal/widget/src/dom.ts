// Nodes are made by the DOM API alone, so that no text ever becomes markup and pages that demand Trusted Types work.

type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

/** Makes an HTML element; a function among the attributes listens to the event of its name. */
export const h = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
};
