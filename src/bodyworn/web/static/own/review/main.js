// The review page: player, timeline, map, markers and keys, put together.

import { since, wall } from "./clock.js";
import { FrameTimes } from "./frames.js";
import { listen, showKeys } from "./keys.js";
import { Lanes } from "./lanes.js";
import { TrackMap } from "./map.js";
import { Player } from "./player.js";
import { loadSound, loadStrip } from "./strips.js";
import { choose } from "./tabs.js";
import { Timeline } from "./timeline.js";

const $ = (id) => document.getElementById(id);
const told = JSON.parse($("footage").textContent);

const NO_FRAMES = "The list of frames is not ready, so this is the browser's own player. Load the page again to step by frames.";

/** Frame times from the door, or a sentence: they are not made yet, or the footage stays closed. */
async function frameTimes() {
  if (!told.frames) return { why: NO_FRAMES };
  try {
    const answer = await fetch(told.frames);
    if (answer.ok) return { frames: new FrameTimes(await answer.json()) };
    return { why: (await reason(answer)) || NO_FRAMES };
  } catch {
    return { why: NO_FRAMES };
  }
}

/** Why the door does not open, in its own words (RFC 9457); nothing where it gives none. */
async function reason(answer) {
  const type = answer.headers.get("content-type") ?? "";
  if (!type.startsWith("application/problem+json")) return "";
  const { detail, hint } = await answer.json();
  return `${detail} ${hint}`;
}

/** A player tells only that it failed; the door is asked once more for what it says. */
async function whyNot(address) {
  try {
    const answer = await fetch(address, { headers: { range: "bytes=0-0" } });
    return answer.ok ? "" : await reason(answer);
  } catch {
    return "";
  }
}

/** A sentence above the picture, said once. */
function notice(text) {
  if (!text || [...document.querySelectorAll(".player-notice")].some((line) => line.textContent === text)) return;
  const line = document.createElement("p");
  line.className = "player-notice";
  line.setAttribute("role", "status");
  line.textContent = text;
  $("player").prepend(line);
}

function markersOnPage() {
  return [...document.querySelectorAll("#markers [data-marker]")].map((item, n) => ({
    number: n + 1,
    frame: Number(item.dataset.frame),
    ms: Number(item.dataset.ms),
    label: item.dataset.label,
  }));
}

