/** Day, dark and night-dim: shown at once and told to the server, without losing what the page shows. */

import { forEach } from "../dom";

/** Charts and maps hear of a new theme by the event `themechange`. */
function announce(): void {
  document.dispatchEvent(new Event("themechange"));
}

export function startTheme(): void {
  forEach<HTMLSelectElement>("[data-theme-select]", (select) => {
    const form = select.form;
    form?.querySelector("button")?.setAttribute("hidden", "");
    select.addEventListener("change", () => {
      document.documentElement.dataset["theme"] = select.value || "auto";
      announce();
      if (form) {
        const kept = fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
        // Where it cannot be kept it holds for this page: no reason to disturb.
        kept.catch(() => undefined);
      }
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
}
