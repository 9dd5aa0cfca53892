/** Small constructors of elements; text always goes in as text, never as markup. */

type Attributes = Record<string, string | number | boolean | undefined>;

/** An element with attributes (`true` is an empty attribute, `false` and undefined leave it out). */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) {
      made.setAttribute(key, value === true ? "" : String(value));
    }
  }
  made.append(...children);
  return made;
}

/** Run for each match now and for each that htmx brings later, once for each element. */
export function forEach<E extends Element>(selector: string, run: (found: E) => void): void {
  const done = new WeakSet<Element>();
  const search = (root: ParentNode): void => {
    for (const found of root.querySelectorAll<E>(selector)) {
      if (!done.has(found)) {
        done.add(found);
        run(found);
      }
    }
  };
  search(document);
  new MutationObserver(() => search(document)).observe(document.body, {
    childList: true,
    subtree: true,
  });
}
