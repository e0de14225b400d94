// Frame-exact playback. A seek goes to the middle of a frame's interval; which frame is really on
// the screen is read back from the browser (requestVideoFrameCallback) and only that is named.
//
// When decoding is slow Chromium paints a picture from the way to where a seek goes, and may leave it
// there. So a seek ends when the picture that was asked for is on the screen: another is asked for
// again, and after so many times the page says what is there instead.

const FASTEST = 8;
const SLACK = 2e-4; // seconds; browsers round a frame's time to microseconds
const PAUSE = 60; // milliseconds before a seek that the browser cut short is asked for again
const PATIENCE = 250; // milliseconds for the picture to follow its seek; doubled with each try
const LONGEST = 1500; // milliseconds of patience
const TRIES = 8;
const PLACES = [0.5, 0.6, 0.4, 0.55, 0.45]; // of the frame's interval: asked twice, a browser may not move

export class Player extends EventTarget {
  constructor(video, frames) {
    super();
    this.video = video;
    this.frames = frames;
    this.frame = 0; // on the screen
    this.target = null; // asked for last; none once playback goes on from it
    this.going = null; // where the seek that runs is going
    this.painted = false; // a picture since that seek began
    this.tries = 0;
    this.resting = true; // picture and name stand still
    this.lost = false; // the browser shows another frame than the target, however often it is asked
    this.rewinding = 0; // times the natural speed, 0: not
    video.addEventListener("seeked", () => this.#arrived());
    for (const name of ["play", "pause", "ended", "ratechange"]) {
      video.addEventListener(name, () => this.#say("state"));
    }
    video.addEventListener("pause", () => this.#soon(PATIENCE));
    // Nothing is painted where nobody looks, so nothing is asked for again there.
    document.addEventListener("visibilitychange", () => this.resting || this.#soon(PATIENCE));
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
    return this.target ?? this.frame;
  }

  /** The frame that is on its way to the screen; null where there is none to wait for. */
  get awaited() {
    return this.resting || this.playing ? null : this.here;
  }

  /** Show a frame. While one seek runs only the newest wish is kept. */
  show(number) {
    this.target = Math.max(0, Math.min(this.last, number));
    this.tries = 0;
    this.resting = false;
    this.lost = false;
    if (this.going === null) this.#seek();
    this.#say("frame");
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
    if (this.going === null) this.target = null;
    this.resting = false;
    this.lost = false;
    this.video.play().catch(() => {
      this.#say("state");
      this.#soon(0);
    });
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
    clearTimeout(this.timer);
    this.going = this.target;
    this.painted = false;
    this.video.currentTime = this.frames.placeIn(this.target, PLACES[this.tries % PLACES.length]);
  }

  #arrived() {
    if (this.going === null) return;
    const moved = this.going !== this.target;
    this.going = null;
    if (moved) {
      this.#seek();
      return;
    }
    if (!this.#tells) this.#seen(this.frames.at(this.video.currentTime));
    if (this.painted && this.frame === this.target && !this.playing) this.#rest();
    else this.#soon(this.#fellShort() ? PAUSE : Math.min(LONGEST, PATIENCE * 2 ** this.tries));
  }

  /** Of footage whose pictures begin late Chromium first thinks that it is shorter than it is, and
   * cuts a seek to what it takes for the end; having read on it knows better. */
  #fellShort() {
    return this.target !== null && this.frames.at(this.video.currentTime) < this.target;
  }

  #soon(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#check(), milliseconds);
  }

  /** Is the frame that was asked for on the screen? */
  #check() {
    if (this.going !== null || document.hidden) return;
    const again = this.tries < TRIES;
    if (this.playing && !(again && this.#fellShort())) {
      this.target = null;
      return;
    }
    this.target ??= this.frame;
    if (this.frame !== this.target && again) {
      this.tries += 1;
      this.#seek();
      return;
    }
    this.lost = this.frame !== this.target;
    this.#rest();
  }

  #rest() {
    clearTimeout(this.timer);
    this.resting = true;
    this.#say("frame");
    this.#say("rest");
  }

  get #tells() {
    return "requestVideoFrameCallback" in this.video;
  }

  #watch() {
    if (!this.#tells) {
      this.video.addEventListener("timeupdate", () => this.#seen(this.frames.at(this.video.currentTime)));
      return;
    }
    const seen = (_, { mediaTime }) => {
      this.#seen(this.frames.at(mediaTime + SLACK));
      this.video.requestVideoFrameCallback(seen);
    };
    this.video.requestVideoFrameCallback(seen);
  }

  /** A frame has come to the screen, asked for or not. */
  #seen(frame) {
    this.frame = frame;
    this.painted = true;
    if (this.going === null && !this.playing) this.#compare();
    this.#say("frame");
  }

  #compare() {
    if (this.target === null) {
      this.#soon(PATIENCE); // the last pictures of what played
    } else if (this.frame === this.target) {
      this.lost = false;
      this.#rest();
    } else if (this.resting && !this.lost) {
      this.resting = false;
      this.#soon(PATIENCE); // a picture from the way came after the right one
    }
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
      if (this.going === null) this.show(this.frames.atOffset(offset));
      if (offset <= 0) this.#rewind(0);
    }, 66);
  }

  #say(name) {
    this.dispatchEvent(new Event(name));
  }
}
