/** Labels read by the camera, where the browser can; elsewhere the field is typed into as it is. */

import { element, forEach } from "../dom";
import { text } from "./texts";

interface Found {
  rawValue: string;
}
interface Detector {
  detect(image: HTMLVideoElement): Promise<Found[]>;
}
type DetectorMaker = new (options: { formats: string[] }) => Detector;

const LOOK_EVERY_MS = 200;
const LAST = "scanned";

function detectorOf(): Detector | null {
  const make = (window as unknown as { BarcodeDetector?: DetectorMaker }).BarcodeDetector;
  if (!make || !navigator.mediaDevices) {
    return null;
  }
  try {
    return new make({ formats: ["qr_code"] });
  } catch {
    // the interface is there and the system has no reader behind it
    return null;
  }
}

/** Show the picture, look at it, and send the first label that was not sent just before. */
async function scan(form: HTMLFormElement, input: HTMLInputElement, detector: Detector): Promise<void> {
  const video = element("video", { class: "scan", playsinline: true, "aria-label": text.camera });
  // by the property: the attribute counts only in markup, and what is not muted waits for a touch
  video.muted = true;
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  video.srcObject = stream;
  input.after(video);
  video.play().catch(() => undefined);
  const timer = setInterval(async () => {
    const found = await detector.detect(video).catch(() => []);
    const value = found[0]?.rawValue;
    if (!value || value === sessionStorage.getItem(LAST)) {
      return;
    }
    clearInterval(timer);
    stream.getTracks().forEach((track) => track.stop());
    sessionStorage.setItem(LAST, value);
    input.value = value;
    form.append(element("input", { type: "hidden", name: "scan", value: "1" }));
    form.requestSubmit();
  }, LOOK_EVERY_MS);
}

function start(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>("input[name='code']");
  const detector = detectorOf();
  if (!input || !detector) {
    return;
  }
  const button = element("button", { type: "button" }, text.scan);
  const begin = (): void => {
    button.disabled = true;
    scan(form, input, detector).catch(() => {
      button.disabled = false;
      button.after(element("p", { class: "error", role: "alert" }, text.noCamera));
    });
  };
  button.addEventListener("click", begin);
  form.querySelector("button")?.after(" ", button);
  if (form.dataset["scan"] === "on") {
    begin();
  } else {
    sessionStorage.removeItem(LAST);
  }
}

export function startScans(): void {
  forEach<HTMLFormElement>("form[data-scan]", start);
}
