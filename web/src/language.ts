/** The language of the page, as the server wrote it into `<html lang>`. */

export const language: "en" | "fr" = document.documentElement.lang.startsWith("fr") ? "fr" : "en";

/** The texts of one language; a French text that is missing is an error of the type check. */
export function texts<T>(all: { en: T; fr: T }): T {
  return all[language];
}

export function formatNumber(value: number, digits = 3): string {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: digits }).format(value);
}

/** A number with so many places after the decimal sign. */
export function formatFixed(value: number, places: number): string {
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(language, digits).format(value);
}

/** A span of seconds in the largest unit that says it well. */
export function formatSpan(seconds: number): string {
  const steps: [number, string][] = [
    [86400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const [size, unit] = steps.find(([each]) => seconds >= 2 * each) ?? [1, "second"];
  const style = { style: "unit", unit, unitDisplay: "long" } as const;
  return new Intl.NumberFormat(language, style).format(Math.floor(seconds / size));
}
