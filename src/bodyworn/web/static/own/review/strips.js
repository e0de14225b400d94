// Picture strip and sound strip, made ready to be asked by time (seconds from the first frame).

/** The strip's image and which of its cells to show when. `zero` is the first frame's own time. */
export async function loadStrip(address, recipe, zero) {
  const image = new Image();
  image.crossOrigin = "anonymous";
  image.src = address;
  await image.decode();
  const times = recipe.times_ms.map((ms) => ms / 1000 - zero);
  return {
    image,
    width: recipe.cell_width,
    height: recipe.cell_height,
    /** Number of the last cell that was shown at or before a time. */
    at(offset) {
      let low = 0;
      let high = times.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (times[middle] <= offset) low = middle;
        else high = middle - 1;
      }
      return low;
    },
  };
}

/** Loudness from 0 to 1; null where the file has no sound at all. */
export async function loadSound(address, zero) {
  const told = await (await fetch(address)).json();
  if (!told.has_sound || !told.bars.length) return null;
  const seconds = told.duration_ms / 1000 / told.bars.length;
  return {
    silent: told.silent_ms_at_start / 1000 - zero,
    /** The loudest bar that touches a stretch; null outside of the recording. */
    loudest(from, to) {
      const first = Math.floor((from + zero) / seconds);
      const last = Math.max(first, Math.ceil((to + zero) / seconds) - 1);
      if (last < 0 || first >= told.bars.length || from < -1e-9) return null;
      return Math.max(...told.bars.slice(Math.max(0, first), last + 1)) / 255;
    },
  };
}