async function start() {
  const video = $("video");
  video.addEventListener("error", async () =>
    notice((await whyNot(video.currentSrc)) || "The footage cannot be reached any more. Load the page again."));
  const { frames, why } = await frameTimes();
  if (!frames) {
    $("player").classList.add("is-plain");
    notice(why);
    return;
  }
  video.controls = false;
  const zero = frames.startOf(0);
  const footage = {
    startedAt: told.startedAt,
    duration: frames.duration,
    silent: told.silentMs / 1000,
    speed: told.track?.rows.filter((row) => row[4] !== null).map((row) => [row[0] / 1000, row[4] / 1000]),
  };
  const player = new Player(video, frames);
  const lanes = new Lanes($("canvas"), $("lanes").dataset.lanes.trim().split(" "), footage);
  const timeline = new Timeline($("timeline"), lanes, footage);
  const map = told.track && $("map") ? new TrackMap($("map"), told.track) : null;
  let markers = [];

  function showFrame() {
    const offset = player.offset;
    const clock = wall(told.startedAt, offset);
    $("clock").textContent = clock;
    $("offset").textContent = since(offset);
    $("frame").textContent = `frame ${player.frame}`;
    showAwaited();
    timeline.show(offset, `${clock}, frame ${player.frame}`);
    map?.show(offset * 1000);
  }

  /** Until the frame that was asked for is on the screen the page says so. */
  function showAwaited() {
    if (player.awaited === null) delete $("player").dataset.awaited;
    else $("player").dataset.awaited = player.awaited;
    $("other-frame").hidden = !player.lost;
    if (player.lost) $("other-frame").textContent = `This browser shows frame ${player.frame}, not frame ${player.here} that was asked for.`;
  }

  /** A reload comes back to this frame, and the address can be passed on. */
  function showPlace() {
    if (!player.resting || (player.frame === 0 && !location.hash)) return;
    $("said").textContent = timeline.scrub.getAttribute("aria-valuetext");
    history.replaceState(null, "", `#f=${player.frame}`);
  }

  // Browsers refuse an address that changes with every key.
  let placing = null;
  function placeSoon() {
    clearTimeout(placing);
    placing = setTimeout(showPlace, 500);
  }

  function showState() {
    const moving = player.playing || player.rewinding > 0;
    $("play").classList.toggle("is-playing", moving);
    $("play-word").textContent = moving ? "Pause" : "Play";
    const rate = String(video.playbackRate);
    if ([...$("speed").options].some((option) => option.value === rate)) $("speed").value = rate;
  }

  function readMarkers() {
    markers = markersOnPage();
    timeline.mark(markers);
    map?.mark(markers);
    $("marker-count").textContent = markers.length || "";
    for (const element of document.querySelectorAll("[data-clock-ms]")) {
      element.textContent = `${wall(told.startedAt, Number(element.dataset.clockMs) / 1000)} ·`;
    }
  }

  function toMarker(direction) {
    const here = player.here;
    const ahead = markers.filter((marker) => (direction > 0 ? marker.frame > here : marker.frame < here));
    const next = direction > 0 ? ahead[0] : ahead.at(-1);
    if (next) player.show(next.frame);
  }

  const form = $("mark-form");
  let marking = false; // the frame of the marker is on its way to the screen
  function fillMark() {
    form.elements.frame.value = player.frame;
    form.elements.at_ms.value = Math.round(player.offset * 1000);
    $("mark-at").textContent = `${wall(told.startedAt, player.offset)}, frame ${player.frame}`;
  }
  function openMark() {
    if (!form) return;
    player.halt();
    marking = !player.resting;
    fillMark();
    form.hidden = false;
    $("mark-label").focus();
  }
  function closeMark() {
    marking = false;
    form.hidden = true;
    form.elements.label.value = "";
    $("scrub").focus({ preventScroll: true });
  }

  const actions = {
    step: (frames) => player.step(frames),
    key: (direction) => player.show(frames.keyFrom(player.here, direction)),
    toggle: () => player.toggle(),
    shuttle: (direction) => player.shuttle(direction),
    skip: (seconds) => player.skip(seconds),
    first: () => player.show(0),
    last: () => player.show(player.last),
    marker: toMarker,
    mark: openMark,
    zoom: (direction) => timeline.zoomStep(direction),
    tab: (number) => choose(document.querySelectorAll(".tab-list [role=tab]")[number]),
  };

  player.addEventListener("frame", showFrame);
  player.addEventListener("state", showState);
  player.addEventListener("rest", () => {
    if (marking) fillMark();
    marking = false;
    placeSoon();
  });
  timeline.addEventListener("seek", ({ detail }) => player.show(frames.atOffset(detail)));
  timeline.addEventListener("pick", ({ detail }) => player.show(detail));
  video.addEventListener("click", () => player.toggle());
  const presses = { back: () => player.step(-1), forward: () => player.step(1), play: () => player.toggle(),
    "key-back": () => actions.key(-1), "key-forward": () => actions.key(1), mark: openMark, help: showKeys,
    "mark-cancel": closeMark, link: copyLink };
  for (const [id, press] of Object.entries(presses)) $(id)?.addEventListener("click", press);
  $("speed").addEventListener("change", (event) => (video.playbackRate = Number(event.target.value)));
  listen(actions);

  async function copyLink() {
    const address = `${location.origin}${location.pathname}#f=${player.frame}`;
    history.replaceState(null, "", `#f=${player.frame}`);
    try {
      await navigator.clipboard.writeText(address);
      $("said").textContent = "Link to this frame copied.";
      flash($("link"));
    } catch {
      prompt("Link to this frame", address);
    }
  }

  form?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMark();
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt === form && detail.successful) closeMark();
    if (detail.elt.id === "still-form" && detail.successful) saveStill();
  });
  document.addEventListener("htmx:afterSettle", readMarkers);

  // A still is drawn when it is asked for and saved once the record has it.
  let picture = null;
  const takeStill = () => $("still-form").requestSubmit();
  $("still-form")?.addEventListener("submit", (event) => {
    const still = event.currentTarget;
    player.halt();
    if (!player.resting) {
      // A still is of a picture that stands, under its own number.
      event.preventDefault();
      event.stopImmediatePropagation();
      player.addEventListener("rest", takeStill, { once: true });
      return;
    }
    picture = { frame: player.frame, canvas: drawn(video) };
    still.elements.frame.value = player.frame;
  }, { capture: true });
  function saveStill() {
    const { frame, canvas } = picture;
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${told.reference}_frame-${frame}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }, "image/png");
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".marker-go");
    if (!link) return;
    event.preventDefault();
    player.show(Number(link.hash.slice(3)));
  });

  readMarkers();
  showFrame();
  goToAddress(player, frames);
  $("player").dataset.ready = "";
  window.addEventListener("hashchange", () => goToAddress(player, frames));

  if (told.strip) loadStrip(told.strip, told.cells, zero).then((strip) => { footage.strip = strip; timeline.redraw(); });
  if (told.sound) {
    loadSound(told.sound, zero).then((sound) => {
      footage.sound = sound;
      // The file's own silence may reach beyond the buffer that the camera names, or be all there is.
      if (sound && !footage.silent) footage.silent = sound.silent > 1 ? sound.silent : 0;
      timeline.redraw();
    });
  }
}

/** `#f=337` is a frame, `?t=22.47` seconds from the first one, cut to hundredths as shown. */
function goToAddress(player, frames) {
  const frame = /^#f=(\d+)$/.exec(location.hash);
  const seconds = new URLSearchParams(location.search).get("t");
  if (frame) player.show(Number(frame[1]));
  else if (seconds && player.frame === 0) player.show(frames.atOffset(Number(seconds) + 0.009));
}

function drawn(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas;
}

function flash(button) {
  button.classList.add("is-done");
  setTimeout(() => button.classList.remove("is-done"), 900);
}

start();
