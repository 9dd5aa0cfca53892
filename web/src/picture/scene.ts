/** What is shown at one moment, live or in a replay; every part of the page draws from it. */

import type { Recent } from "../field/recent";
import type { Alarm, Device, Point } from "./contract";

export interface Track {
  survey: string;
  points: Point[];
}

export abstract class Scene {
  devices: Device[] = [];
  alarms: Alarm[] = [];
  moreAlarms = 0;
  /** Devices beyond those that the picture holds. */
  moreDevices = 0;
  tracks = new Map<string, Track>();
  /** Grows whenever a track changes. */
  tracksVersion = 0;
  chosen: string | null = null;
  abstract readonly recent: Recent;
  readonly #watchers: (() => void)[] = [];

  /** Call now and whenever something changed. */
  watch(run: () => void): void {
    this.#watchers.push(run);
    run();
  }

  changed(): void {
    this.#watchers.forEach((run) => run());
  }

  get chosenDevice(): Device | null {
    return this.devices.find((each) => each.survey === this.chosen) ?? null;
  }

  /** Show the charts of a device. */
  choose(survey: string): void {
    if (this.chosen !== survey) {
      this.chosen = survey;
      this.chose();
      this.changed();
    }
  }

  /** Without a choice of the person: the device with the newest alarm, else the first. */
  chooseUnlessChosen(): void {
    if (this.chosenDevice === null) {
      const alarmed = this.alarms.find((each) => this.devices.some((d) => d.survey === each.survey));
      const first = alarmed?.survey ?? this.devices[0]?.survey ?? null;
      if (first !== this.chosen) {
        this.chosen = first;
        this.chose();
      }
    }
  }

  /** What a source does when another device was chosen. */
  protected abstract chose(): void;
}
