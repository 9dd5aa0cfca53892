/** The scene in words: for the lists, and for who hears the page. */

import { formatNumber, formatSpan } from "../language";
import type { Alarm, Device } from "./contract";
import { LiveScene } from "./live";
import type { Scene } from "./scene";
import { text } from "./texts";

export function ageWords(age_s: number | null): string {
  if (age_s === null) {
    return "";
  }
  return age_s < 120 ? text.age(`${Math.floor(Math.max(0, age_s))} s`) : text.age(formatSpan(age_s));
}

export function deviceStateWords(scene: Scene, device: Device): string {
  if (!(scene instanceof LiveScene)) {
    return device.records === 0 ? text.notBegun : text.replayStates[device.state];
  }
  const state = text.states[device.state];
  return device.state === "live" ? state : `${state}, ${ageWords(scene.age_s(device))}`;
}

/** An alarm in one line: what, of which class, where. */
export function alarmWords(alarm: Alarm): string {
  const what = [alarm.nuclides.join(", ") || text.notIdentified, text.classes[alarm.class]];
  if (alarm.neutron) {
    what.push(text.neutrons);
  }
  what.push(placeWords(alarm));
  return [alarm.name, what.join(", ")].filter((each) => each).join(": ");
}

export function placeWords(alarm: Alarm): string {
  if (alarm.latitude === null) {
    return text.alarmNoPlace;
  }
  return alarm.radius_m_95 === null ? text.placeOnly : text.withPlace(formatNumber(alarm.radius_m_95));
}
