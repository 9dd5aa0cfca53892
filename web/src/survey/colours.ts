/** Colours of the theme as the browser resolves them, and the one sequential scale of all charts. */

const probe = document.createElement("span");
probe.hidden = true;

/** The colour behind a custom property of the style sheet, as `rgb(...)`. */
export function themeColour(name: string): string {
  if (!probe.isConnected) {
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

type Rgb = [number, number, number];

// Cividis (Nunez, Anderton and Renslow 2018, doi:10.1371/journal.pone.0199239), read at ninths: one
// rise of lightness from end to end, the same for colour-blind eyes.
const CIVIDIS: Rgb[] = [
  [0, 34, 78], [26, 56, 111], [67, 78, 108], [97, 101, 111], [125, 124, 120],
  [155, 148, 118], [188, 174, 108], [222, 201, 88], [254, 232, 56],
];
// For dark-adapted eyes: the same rise in few hues and little light.
const EMBER: Rgb[] = [
  [14, 7, 3], [38, 19, 9], [66, 34, 16], [98, 54, 26], [132, 78, 38], [166, 106, 56], [200, 140, 84],
];

function isNight(): boolean {
  return document.documentElement.dataset["theme"] === "night";
}

/** Colour at a place between 0 and 1 of the scale. */
export function rampAt(place: number): Rgb {
  const stops = isNight() ? EMBER : CIVIDIS;
  const x = Math.min(1, Math.max(0, place)) * (stops.length - 1);
  const low = Math.min(Math.floor(x), stops.length - 2);
  const a = stops[low] as Rgb;
  const b = stops[low + 1] as Rgb;
  return [0, 1, 2].map((i) => Math.round((a[i] as number) + (x - low) * ((b[i] as number) - (a[i] as number)))) as Rgb;
}

export function rgb([r, g, b]: Rgb): string {
  return `rgb(${r}, ${g}, ${b})`;
}

/** Run when the theme changes. */
export function onTheme(run: () => void): void {
  document.addEventListener("themechange", run);
}
