/** Single keys that press a link or a button, and the list of them behind `?`. */

import { element, forEach } from "../dom";
import { text } from "./texts";

const SETTING = "tocsin-single-keys";

interface Key {
  key: string;
  does: string;
}

const own: Key[] = [];

/** List keys that a part of the page handles itself. */
export function announceKeys(keys: Key[]): void {
  own.push(...keys);
}

/** Single keys can be switched off: with speech input they fire by accident (WCAG 2.1.4). */
function keysAreOn(): boolean {
  return localStorage.getItem(SETTING) !== "off";
}

/** Whether a key belongs to the place where the person is typing. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches("input:not([type='checkbox'], [type='radio']), select, textarea, [role='textbox']"))
  );
}

export function isShortcut(event: KeyboardEvent): boolean {
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  return !event.defaultPrevented && !modified && keysAreOn() && !isTyping(event.target);
}

/** Links and buttons with a key, but for keys that a part of the page has taken for itself. */
function pressable(): HTMLElement[] {
  const taken = new Set(own.map((each) => each.key.toLowerCase()));
  const all = document.querySelectorAll<HTMLElement>("[data-hotkey]");
  return [...all].filter((each) => !taken.has(each.dataset["hotkey"] ?? ""));
}

function openHelp(): void {
  const list = element("dl", { class: "keys" });
  const add = (key: string, does: string): void => {
    list.append(element("dt", {}, element("kbd", {}, key)), element("dd", {}, does));
  };
  add("?", text.helpKey);
  for (const each of own) {
    add(each.key, each.does);
  }
  for (const each of pressable()) {
    add(each.dataset["hotkey"] ?? "", each.getAttribute("aria-label") ?? each.innerText.trim());
  }
  const box = element("input", { type: "checkbox" });
  box.checked = keysAreOn();
  box.addEventListener("change", () => localStorage.setItem(SETTING, box.checked ? "on" : "off"));
  const close = element("button", { type: "button" }, text.close);
  const title = element("h2", { id: "keys-title" }, text.keys);
  const dialog = element(
    "dialog",
    { "aria-labelledby": "keys-title" },
    title,
    list,
    element("p", {}, element("label", {}, box, ` ${text.keysOn}`)),
    element("div", { class: "actions" }, close),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event) || document.querySelector("dialog[open]")) {
      return;
    }
    if (event.key === "?") {
      event.preventDefault();
      openHelp();
      return;
    }
    for (const each of pressable()) {
      if (each.dataset["hotkey"] === event.key) {
        event.preventDefault();
        each.click();
        return;
      }
    }
  });
  forEach<HTMLElement>("[data-help]", (button) => button.addEventListener("click", openHelp));
  forEach<HTMLElement>("[data-hotkey]", (each) => {
    each.setAttribute("aria-keyshortcuts", each.dataset["hotkey"] ?? "");
    each.title ||= each.dataset["hotkey"] ?? "";
  });
}
