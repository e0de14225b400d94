// Clocks and offsets as people quote them. Digits are cut, not rounded: a clock never shows a
// hundredth that has not begun.

const two = (number) => String(number).padStart(2, "0");

/** Whole hundredths; the hair's breadth keeps 30.2 s from becoming 30.19. */
const hundredths = (seconds) => Math.floor(seconds * 100 + 1e-4);

/** Wall clock in UTC, `22:41:37.20`. */
export function wall(startedAt, offset, { fine = true } = {}) {
  const whole = Math.floor(startedAt / 10) + hundredths(offset + (startedAt % 10) / 1000);
  const seconds = Math.floor(whole / 100);
  const clock = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return fine ? `${clock}.${two(whole % 100)}` : clock;
}

/** Time since the first frame, `0:30.20`. */
export function since(offset) {
  const whole = hundredths(offset);
  const minutes = Math.floor(whole / 6000);
  const rest = `${two(Math.floor(whole / 100) % 60)}.${two(whole % 100)}`;
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
