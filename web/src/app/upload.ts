/** Upload by drag and drop, with progress for each file; without script the form posts as it is. */

import { element, forEach } from "../dom";
import { text } from "./texts";

interface Answer {
  url?: string;
  title?: string;
  error?: { message?: string };
}

/** Send one file with the other fields of the form and tell what became of it. */
function send(form: HTMLFormElement, input: HTMLInputElement, file: File, list: Element): Promise<void> {
  const state = element("span", { role: "status" }, text.sent(0));
  const bar = element("progress", { max: 1, value: 0, "aria-label": file.name });
  const item = element("li", {}, element("span", {}, file.name), state, bar);
  list.append(item);

  const data = new FormData(form);
  data.delete(input.name);
  data.append(input.name, file, file.name);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) {
      bar.value = event.loaded / event.total;
      state.textContent = text.sent(Math.floor((100 * event.loaded) / event.total));
    }
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    state.textContent = text.reading;
  });
  return new Promise((done) => {
    request.addEventListener("loadend", () => {
      bar.remove();
      const answer = (request.response ?? {}) as Answer;
      if (request.status >= 200 && request.status < 300 && answer.url) {
        state.replaceChildren(element("a", { href: answer.url }, answer.title ?? file.name));
        item.dataset["done"] = "";
      } else {
        const why = request.status === 0 ? text.noConnection : (answer.error?.message ?? `${request.status}`);
        state.className = "error";
        state.textContent = text.failed(why);
      }
      done();
    });
    request.send(data);
  });
}

function start(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>("input[type='file']");
  if (!input) {
    return;
  }
  const label = input.id ? form.querySelector<HTMLLabelElement>(`label[for="${CSS.escape(input.id)}"]`) : null;
  const zone = element("div", { class: "drop" });
  const list = element("ul", { class: "uploads" });
  input.before(zone);
  if (label) {
    label.textContent = text.drop;
    zone.append(label);
  }
  zone.append(input);
  input.multiple = true;
  form.append(list);

  // One after the other: the order stays and a thin line is not shared.
  let queue = Promise.resolve();
  const take = (files: Iterable<File>): void => {
    for (const file of files) {
      queue = queue.then(() => send(form, input, file, list));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take([...(input.files ?? [])]);
    input.value = "";
  });
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.dataset["over"] = "";
  });
  zone.addEventListener("dragleave", () => delete zone.dataset["over"]);
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    delete zone.dataset["over"];
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

export function startUploads(): void {
  forEach<HTMLFormElement>("form[data-upload]", start);
}
