// The timeline: where one is, zoom around it, pointing and dragging, pins of the markers, and a
// look ahead under the pointer.

import { wall } from "./clock.js";

export class Timeline extends EventTarget {
  constructor(root, lanes, footage) {
    super();
    this.lanes = lanes;
    this.footage = footage;
    this.area = root.querySelector("#lanes");
    this.scrub = root.querySelector("#scrub");
    this.playhead = root.querySelector("#playhead");
    this.pins = root.querySelector("#pins");
    this.peek = root.querySelector("#peek");
    this.peekPicture = root.querySelector("#peek-picture");
    this.peekClock = root.querySelector("#peek-clock");
    this.zooms = [...root.querySelectorAll("[data-span]")];
    this.span = 0; // seconds in view; 0: all
    this.at = 0;
    this.markers = [];
    this.held = false; // a finger is on it: the view stands still
    this.dirty = true;
    lanes.dirty = () => this.redraw();
    for (const button of this.zooms) button.addEventListener("click", () => this.zoom(Number(button.dataset.span)));
    this.#point();
    new ResizeObserver(() => this.redraw()).observe(this.area);
  }

  get view() {
    const { duration } = this.footage;
    if (!this.span || this.span >= duration) return { from: 0, to: duration };
    if (this.held) return this.held;
    const from = Math.max(0, Math.min(duration - this.span, this.at - this.span / 2));
    return { from, to: from + this.span };
  }

  zoom(span) {
    this.span = span;
    for (const button of this.zooms) button.setAttribute("aria-pressed", String(Number(button.dataset.span) === span));
    this.redraw();
  }

  /** One step closer (+1) or further away (-1). */
  zoomStep(direction) {
    const here = this.zooms.findIndex((button) => Number(button.dataset.span) === this.span);
    const there = Math.max(0, Math.min(this.zooms.length - 1, here + direction));
    this.zoom(Number(this.zooms[there].dataset.span));
  }

  /** Move the playhead; `words` are for those who hear it. */
  show(offset, words) {
    this.at = offset;
    this.scrub.setAttribute("aria-valuenow", Math.round(offset * 1000));
    this.scrub.setAttribute("aria-valuetext", words);
    if (this.span) this.dirty = true;
    this.#soon();
  }

  mark(markers) {
    this.markers = markers;
    const buttons = markers.map((marker) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = marker.number;
      button.setAttribute("aria-label", `Marker ${marker.number}, ${marker.label}`);
      button.title = marker.label;
      button.addEventListener("click", () => this.#say("pick", marker.frame));
      return button;
    });
    this.pins.replaceChildren(...buttons);
    this.redraw();
  }

  redraw() {
    this.dirty = true;
    this.#soon();
  }

  #soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.#draw();
    });
  }

  #draw() {
    const { from, to } = this.view;
    const width = this.area.clientWidth;
    if (!width) return;
    if (this.dirty) {
      this.lanes.draw(from, to);
      this.dirty = false;
    }
    const x = (offset) => ((offset - from) / (to - from)) * width;
    this.playhead.style.transform = `translateX(${x(this.at).toFixed(1)}px)`;
    const top = this.lanes.topOf("markers") + 3;
    [...this.pins.children].forEach((pin, n) => {
      const offset = this.markers[n].ms / 1000;
      pin.style.transform = `translate(${(x(offset) - 12).toFixed(1)}px, ${top}px)`;
      pin.classList.toggle("is-here", Math.abs(offset - this.at) < 0.02);
    });
  }

  #point() {
    const offsetAt = (event) => {
      const box = this.area.getBoundingClientRect();
      const { from, to } = this.view;
      const part = (event.clientX - box.left) / box.width;
      return Math.max(0, Math.min(this.footage.duration, from + part * (to - from)));
    };
    this.scrub.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.held = { ...this.view };
      this.scrub.setPointerCapture(event.pointerId);
      this.#say("seek", offsetAt(event));
    });
    this.scrub.addEventListener("pointermove", (event) => {
      if (this.held) this.#say("seek", offsetAt(event));
      else if (event.pointerType === "mouse") this.#look(offsetAt(event));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.scrub.addEventListener(name, () => {
        this.held = false;
        this.redraw();
      });
    }
    for (const name of ["pointerleave", "pointerdown"]) this.scrub.addEventListener(name, () => (this.peek.hidden = true));
  }

  /** What was to be seen at a time, before going there. */
  #look(offset) {
    const { strip, startedAt } = this.footage;
    const { from, to } = this.view;
    const width = this.area.clientWidth;
    this.peek.hidden = false;
    this.peekPicture.hidden = !strip;
    if (strip) {
      this.peekPicture.height = Math.round((160 * strip.height) / strip.width);
      const pen = this.peekPicture.getContext("2d");
      pen.drawImage(strip.image, strip.at(offset) * strip.width, 0, strip.width, strip.height, 0, 0, 160, this.peekPicture.height);
    }
    this.peekClock.textContent = wall(startedAt, offset);
    const half = this.peek.offsetWidth / 2;
    const x = Math.max(half, Math.min(width - half, ((offset - from) / (to - from)) * width));
    this.peek.style.transform = `translateX(${Math.round(x - half)}px)`;
  }

  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
