// Frame-exact playback. A seek goes to the middle of a frame's interval; which frame is really on
// the screen is read back from the browser (requestVideoFrameCallback) and only that is shown.

const FASTEST = 8;
const SLACK = 2e-4; // seconds; browsers round a frame's time to microseconds
const QUIET = 250; // milliseconds without a picture after which the clock must do

export class Player extends EventTarget {
  constructor(video, frames) {
    super();
    this.video = video;
    this.frames = frames;
    this.frame = 0; // on the screen
    this.wanted = null; // where a seek is going
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

  /** Show a frame. While one seek runs only the newest wish is kept. */
  show(number) {
    const wanted = Math.max(0, Math.min(this.last, number));
    const busy = this.wanted !== null;
    this.wanted = wanted;
    if (!busy) this.#seek();
  }

  /** So many frames on, counted from where one is going, so that fast keys lose no step. */
  step(frames) {
    this.halt();
    this.show((this.wanted ?? this.frame) + frames);
  }

  /** So many seconds on. */
  skip(seconds) {
    const here = this.frames.offsetOf(this.wanted ?? this.frame);
    this.show(this.frames.atOffset(here + seconds));
  }

  toggle() {
    if (this.playing || this.rewinding) this.halt();
    else this.play();
  }

  play() {
    this.#rewind(0);
    if (this.frame >= this.last) this.show(0);
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
    this.video.currentTime = this.frames.middleOf(this.wanted);
    this.going = this.wanted;
  }

  #arrived() {
    if (this.wanted !== null && this.wanted !== this.going) {
      this.#seek();
      return;
    }
    this.wanted = null;
    // A browser paints no new picture when it was on this frame already, or when it is hidden.
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.#on(this.frames.at(this.video.currentTime)), QUIET);
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
