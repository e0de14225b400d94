// The lanes of the timeline, drawn on one canvas: ruler, pictures, sound, ground of the markers,
// speed. What is drawn is anchored in time, so that nothing flickers while the view moves; how
// many bars, labels and pictures there are follows from the width, so that nothing gets thinner
// than can be seen.

import { wall } from "./clock.js";

const RULER = 32;
const HEIGHTS = { picture: 50, sound: 44, markers: 30, speed: 32 };
const GAP = 4; // kept free at the top and bottom of a lane
const BAR = 3; // width of a bar and its gap
const LABEL = 88; // least distance of two labels
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

export class Lanes {
  constructor(canvas, names, footage) {
    this.canvas = canvas;
    this.names = names;
    this.footage = footage; // startedAt, silent, zero, duration (seconds); strip, sound, speed when there
    this.tops = new Map();
    let top = RULER;
    for (const name of names) {
      this.tops.set(name, top);
      top += HEIGHTS[name];
    }
    this.height = top;
    this.colours = this.#colours();
    matchMedia("(forced-colors: active)").addEventListener("change", () => {
      this.colours = this.#colours();
      this.dirty?.();
    });
  }

  topOf(name) {
    return this.tops.get(name);
  }

  #colours() {
    const style = getComputedStyle(this.canvas);
    const names = ["night", "night-line", "pale", "pale-dim", "sound", "speed", "silent", "tick"];
    const raw = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    return { ...raw, line: raw["night-line"], dim: raw["pale-dim"] };
  }

  /** Draw the stretch from `from` to `to` seconds. */
  draw(from, to) {
    const width = this.canvas.clientWidth;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas.width = wide;
      this.canvas.height = high;
      this.canvas.style.height = `${this.height}px`;
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = this.colours.night;
    pen.fillRect(0, 0, width, this.height);
    const view = { from, to, width, scale: width / (to - from), x: (at) => (at - from) * (width / (to - from)) };
    this.#ruler(pen, view);
    for (const name of this.names) {
      pen.save();
      pen.translate(0, this.tops.get(name));
      pen.fillStyle = this.colours.line;
      pen.fillRect(0, 0, width, 1);
      this[`_${name}`](pen, view, HEIGHTS[name]);
      pen.restore();
    }
  }

  #ruler(pen, { from, to, width, scale, x }) {
    const step = STEPS.find((seconds) => seconds * scale >= LABEL) ?? STEPS.at(-1);
    const zero = this.footage.startedAt / 1000;
    pen.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    pen.textBaseline = "middle";
    for (let n = Math.ceil((zero + from) / step - 1e-9); n * step <= zero + to; n += 1) {
      const at = n * step - zero;
      pen.fillStyle = this.colours.tick;
      pen.fillRect(Math.round(x(at)), 8, 1, RULER - 8);
      pen.fillStyle = this.colours.dim;
      const label = wall(this.footage.startedAt, at + 1e-6, { fine: false }) + (step < 1 ? `.${Math.round((n * step * 10) % 10) % 10}` : "");
      if (x(at) + LABEL - 24 < width) pen.fillText(label, Math.round(x(at)) + 5, 19);
    }
    if (to - from < this.footage.duration - 1e-6) this.#overview(pen, { from, to, width });
  }

  /** Where in the whole the zoomed view lies. */
  #overview(pen, { from, to, width }) {
    const whole = this.footage.duration;
    pen.fillStyle = this.colours.line;
    pen.fillRect(0, 2, width, 3);
    pen.fillStyle = this.colours.pale;
    pen.fillRect((from / whole) * width, 2, Math.max(6, ((to - from) / whole) * width), 3);
  }

  _picture(pen, { from, to, scale, x }, height) {
    const strip = this.footage.strip;
    if (!strip) return;
    const tall = height - 2;
    const wide = (strip.width / strip.height) * tall;
    const seconds = wide / scale;
    for (let n = Math.floor(from / seconds); n * seconds < to; n += 1) {
      const cell = strip.at((n + 0.5) * seconds);
      pen.drawImage(strip.image, cell * strip.width, 0, strip.width, strip.height, x(n * seconds), 1, wide - 1, tall);
    }
  }

  _sound(pen, { from, to, scale, x }, height) {
    const { sound, silent, duration } = this.footage;
    if (silent > 0) this.#hatch(pen, x(0), x(Math.min(silent, duration)), height);
    this.#bars(pen, { from, to, scale, x }, height);
  }

  #bars(pen, { from, to, scale, x }, height) {
    const { sound, silent } = this.footage;
    if (!sound) return;
    const middle = height / 2;
    const seconds = BAR / scale;
    pen.fillStyle = this.colours.sound;
    for (let n = Math.floor(from / seconds); n * seconds < to; n += 1) {
      const loud = sound.loudest(n * seconds, (n + 1) * seconds);
      // Inside the hatching a line of silence would only be noise; a sound there must show.
      if (loud === null || (loud === 0 && (n + 1) * seconds <= silent)) continue;
      const half = Math.max(0.75, Math.sqrt(loud) * (middle - GAP));
      pen.fillRect(x(n * seconds), middle - half, BAR - 1, half * 2);
    }
  }

  /** Where there is no sound by design; without the hatching people report a fault. */
  #hatch(pen, left, right, height) {
    pen.save();
    pen.beginPath();
    pen.rect(left, GAP, right - left, height - 2 * GAP);
    pen.clip();
    pen.strokeStyle = this.colours.silent;
    pen.lineWidth = 2;
    pen.beginPath();
    // Anchored to the left edge of the stretch, however far that is outside of the view.
    const first = Math.max(left - height, left - height + Math.floor(-left / 9) * 9);
    for (let at = first; at < Math.min(right, this.canvas.clientWidth); at += 9) {
      pen.moveTo(at, height);
      pen.lineTo(at + height, 0);
    }
    pen.stroke();
    pen.restore();
    const room = Math.min(right, this.canvas.clientWidth) - Math.max(left, 0);
    const words = room > 280 ? "No sound before record was pressed" : "No sound yet";
    if (room > 96) this.#words(pen, words, Math.max(left, 0) + 8, height);
  }

  #words(pen, text, left, height) {
    pen.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    const wide = pen.measureText(text).width;
    pen.fillStyle = this.colours.night;
    pen.fillRect(left - 5, height / 2 - 9, wide + 10, 18);
    pen.fillStyle = this.colours.dim;
    pen.textBaseline = "middle";
    pen.fillText(text, left, height / 2 + 1);
  }

  _markers() {}

  _speed(pen, { from, to, width, x }, height) {
    const rows = this.footage.speed;
    if (!rows?.length) return;
    const top = Math.max(3, ...rows.map(([, speed]) => speed));
    const y = (speed) => height - 1 - (speed / top) * (height - 2 * GAP);
    const near = rows.filter(([at], n) => (rows[n + 1]?.[0] ?? at) >= from && (rows[n - 1]?.[0] ?? at) <= to);
    if (!near.length) return;
    pen.beginPath();
    pen.moveTo(x(near[0][0]), height);
    for (const [at, speed] of near) pen.lineTo(x(at), y(speed));
    pen.lineTo(x(near.at(-1)[0]), height);
    pen.closePath();
    pen.fillStyle = this.colours.speed;
    pen.globalAlpha = 0.55;
    pen.fill();
    pen.globalAlpha = 1;
    pen.beginPath();
    near.forEach(([at, speed], n) => pen[n ? "lineTo" : "moveTo"](x(at), y(speed)));
    pen.strokeStyle = this.colours.speed;
    pen.lineWidth = 1.5;
    pen.stroke();
    const most = Math.max(...near.map(([, speed]) => speed));
    this.#words(pen, `up to ${most.toFixed(1)} m/s`, width - 92, height);
  }
}
