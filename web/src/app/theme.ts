/** Day, dark and night-dim: the person's choice in a cookie, so that the server writes it into the page. */

import { forEach } from "../dom";

const COOKIE = "tocsin_theme";
const THEMES = ["auto", "day", "dark", "night"];
const YEAR_S = 31_536_000;

function chosen(): string {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${COOKIE}=`));
  const value = found?.slice(COOKIE.length + 1) ?? "";
  return THEMES.includes(value) ? value : "auto";
}

/** Show a theme now and on every later page; charts hear of it by the event `themechange`. */
export function setTheme(theme: string): void {
  document.documentElement.dataset["theme"] = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${theme}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
  document.dispatchEvent(new Event("themechange"));
}

export function startTheme(): void {
  document.documentElement.dataset["theme"] = chosen();
  forEach<HTMLSelectElement>("[data-theme-select]", (select) => {
    select.value = chosen();
    select.addEventListener("change", () => setTheme(select.value));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new Event("themechange")),
  );
}
