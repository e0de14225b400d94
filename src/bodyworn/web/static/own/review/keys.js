// The keyboard. Nothing is taken from somebody who types, and nothing from the browser's own keys.

const TYPES = /^(INPUT|TEXTAREA|SELECT)$/;
const PRESSES = /^(BUTTON|A|SUMMARY)$/; // these know what Space and Enter mean

const OFF = "keys-off";

/** Whoever steers by voice or hits keys by accident can do without them (WCAG 2.1.4). */
export const keysAreOff = () => localStorage.getItem(OFF) === "1";

/** What people are told, in two columns. */
const TOLD = [
  [
    ["Space K", "Play, pause"],
    [", .", "One frame back, on"],
    ["Shift , .", "To the keyframe before, after"],
    ["← →", "1 second; with Shift 10"],
    ["J L", "Backwards, forwards; again: faster"],
    ["Home End", "First frame, last frame"],
  ],
  [
    ["M", "Marker here"],
    ["[ ]", "Marker before, after"],
    ["+ −", "Zoom in, out"],
    ["1 2 3", "Custody, Markers, Details"],
    ["/", "Find recordings"],
    ["?", "This list"],
  ],
];

const made = (name, properties, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

/** The list of keys; it is made when somebody asks for it first. */
function helpDialog() {
  const lists = TOLD.map((column) => {
    const rows = column.map(([keys, words]) => {
      const caps = keys.split(" ").flatMap((key) => [made("kbd", { textContent: key }), " "]);
      return made("div", {}, made("dt", {}, ...caps), made("dd", { textContent: words }));
    });
    return made("dl", {}, ...rows);
  });
  const off = made("input", { type: "checkbox", checked: keysAreOff() });
  off.addEventListener("change", () => localStorage.setItem(OFF, off.checked ? "1" : ""));
  const choice = made("label", { className: "keys-off" }, off, " Switch single letters and signs off");
  const close = made("button", { className: "govuk-button govuk-button--secondary", textContent: "Close" });
  const help = made(
    "dialog",
    { className: "keys", ariaLabel: "Keys" },
    made("h2", { textContent: "Keys" }),
    made("div", { className: "keys-two" }, ...lists),
    choice,
    made("form", { method: "dialog" }, close),
  );
  help.addEventListener("click", (event) => {
    if (event.target === help) help.close();
  });
  document.querySelector("main").append(help);
  return help;
}

let help = null;

/** Show the list of keys. */
export function showKeys() {
  help ??= helpDialog();
  help.showModal();
}

/** Call `actions[name]` for keys. */
export function listen(actions) {
  const table = {
    ",": () => actions.step(-1),
    ".": () => actions.step(1),
    "<": () => actions.key(-1),
    ">": () => actions.key(1),
    " ": () => actions.toggle(),
    k: () => actions.toggle(),
    j: () => actions.shuttle(-1),
    l: () => actions.shuttle(1),
    ArrowLeft: (event) => actions.skip(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => actions.skip(event.shiftKey ? 10 : 1),
    PageUp: () => actions.skip(10),
    PageDown: () => actions.skip(-10),
    Home: () => actions.first(),
    End: () => actions.last(),
    "[": () => actions.marker(-1),
    "]": () => actions.marker(1),
    m: () => actions.mark(),
    "+": () => actions.zoom(1),
    "=": () => actions.zoom(1),
    "-": () => actions.zoom(-1),
    1: () => actions.tab(0),
    2: () => actions.tab(1),
    3: () => actions.tab(2),
    "?": showKeys,
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help?.open) return;
    const target = event.target;
    if (target instanceof HTMLElement && (TYPES.test(target.tagName) || target.isContentEditable)) return;
    if (event.key === " " && PRESSES.test(target.tagName)) return;
    // Pages scroll by these keys; only on the timeline do they mean time.
    if (/^Page/.test(event.key) && target.getAttribute?.("role") !== "slider") return;
    const action = table[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || (event.key.length === 1 && event.key !== " " && keysAreOff())) return;
    event.preventDefault();
    action(event);
  });
}
