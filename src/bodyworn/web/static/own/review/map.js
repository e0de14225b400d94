// The dot that follows playback, the part of the track already walked, and the markers' pins.

const SVG = "http://www.w3.org/2000/svg";
const PIN = 20; // units from the track to a pin's middle

function made(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

export class TrackMap {
  constructor(root, track) {
    this.track = track;
    this.rows = track.rows;
    this.dot = root.querySelector("#map-dot");
    this.accuracy = root.querySelector("#map-accuracy");
    this.gone = root.querySelector("#map-gone");
    this.pins = root.querySelector("#map-pins");
    this.words = root.querySelector("#map-position");
  }

  /** Index of the last fix not after a time, and where between it and the next one is. */
  #place(ms) {
    const rows = this.rows;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (rows[middle][0] <= ms) low = middle;
      else high = middle - 1;
    }
    const a = rows[low];
    const b = rows[low + 1] ?? a;
    const part = b[0] > a[0] ? Math.max(0, Math.min(1, (ms - a[0]) / (b[0] - a[0]))) : 0;
    return { index: low, x: a[1] + (b[1] - a[1]) * part, y: a[2] + (b[2] - a[2]) * part, radius: a[3] };
  }

  show(ms) {
    const { index, x, y, radius } = this.#place(ms);
    for (const circle of [this.dot, this.accuracy]) {
      circle.setAttribute("cx", x.toFixed(1));
      circle.setAttribute("cy", y.toFixed(1));
    }
    this.accuracy.setAttribute("r", radius);
    const walked = this.rows.slice(0, index + 1).map((row) => `${row[1]},${row[2]}`);
    this.gone.setAttribute("points", [...walked, `${x.toFixed(1)},${y.toFixed(1)}`].join(" "));
    this.words.textContent = this.#position(x, y);
  }

  /** Degrees again, from the box's units. */
  #position(x, y) {
    const { middle, units, narrowing, box } = this.track;
    const latitude = middle[0] - (y - box[1] / 2) / units;
    const longitude = middle[1] + (x - box[0] / 2) / units / narrowing;
    return `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`.replaceAll("-", "−");
  }

  /** Pins on alternate sides of the track, so that neighbours do not hide each other. */
  mark(markers) {
    const [width, height] = this.track.box;
    const pins = markers.map(({ number, ms }) => {
      const { x, y } = this.#place(ms);
      const side = number % 2 ? -1 : 1;
      const pinY = Math.max(12, Math.min(height - 12, y + side * PIN));
      const pinX = Math.max(12, Math.min(width - 12, x));
      const pin = made("g", { class: "map-pin" });
      pin.append(
        made("line", { x1: x, y1: y, x2: pinX, y2: pinY }),
        made("circle", { cx: pinX, cy: pinY, r: 9 }),
        made("text", { x: pinX, y: pinY + 4 }, number),
      );
      return pin;
    });
    this.pins.replaceChildren(...pins);
  }
}
