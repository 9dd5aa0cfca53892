/** On narrow screens the navigation waits behind a button; without script it simply stands there. */

import { element } from "../dom";
import { text } from "./texts";

export function startMenu(): void {
  document.documentElement.classList.add("scripted");
  const top = document.querySelector<HTMLElement>(".top");
  const brand = top?.querySelector(".brand");
  if (!top || !brand || !top.querySelector(".main-nav")) {
    return;
  }
  const button = element(
    "button",
    { type: "button", class: "menu-button", "aria-expanded": "false" },
    text.menu,
  );
  button.addEventListener("click", () => {
    const open = top.toggleAttribute("data-open");
    button.setAttribute("aria-expanded", String(open));
  });
  brand.after(button);
}
