// When each frame is shown. The server lists the times; nothing here divides by a frame rate,
// because footage from cameras varies (see media/frames.py for the form of the list).

/** The last index for which `value(index) <= wanted`, or 0. */
function lastNotAbove(length, value, wanted) {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (value(middle) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** One run: `count` frames whose durations repeat a pattern. */
function runOf([delta, times], frame, tick) {
  const pattern = Array.isArray(delta) ? delta : [delta];
  const edges = [0];
  for (const ticks of pattern) edges.push(edges.at(-1) + ticks);
  return { frame, tick, edges, size: pattern.length, ticks: edges.at(-1), count: pattern.length * times };
}

export class FrameTimes {
  constructor({ timescale, start, count, runs, keyframes }) {
    this.timescale = timescale;
    this.count = count;
    this.runs = [];
    let frame = 0;
    let tick = start;
    for (const run of runs) {
      const made = runOf(run, frame, tick);
      this.runs.push(made);
      frame += made.count;
      tick += made.ticks * run[1];
    }
    this.firstTick = start;
    this.endTick = tick;
    this.keys = [];
    let key = 0;
    for (const [step, times] of keyframes) {
      this.keys.push({ before: key, step, times });
      key += step * times;
    }
  }

  /** Ticks at which a frame appears; the end of all for the number after the last. */
  tickOf(number) {
    if (number >= this.count) return this.endTick;
    const run = this.runs[lastNotAbove(this.runs.length, (i) => this.runs[i].frame, number)];
    const inside = number - run.frame;
    return run.tick + Math.floor(inside / run.size) * run.ticks + run.edges[inside % run.size];
  }

  /** Seconds of `video.currentTime` at which a frame appears. */
  startOf(number) {
    return this.tickOf(number) / this.timescale;
  }

  /** Seconds inside a frame's interval: where to seek. Its edges are where rounding decides. */
  placeIn(number, part) {
    const from = this.tickOf(number);
    return (from + part * (this.tickOf(number + 1) - from)) / this.timescale;
  }

  /** Seconds from the first frame. */
  offsetOf(number) {
    return (this.tickOf(number) - this.firstTick) / this.timescale;
  }

  /** Seconds from the first frame to the end of the last. */
  get duration() {
    return (this.endTick - this.firstTick) / this.timescale;
  }

  /** The frame that is shown at a time of `video.currentTime`; the nearest one outside. */
  at(seconds) {
    const tick = seconds * this.timescale;
    const run = this.runs[lastNotAbove(this.runs.length, (i) => this.runs[i].tick, tick)];
    const rounds = Math.max(0, Math.min(Math.floor((tick - run.tick) / run.ticks), run.count / run.size - 1));
    const rest = tick - run.tick - rounds * run.ticks;
    const inside = lastNotAbove(run.size, (i) => run.edges[i], rest);
    return Math.max(0, Math.min(run.frame + rounds * run.size + inside, this.count - 1));
  }

  /** The frame that is shown so many seconds after the first. */
  atOffset(seconds) {
    return this.at(seconds + this.firstTick / this.timescale);
  }

  /** The nearest keyframe before (-1) or after (+1) a frame; the frame itself where there is none. */
  keyFrom(number, direction) {
    let best = number;
    for (const { before, step, times } of this.keys) {
      const last = before + step * times;
      const first = before + step;
      if (direction < 0 && first < number) {
        best = step === 0 ? first : Math.min(last, first + Math.floor((number - 1 - first) / step) * step);
      }
      if (direction > 0 && last > number) {
        return step === 0 || first > number ? first : first + (Math.floor((number - first) / step) + 1) * step;
      }
    }
    return best;
  }
}
