/** Comforts of forms: confirmation, guard of unsaved text, no double sending, counters, copying. */

import { element, forEach } from "../dom";
import { text } from "./texts";

/** Ask in a dialog; the answer is yes only by the button that says so. */
function ask(question: string): Promise<boolean> {
  return new Promise((answer) => {
    const yes = element("button", { type: "button", class: "primary" }, text.yes);
    const no = element("button", { type: "button" }, text.no);
    const dialog = element(
      "dialog",
      { "aria-labelledby": "ask-title" },
      element("h2", { id: "ask-title" }, text.confirm),
      element("p", {}, question),
      element("div", { class: "actions" }, yes, no),
    );
    yes.addEventListener("click", () => dialog.close("yes"));
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}

const confirmed = new WeakSet<HTMLFormElement>();
const changed = new Set<HTMLFormElement>();

async function confirmThenSend(
  form: HTMLFormElement,
  submitter: HTMLElement | null,
  question: string,
): Promise<void> {
  if (await ask(question)) {
    confirmed.add(form);
    form.requestSubmit(submitter);
    // Where a field is not valid nothing was sent, and the next press asks again.
    confirmed.delete(form);
  }
}

function onSubmit(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) {
    return;
  }
  const question = event.submitter?.dataset["confirm"] ?? form.dataset["confirm"];
  if (question && !confirmed.delete(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    void confirmThenSend(form, event.submitter, question);
    return;
  }
  changed.delete(form);
  if (form.method === "post" && !event.defaultPrevented) {
    // After the data of the form, the pressed button among them, were collected.
    setTimeout(() => {
      if (form.isConnected && !event.defaultPrevented) {
        lock(form, true);
      }
    });
  }
}

function lock(form: HTMLFormElement, yes: boolean): void {
  for (const button of form.querySelectorAll<HTMLButtonElement>("button:not([type='button'])")) {
    button.disabled = yes;
  }
}

function countCharacters(area: HTMLTextAreaElement): void {
  const left = element("p", { class: "hint", "aria-live": "polite" });
  const tell = (): void => {
    const n = area.maxLength - area.value.length;
    left.textContent = n <= area.maxLength / 10 ? text.charactersLeft(n) : "";
  };
  area.addEventListener("input", tell);
  area.after(left);
  tell();
}

function copyOnClick(button: HTMLElement): void {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset["copy"] ?? "");
    const before = button.textContent;
    button.textContent = text.copied;
    setTimeout(() => (button.textContent = before), 1500);
  });
}

export function startForms(): void {
  document.addEventListener("submit", onSubmit, true);
  // A page that comes back from the history has its buttons locked still.
  addEventListener("pageshow", () => [...document.forms].forEach((form) => lock(form, false)));
  document.addEventListener("input", (event) => {
    const form = (event.target as HTMLElement).closest<HTMLFormElement>("form[data-guard]");
    if (form) {
      changed.add(form);
    }
  });
  addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) {
      event.preventDefault();
    }
  });
  forEach<HTMLTextAreaElement>("textarea[maxlength]", countCharacters);
  forEach<HTMLElement>("[data-copy]", copyOnClick);
  forEach<HTMLElement>("[data-print]", (each) => each.addEventListener("click", () => print()));
  forEach<HTMLSelectElement>("[data-submit-on-change]", (select) =>
    select.addEventListener("change", () => select.form?.requestSubmit()),
  );
}
