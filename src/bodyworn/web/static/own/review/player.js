// Frame-exact playback. A seek goes to the middle of a frame's interval; which frame is really on
// the screen is read back from the browser (requestVideoFrameCallback) and only that is shown.

const FASTEST = 8;
const SLACK = 2e-4; // seconds; browsers round a frame's time to microseconds
const TRIES = 10; // for a seek that the browser cut short
const PAUSE = 40; // milliseconds between them
const QUIET = 250; // milliseconds without a picture after which the clock must do

export class Player extends EventTarget {
  constructor(video, frames) {
    super();
    this.video = video;
    this.frames = frames;
    this.frame = 0; // on the screen
    this.wanted = null; // where one wants to be
    this.going = null; // where the seek that runs is going
    this.tries = 0;
    this.aim = null; // asked for and not yet seen
    this.rewinding = 0; // times the natural speed, 0: not
    video.addEventListener("seeked", () => this.#arrived());
    for (const name of ["play", "pause", "ended", "ratechange"]) {
      video.addEventListener(name, () => this.#say("state"));
    }
    this.#watch();
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  get last() {
    return this.frames.count - 1;
  }

  /** Seconds from the first frame to the one on the screen. */
  get offset() {
    return this.frames.offsetOf(this.frame);
  }

  /** Where one is in one's own mind: the frame asked for last, though it may not be painted yet. */
  get here() {
    return this.aim ?? this.frame;
  }

  /** Show a frame. While one seek runs only the newest wish is kept. */
  show(number) {
    const wanted = Math.max(0, Math.min(this.last, number));
    const busy = this.wanted !== null;
    this.wanted = wanted;
    this.aim = wanted;
    if (!busy) this.#seek();
  }

  /** So many frames on, counted from where one is going, so that fast keys lose no step. */
  step(frames) {
    this.halt();
    this.show(this.here + frames);
  }

  /** So many seconds on. */
  skip(seconds) {
    this.show(this.frames.atOffset(this.frames.offsetOf(this.here) + seconds));
  }

  toggle() {
    if (this.playing || this.rewinding) this.halt();
    else this.play();
  }

  play() {
    this.#rewind(0);
    if (this.here >= this.last) this.show(0);
    this.aim = null;
    this.video.play().catch(() => this.#say("state"));
  }

  halt() {
    this.#rewind(0);
    this.video.pause();
  }

  /** L: play, then twice as fast; J: the same backwards. */
  shuttle(direction) {
    if (direction > 0) {
      const faster = this.playing ? Math.min(FASTEST, this.video.playbackRate * 2) : 1;
      this.video.playbackRate = faster;
      if (!this.playing) this.play();
      return;
    }
    const faster = this.rewinding ? Math.min(FASTEST, this.rewinding * 2) : 1;
    this.video.pause();
    this.#rewind(faster);
  }

  #seek() {
    if (this.going !== this.wanted) this.tries = 0;
    this.going = this.wanted;
    this.video.currentTime = this.frames.middleOf(this.wanted);
  }

  #arrived() {
    if (this.wanted !== null && this.wanted !== this.going) {
      this.#seek();
      return;
    }
    if (this.wanted !== null && this.#fellShort() && this.tries < TRIES) {
      this.tries += 1;
      setTimeout(() => this.#seek(), PAUSE);
      return;
    }
    this.wanted = null;
    this.going = null;
    // A browser paints no new picture when it was on this frame already, or when it is hidden.
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => {
      this.aim = null;
      this.#on(this.frames.at(this.video.currentTime));
    }, QUIET);
  }

  /** Of footage whose pictures begin late Chromium first thinks that it is shorter than it is, and
   * cuts a seek to what it takes for the end; having read on it knows better. */
  #fellShort() {
    return this.frames.at(this.video.currentTime) < this.wanted;
  }

  #watch() {
    if (!("requestVideoFrameCallback" in this.video)) {
      this.video.addEventListener("timeupdate", () => this.#on(this.frames.at(this.video.currentTime)));
      return;
    }
    const seen = (_, { mediaTime }) => {
      clearTimeout(this.quiet);
      this.#on(this.frames.at(mediaTime + SLACK));
      this.video.requestVideoFrameCallback(seen);
    };
    this.video.requestVideoFrameCallback(seen);
  }

  #on(frame) {
    this.frame = frame;
    if (frame === this.aim || (this.playing && this.wanted === null)) this.aim = null;
    this.#say("frame");
  }

  #rewind(speed) {
    clearInterval(this.rewinder);
    const changed = this.rewinding !== speed;
    this.rewinding = speed;
    if (changed) this.#say("state");
    if (!speed) return;
    const from = this.frames.offsetOf(this.frame);
    const began = performance.now();
    this.rewinder = setInterval(() => {
      const offset = from - ((performance.now() - began) / 1000) * speed;
      if (this.wanted === null) this.show(this.frames.atOffset(offset));
      if (offset <= 0) this.#rewind(0);
    }, 66);
  }

  #say(name) {
    this.dispatchEvent(new Event(name));
  }
}
